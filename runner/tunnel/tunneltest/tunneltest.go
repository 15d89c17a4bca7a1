// Package tunneltest has tunnels that end in the test itself: no cluster, no network.
//
//	node := &tunneltest.Node{Serve: func(port int, data io.ReadWriter) error { … }}
//	port, err := localport.Listen(ctx, node.Dial, localport.Options{})
package tunneltest

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// Node stands for a node and the Pods on it.
type Node struct {
	// Serve is the application: it is called for each conversation, and its error is the node's complaint.
	Serve func(port int, data io.ReadWriter) error
	// Dials counts the tunnels that were opened.
	Dials atomic.Int32

	mu   sync.Mutex
	last *nodeTunnel
}

// Dial is a [tunnel.Dialer].
func (n *Node) Dial(context.Context, kube.Pod) (tunnel.Tunnel, error) {
	n.Dials.Add(1)
	t := &nodeTunnel{node: n, closed: make(chan struct{})}
	t.Close = sync.OnceFunc(func() { close(t.closed) })
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last = t
	return closer{t}, nil
}

// Break closes the tunnel that was opened last.
func (n *Node) Break() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last.Close()
}

type nodeTunnel struct {
	node   *Node
	closed chan struct{}
	Close  func()
}

type closer struct{ *nodeTunnel }

func (c closer) Close() { c.nodeTunnel.Close() }

func (t *nodeTunnel) Alive() bool {
	select {
	case <-t.closed:
		return false
	default:
		return true
	}
}

func (t *nodeTunnel) Open(port int) (tunnel.Stream, error) {
	if !t.Alive() {
		return nil, errors.New("open stream: the tunnel is closed")
	}
	toApp, fromClient := io.Pipe()
	toClient, fromApp := io.Pipe()
	s := &stream{PipeReader: toClient, PipeWriter: fromClient, tunnel: t, complaint: make(chan error, 1)}
	go func() {
		err := t.node.Serve(port, struct {
			io.Reader
			io.Writer
		}{toApp, fromApp})
		s.complaint <- err
		_ = fromApp.Close()
		_ = toApp.Close()
	}()
	go func() {
		<-t.closed
		_ = s.Reset()
	}()
	return s, nil
}

type stream struct {
	*io.PipeReader
	*io.PipeWriter
	tunnel    *nodeTunnel
	complaint chan error
}

func (s *stream) CloseWrite() error { return s.PipeWriter.Close() }

func (s *stream) Reset() error {
	return errors.Join(s.PipeReader.Close(), s.PipeWriter.Close())
}

// Close makes the embedded pipes' Close unambiguous.
func (s *stream) Close() error { return s.Reset() }

func (s *stream) End() error {
	_ = s.Reset()
	select {
	case err := <-s.complaint:
		return err
	case <-s.tunnel.closed:
		return tunnel.ErrLost
	}
}
