package runner

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/runner/internal/pause"
)

// probePause is how long a port that did not accept a connection is left alone.
// Nothing tells when an application begins to listen, so it must be asked again.
const probePause = 50 * time.Millisecond

// greeting is what a port is asked, to learn whether anybody listens. That the way
// to a Pod stands does not say so: the node connects to the application later, and
// says nothing when it succeeded. So the first byte of an answer is the proof, or a
// connection that ends without a complaint of the node. `OPTIONS *` is HTTP's own
// ping (RFC 9110, 9.3.7): servers answer it without calling the application, and
// servers of other protocols with an error of theirs.
const greeting = "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

// answers waits until a port of the Pod accepts connections. failed is told of each
// attempt that failed; spoke says whether the port answered the greeting with anything.
func (r *Runner) answers(ctx context.Context, p Pod, port int, failed func(error)) (spoke bool, err error) {
	var t *tunnel
	defer func() {
		if t != nil {
			t.close()
		}
	}()
	for {
		spoke, err := r.knock(ctx, &t, p, port)
		if err == nil {
			return spoke, nil
		}
		failed(err)
		if !pause.For(ctx, probePause) {
			return false, context.Cause(ctx)
		}
	}
}

// knock asks the port once, through t, which it opens where need be. spoke says whether it answered
// with anything.
func (r *Runner) knock(ctx context.Context, t **tunnel, p Pod, port int) (spoke bool, err error) {
	if *t == nil || !(*t).alive() {
		connection, err := r.dial(ctx, p)
		if err != nil {
			return false, err
		}
		*t = &tunnel{connection: connection}
	}
	s, err := (*t).open(port)
	if err != nil {
		(*t).close()
		return false, err
	}
	stop := context.AfterFunc(ctx, (*t).close)
	defer stop()
	return s.greet()
}

// greet sends the greeting and says whether anybody was there to hear it, and answered. Closing
// its side after that makes the node end the connection to a silent application,
// within a second, so that the answer is never open.
func (s *streams) greet() (spoke bool, err error) {
	if _, err := io.WriteString(s.data, greeting); err != nil {
		return false, errors.Join(err, s.end())
	}
	_ = s.data.Close()
	n, err := s.data.Read(make([]byte, 1))
	if n > 0 {
		_ = s.end()
		return true, nil
	}
	if verdict := s.end(); verdict != nil {
		if hungUp(verdict) {
			return false, nil
		}
		return false, verdict
	}
	if !s.tunnel.alive() {
		return false, errLost
	}
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return false, err
}

// hungUp says whether the node's word of a conversation is that the application ended it: it had
// accepted the connection, and what it heard was not its protocol.
func hungUp(verdict error) bool {
	text := strings.ToLower(verdict.Error())
	return strings.Contains(text, "connection reset by peer") || strings.Contains(text, "broken pipe")
}
