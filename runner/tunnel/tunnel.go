// Package tunnel is the way to a port of a Pod.
//
//	t, err := dial(ctx, pod)        // a Dialer, such as portforward's
//	s, err := t.Open(8080)          // one conversation with the port
//	io.WriteString(s, "hello\n")
//	err = s.End()                   // nil, or why the node could not carry it
//
// That a stream opens does not say that the application listens: the node connects to it
// later, and its refusal comes with the stream's end; see [IsRefused]. [Prober] asks whether a port
// accepts connections.
//
// The package knows no protocol. Package portforward speaks Kubernetes', and tunneltest
// replaces it in tests.
package tunnel

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Dialer opens a tunnel to a Pod. ctx bounds the dial alone.
type Dialer func(ctx context.Context, p kube.Pod) (Tunnel, error)

// Tunnel is a connection to the node of a Pod.
type Tunnel interface {
	// Open starts a conversation with a port of the Pod.
	Open(port int) (Stream, error)
	Alive() bool
	Close()
}

// Stream is one conversation with a port.
type Stream interface {
	io.ReadWriter
	// CloseWrite tells the application that no more will come.
	CloseWrite() error
	// Reset ends both directions.
	Reset() error
	// End resets both directions and returns why the node could not carry the conversation, nil if it
	// did. It is called once.
	End() error
}

// ErrLost says that the tunnel broke in the middle of a conversation.
var ErrLost = errors.New("the connection to the Pod was lost")

// IsRefused says whether a stream ended because nothing listens on its port. The texts are those of the
// Linux kernel through containerd, CRI-O and socat.
func IsRefused(end error) bool {
	return end != nil && strings.Contains(strings.ToLower(end.Error()), "connection refused")
}

// Connect opens a connection to a port of a Pod, on the Pod's loopback address. The end of
// ctx closes it.
func (dial Dialer) Connect(ctx context.Context, p kube.Pod, port int) (io.ReadWriteCloser, error) {
	t, err := dial(ctx, p)
	if err != nil {
		return nil, err
	}
	s, err := t.Open(port)
	if err != nil {
		t.Close()
		return nil, err
	}
	forget := context.AfterFunc(ctx, t.Close)
	return connection{s, sync.OnceValue(func() error {
		defer t.Close()
		forget()
		return s.End()
	})}, nil
}

// connection is a stream with a tunnel of its own.
type connection struct {
	Stream
	end func() error
}

// Read returns the node's complaint at the end, if it has one.
func (c connection) Read(p []byte) (int, error) {
	n, err := c.Stream.Read(p)
	if err != nil {
		if refusal := c.end(); refusal != nil {
			err = refusal
		}
	}
	return n, err
}

// Close ends the conversation and its tunnel.
func (c connection) Close() error {
	_ = c.end() // Read has told what there is to tell
	return nil
}
