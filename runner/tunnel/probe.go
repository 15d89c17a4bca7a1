package tunnel

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/kube"
)

// probePause is the time between two probes of a port. Nothing tells when an application begins to listen.
const probePause = 50 * time.Millisecond

// probeRequest is what a probe sends to the project's application. The tunnel does not tell that the node
// has connected, so the proof is the first byte of a response, or an end without a complaint of the
// node. `OPTIONS *` is HTTP's own ping (RFC 9110, 9.3.7): servers answer it without calling the
// application. Foreign ports get no byte: Redis, for one, takes HTTP for an attack.
const probeRequest = "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

// Prober asks ports of a Pod whether they accept connections.
type Prober struct {
	Dial   Dialer
	Pod    kube.Pod
	tunnel Tunnel
}

// Close closes the prober's tunnel.
func (p *Prober) Close() {
	if p.tunnel != nil {
		p.tunnel.Close()
	}
}

// Wait waits until a port accepts connections; see [Prober.Ask].
func (p *Prober) Wait(ctx context.Context, port int) (spoke bool, err error) {
	for {
		spoke, err := p.Ask(ctx, port)
		if err == nil {
			return spoke, nil
		}
		if !pause.For(ctx, probePause) {
			return false, context.Cause(ctx)
		}
	}
}

// Ask asks a port once. spoke says whether it responded with anything, or is a foreign one and accepted the connection.
// A debugger's port is not asked, and counts as open: its JVM would complain about the connection in the application's
// log.
func (p *Prober) Ask(ctx context.Context, port int) (spoke bool, err error) {
	if slices.Contains(p.Pod.Debug, port) {
		return false, nil
	}
	if p.tunnel == nil || !p.tunnel.Alive() {
		if p.tunnel, err = p.Dial(ctx, p.Pod); err != nil {
			p.tunnel = nil
			return false, err
		}
	}
	s, err := p.tunnel.Open(port)
	if err != nil {
		p.tunnel.Close()
		return false, err
	}
	defer context.AfterFunc(ctx, p.tunnel.Close)()
	if slices.Contains(p.Pod.Foreign, port) {
		_, err := p.ask(s, "")
		return err == nil, err
	}
	return p.ask(s, probeRequest)
}

// ask closes its side after the request: the node then ends the connection to a silent application, within a second.
func (p *Prober) ask(s Stream, request string) (spoke bool, err error) {
	if request != "" {
		if _, err := io.WriteString(s, request); err != nil {
			return false, errors.Join(err, s.End())
		}
	}
	_ = s.CloseWrite()
	n, err := s.Read(make([]byte, 1))
	refusal := s.End()
	switch {
	case n > 0:
		return true, nil
	case refusal != nil && isHangUp(refusal):
		return false, nil
	case refusal != nil:
		return false, refusal
	case !p.tunnel.Alive():
		return false, ErrLost
	case errors.Is(err, io.EOF):
		return false, nil
	default:
		return false, err
	}
}

// isHangUp says whether the application accepted the connection and closed it: the request was not of its protocol.
func isHangUp(end error) bool {
	text := strings.ToLower(end.Error())
	return strings.Contains(text, "connection reset by peer") || strings.Contains(text, "broken pipe")
}
