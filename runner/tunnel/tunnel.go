// Package tunnel is the way to a port of a Pod.
//
//	t, err := dial(ctx, pod)        // a Dialer, such as portforward's
//	s, err := t.Open(8080)          // one conversation with the port
//	io.WriteString(s, "hello\n")
//	err = s.End()                   // nil, or why the node could not carry it
//
// An open stream does not say that the application listens: the node connects to it later, and its refusal comes with
// the stream's end; see [IsRefused]. [Prober] asks whether a port accepts connections. A [Pool] keeps tunnels.
//
// The package knows no protocol. Package portforward speaks Kubernetes', and tunneltest replaces it in tests.
package tunnel

import (
	"context"
	"errors"
	"io"
	"strings"

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
	// End resets both directions and returns why the node could not carry the conversation, or nil. It is called once.
	End() error
}

// ErrLost says that the tunnel broke in the middle of a conversation.
var ErrLost = errors.New("the connection to the Pod was lost")

// IsRefused says whether a stream ended as nothing listens on its port, in the words of containerd, CRI-O and socat.
func IsRefused(end error) bool {
	return end != nil && strings.Contains(strings.ToLower(end.Error()), "connection refused")
}
