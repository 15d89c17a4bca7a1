package pods

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podlogs"
)

func TestLinesOfLogs(t *testing.T) {
	t.Parallel()
	one, two := kube.Pod{Name: "web", Containers: []string{"app"}},
		kube.Pod{Name: "worker", Containers: []string{"app", "proxy"}}
	write := func(p *logPrinter) {
		for i, pod := range []kube.Pod{one, two} {
			for _, container := range pod.Containers {
				print := p.line(i, pod, container)
				print("2026-01-01T10:00:00Z GET /health")
				print("2026-01-01T10:00:01Z GET /cart")
			}
		}
	}
	for name, c := range map[string]struct {
		printer *logPrinter
		want    string
	}{
		"several Pods": {&logPrinter{width: 6, no: regexp.MustCompile("health")},
			"web    | 2026-01-01T10:00:01Z GET /cart\nworker | [app] 2026-01-01T10:00:01Z GET /cart\nworker | [proxy] 2026-01-01T10:00:01Z GET /cart\n"},
		"a filter is about the line, not about its time": {&logPrinter{stamped: true, only: regexp.MustCompile("^GET /(cart|none)")},
			"2026-01-01T10:00:01Z GET /cart\n[app] 2026-01-01T10:00:01Z GET /cart\n[proxy] 2026-01-01T10:00:01Z GET /cart\n"},
		"JSON": {&logPrinter{stamped: true, json: true, no: regexp.MustCompile("cart")},
			`{"pod":"web","container":"app","time":"2026-01-01T10:00:00Z","line":"GET /health"}` + "\n" +
				`{"pod":"worker","container":"app","time":"2026-01-01T10:00:00Z","line":"GET /health"}` + "\n" +
				`{"pod":"worker","container":"proxy","time":"2026-01-01T10:00:00Z","line":"GET /health"}` + "\n"},
	} {
		var out bytes.Buffer
		c.printer.streams = wiring.Streams{Out: &out}
		write(c.printer)
		if out.String() != c.want {
			t.Errorf("%s: got\n%s, want\n%s", name, &out, c.want)
		}
	}
}

func TestFollowedLogGoesOnWithTheNextPod(t *testing.T) {
	t.Parallel()
	old, next := kube.Pod{Name: "web", UID: "1"}, kube.Pod{Name: "web-b", UID: "2"}
	serving := make(chan kube.Pod, 2)
	serving <- old // WatchServing begins with the Pod itself
	serving <- next
	if got, there := after(t.Context(), old, serving, func() bool { return false }); !there || got.UID != next.UID {
		t.Errorf("got %+v, %v", got, there)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, there := after(ctx, next, serving, func() bool { return true }); there {
		t.Error("there is a Pod after the end")
	}
}

// TestFollowedLogWaitsAsLongAsAnotherPodMayCome has a build that takes a minute, and then a session that ends.
func TestFollowedLogWaitsAsLongAsAnotherPodMayCome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		old, next := kube.Pod{Name: "web", UID: "1"}, kube.Pod{Name: "web", UID: "2"}
		serving := make(chan kube.Pod)
		var ended atomic.Bool
		go func() {
			time.Sleep(time.Minute)
			serving <- next
			time.Sleep(time.Minute)
			ended.Store(true)
		}()
		expected := func() bool { return !ended.Load() }
		if got, there := after(t.Context(), old, serving, expected); !there || got.UID != next.UID {
			t.Errorf("got %+v, %v", got, there)
		}
		began := time.Now()
		if _, there := after(t.Context(), next, serving, expected); there || time.Since(began) < time.Minute ||
			time.Since(began) > time.Minute+2*successorTime {
			t.Errorf("it ends after %v, with a Pod: %v", time.Since(began), there)
		}
	})
}

// TestPreviousLogOfTheContainerThatCrashed has a sidecar beside it that never ended.
func TestPreviousLogOfTheContainerThatCrashed(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.FormValue("container") == "app" && q.FormValue("previous") == "true" {
			_, _ = io.WriteString(w, "out of memory\n")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"BadRequest","code":400,"message":"previous terminated container \"proxy\" in pod \"web\" not found"}`)
	}))
	defer api.Close()
	client := must.Get(cluster.New(&rest.Config{Host: api.URL}, "test", "default"))(t)
	for _, c := range []struct {
		containers []string
		want, code string
	}{{[]string{"proxy", "app"}, "[app] out of memory\n", ""}, {[]string{"proxy"}, "", "log.none"}} {
		var out bytes.Buffer
		p := &logPrinter{streams: wiring.Streams{Out: &out}}
		err := p.containers(t.Context(), &runner.Runner{Client: client}, 0,
			kube.Pod{Namespace: "default", Name: "web", Containers: c.containers}, podlogs.Options{Previous: true})
		if out.String() != c.want || fault.Of(err).Code != c.code {
			t.Errorf("%q: got %q, %v", c.containers, &out, err)
		}
	}
}
