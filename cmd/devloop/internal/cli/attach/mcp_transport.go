package attach

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// pipes is stdin and stdout as a transport. The end of stdin counts once every request has its answer, as in
// `devloop mcp <requests`: the library would end the session at once, without the answers.
type pipes struct{ mcp.IOTransport }

func (p *pipes) Connect(ctx context.Context) (mcp.Connection, error) {
	c, err := p.IOTransport.Connect(ctx)
	return &pipeConnection{Connection: c, closed: make(chan struct{})}, err
}

type pipeConnection struct {
	mcp.Connection
	pending sync.WaitGroup // requests without an answer
	closed  chan struct{}
	close   sync.Once
}

func (c *pipeConnection) Read(ctx context.Context) (jsonrpc.Message, error) {
	message, err := c.Connection.Read(ctx)
	if request, is := message.(*jsonrpc.Request); is && err == nil && request.IsCall() {
		c.pending.Add(1)
	}
	if errors.Is(err, io.EOF) {
		answered := make(chan struct{})
		go func() { c.pending.Wait(); close(answered) }()
		select {
		case <-answered:
		case <-c.closed:
		case <-ctx.Done():
		}
	}
	return message, err
}

func (c *pipeConnection) Write(ctx context.Context, message jsonrpc.Message) error {
	err := c.Connection.Write(ctx, message)
	if _, is := message.(*jsonrpc.Response); is {
		c.pending.Done()
	}
	return err
}

func (c *pipeConnection) Close() error {
	c.close.Do(func() { close(c.closed) })
	return c.Connection.Close()
}

// unclosed is a writer that stays open.
type unclosed struct{ io.Writer }

// Close does nothing.
func (unclosed) Close() error { return nil }
