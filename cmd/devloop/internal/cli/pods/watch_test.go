package pods

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/podview"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testscreen"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/inspect"
)

// apiServer is an API server with one Pod, which can go away and come back.
type apiServer struct {
	*testing.T
	*httptest.Server
	address string
}

func newAPIServer(t *testing.T) *apiServer {
	s := &apiServer{T: t, address: "127.0.0.1:0"}
	t.Cleanup(func() { s.Close() })
	return s
}

// serve starts at the address that it had before.
func (s *apiServer) serve(pod string) {
	s.Helper()
	listener := must.Get(net.Listen("tcp", s.address))(s)
	s.address = listener.Addr().String()
	s.Server = &httptest.Server{Listener: listener,
		Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(corev1.PodList{
				TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"},
				Items:    []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: pod}, Status: corev1.PodStatus{Phase: corev1.PodRunning}}},
			})
		})}}
	s.Start()
}

// watched watches the server until the test ends. What the real client gets goes to the streams.
func (s *apiServer) watched(streams wiring.Streams, asJSON bool) {
	s.Helper()
	client := must.Get(cluster.New(&rest.Config{Host: s.URL}, "kind-shop", "default"))(s)
	w := watcher{Streams: streams, cluster: client, json: asJSON, interval: 10 * time.Millisecond,
		patience: 500 * time.Millisecond,
		look: func(ctx context.Context) (rows []podview.Row, err error) {
			list, err := inspect.Viewer{Client: client}.List(ctx, inspect.Selection{})
			for _, p := range list {
				rows = append(rows, podview.RowOf(p, time.Time{}, nil))
			}
			return rows, err
		}}
	ctx, stop := context.WithCancel(s.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.watch(ctx) }()
	s.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			s.Errorf("Ctrl+C ends it with %v", err)
		}
	})
}

// TestWatchedStatusOutlivesAnOutage of the API server: a pipe gets the Pods before and after it, and stderr says what
// happened.
func TestWatchedStatusOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	for name, asJSON := range map[string]bool{"text": false, "JSON": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newAPIServer(t)
			api.serve("before")
			var out, problems testscreen.Screen
			api.watched(wiring.Streams{Out: &out, Err: &problems}, asJSON)
			out.Shows(t, "before")
			api.Close()
			problems.Shows(t, `cannot list the Pods, asking again every second: reach cluster "kind-shop"`)
			api.serve("after")
			out.Shows(t, "after")
			problems.Shows(t, "the cluster answers again")
			if n := strings.Count(out.String(), "before"); n != 1 {
				t.Errorf("the Pod is not shown once:\n%s", &out)
			}
		})
	}
}

// TestWatchedStatusRedrawsATerminal in place, with the outage above what was seen before it.
func TestWatchedStatusRedrawsATerminal(t *testing.T) {
	t.Parallel()
	master, terminal, err := pty.Open()
	if errors.Is(err, pty.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close(); _ = master.Close() })
	must.Do(t, pty.Setsize(terminal, &pty.Winsize{Rows: 24, Cols: 80}))
	var screen testscreen.Screen
	go func() { _, _ = io.Copy(&screen, master) }()
	api := newAPIServer(t)
	api.serve("before")
	api.watched(wiring.Streams{Out: terminal, Err: io.Discard}, false)
	screen.Shows(t, "before")
	screen.Shows(t, "\x1b[2A\r\x1b[J") // the heading and the Pod
	api.Close()
	screen.Shows(t, "cannot list the Pods")
	screen.Shows(t, "\x1b[4A\r\x1b[J") // and two rows of the outage
	api.serve("after")
	screen.Shows(t, "after")
}

func TestRowsOfATerminal(t *testing.T) {
	t.Parallel()
	text := "a\n12345\n123456\n\n"
	if got := rowsOf(text, 5); got != 5 {
		t.Errorf("got %d rows", got)
	}
	if got := firstRows(text, 5, 3); got != "a\n12345\n" {
		t.Errorf("got %q", got)
	}
}

// TestWatchedStatusFailsWithoutACluster: it has nothing to wait for.
func TestWatchedStatusFailsWithoutACluster(t *testing.T) {
	t.Parallel()
	api := newAPIServer(t)
	api.serve("web")
	api.Close()
	client := must.Get(cluster.New(&rest.Config{Host: api.URL}, "kind-shop", "default"))(t)
	w := watcher{Streams: wiring.Streams{Out: io.Discard, Err: io.Discard}, cluster: client, patience: 20 * time.Second,
		look: func(ctx context.Context) ([]podview.Row, error) {
			_, err := inspect.Viewer{Client: client}.List(ctx, inspect.Selection{})
			return nil, err
		}}
	if err := w.watch(t.Context()); err == nil {
		t.Error("it waits for a cluster that never answered")
	}
}
