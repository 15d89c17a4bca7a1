package portforward

//lint:file-ignore SA1019 the API server of the tests speaks apimachinery's httpstream, as the package does

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

var web = kube.Pod{Namespace: "default", Name: "web"}

// TestConversationsAreCarried speaks SPDY with a server that knows no websockets.
func TestConversationsAreCarried(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	a.Forward = func(port int, data httpstream.Stream) error {
		if port != 8080 {
			t.Errorf("asked for port %d", port)
		}
		_, err := io.Copy(data, data)
		return err
	}
	end := must.Get(Dialer(c.Config)(t.Context(), web))(t)
	defer end.Close()
	for _, words := range []string{"hello", strings.Repeat("many words ", 20_000)} {
		// one after the other, through one tunnel
		s := must.Get(end.Open(8080))(t)
		go func() {
			_, _ = io.WriteString(s, words)
			_ = s.CloseWrite()
		}()
		if got, err := io.ReadAll(s); err != nil || string(got) != words {
			t.Errorf("got %d of %d bytes, %v", len(got), len(words), err)
		}
		if err := s.End(); err != nil {
			t.Errorf("the conversation ended with %v", err)
		}
	}
	if !end.Alive() {
		t.Error("a conversation that ended took the tunnel with it")
	}
}

func TestClosedTunnelOpensNothing(t *testing.T) {
	t.Parallel()
	_, c := fakeapi.New(t)
	end := must.Get(Dialer(c.Config)(t.Context(), web))(t)
	if !end.Alive() {
		t.Error("not alive at first")
	}
	end.Close()
	fakeapi.Eventually(t, "the tunnel is down", func() bool { return !end.Alive() })
	if _, err := end.Open(8080); err == nil {
		t.Error("a stream was opened")
	}
}

// TestDialEndsWithItsContext has a server that takes requests and answers none, or only the one for SPDY.
func TestDialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	newer := errors.New("a newer save")
	for name, answersWebsocket := range map[string]bool{"websocket": false, "SPDY": true} {
		for _, ends := range []string{"cancelled", "deadline"} {
			a, client := fakeapi.New(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			want := newer
			if ends == "deadline" {
				short, stop := context.WithTimeout(ctx, 50*time.Millisecond)
				defer stop()
				ctx, want = short, context.DeadlineExceeded
			}
			a.Fault = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodGet && answersWebsocket {
					fakeapi.Refuse(w, http.StatusForbidden, metav1.StatusReasonForbidden, "no websockets")
					return true
				}
				if ends == "cancelled" {
					cancel(newer)
				}
				select {
				case <-r.Context().Done():
				case <-t.Context().Done():
				}
				return true
			}
			began := time.Now()
			if _, err := Dialer(client.Config)(ctx, web); !errors.Is(err, want) || time.Since(began) > dialTimeout/2 {
				t.Errorf("%s, %s: got %v after %v", name, ends, err, time.Since(began))
			}
			cancel(nil)
		}
	}
}

// TestRefusedPortIsReportedEachTime asks often: the reset of a stream must not hide its reason.
func TestRefusedPortIsReportedEachTime(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	a.Forward = func(int, httpstream.Stream) error { return errors.New("connect: connection refused") }
	prober := tunnel.Prober{Dial: Dialer(c.Config), Pod: web}
	defer prober.Close()
	for i := range 300 {
		if _, err := prober.Ask(t.Context(), 8080); !tunnel.IsRefused(err) {
			t.Fatalf("request %d: got %v", i, err)
		}
	}
}

// TestPodThatIsGoneIsNotAskedTwice: only a server without websockets is asked for SPDY.
func TestPodThatIsGoneIsNotAskedTwice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code   int
		reason metav1.StatusReason
		want   int32
	}{
		"gone":          {http.StatusNotFound, metav1.StatusReasonNotFound, 1},
		"no websockets": {http.StatusForbidden, metav1.StatusReasonForbidden, 2},
	} {
		a, client := fakeapi.New(t)
		var asked atomic.Int32
		a.Fault = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/api/v1/namespaces/default/pods/web/portforward" {
				t.Errorf("asked for %s", r.URL.Path)
			}
			asked.Add(1)
			fakeapi.Refuse(w, c.code, c.reason, "no")
			return true
		}
		if _, err := Dialer(client.Config)(t.Context(), web); err == nil {
			t.Errorf("%s: no error", name)
		}
		if got := asked.Load(); got != c.want {
			t.Errorf("%s: asked %d times", name, got)
		}
	}
}

// deafConnection takes a new stream, and gives no answer.
type deafConnection struct {
	httpstream.Connection
	asked, ended chan struct{}
	closed       chan bool
}

func (c deafConnection) CreateStream(http.Header) (httpstream.Stream, error) {
	close(c.asked)
	<-c.ended
	return nil, errors.New("too late")
}

func (c deafConnection) CloseChan() <-chan bool { return c.closed }

func (c deafConnection) Close() error {
	close(c.closed)
	return nil
}

// TestOpenEndsWhenTheTunnelIsClosed although the other end never answers.
func TestOpenEndsWhenTheTunnelIsClosed(t *testing.T) {
	t.Parallel()
	deaf := deafConnection{asked: make(chan struct{}), ended: make(chan struct{}), closed: make(chan bool)}
	defer close(deaf.ended)
	end := &podTunnel{connection: deaf}
	go func() {
		<-deaf.asked
		end.Close()
	}()
	opened := make(chan error, 1)
	go func() {
		_, err := end.Open(8080)
		opened <- err
	}()
	select {
	case err := <-opened:
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits for the answer")
	}
}

// TestTunnelClosesWhereTheOtherEndHasStoppedReading writes until nothing takes more, as an upload does when the
// node hangs. The end of each stream is a message, which would wait for its turn.
func TestTunnelClosesWhereTheOtherEndHasStoppedReading(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	a.Forward = func(int, httpstream.Stream) error { <-over; return nil }
	end := must.Get(Dialer(c.Config)(t.Context(), web))(t)
	s := must.Get(end.Open(8080))(t)
	var written atomic.Int64
	go func() {
		for part := make([]byte, 1<<18); ; {
			n, err := s.Write(part)
			if written.Add(int64(n)); err != nil {
				return
			}
		}
	}()
	last, same := int64(0), 0
	fakeapi.Eventually(t, "no more is taken", func() bool {
		now := written.Load()
		if same++; now != last {
			last, same = now, 0
		}
		return now > 0 && same > 200
	})
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		end.Close()
		_ = s.End()
	}()
	select {
	case <-closed:
	case <-time.After(2 * endTimeout):
		t.Fatal("the tunnel still waits for the other end")
	}
}
