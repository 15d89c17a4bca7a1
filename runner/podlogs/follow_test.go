package podlogs

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
)

var webPod = kube.Pod{Namespace: "default", Name: "web", UID: "uid-web", Containers: []string{"app"}}

func TestLogsResumeWhereTheyBrokeOff(t *testing.T) {
	a, c := fakeapi.New(t)
	a.Put("pods", fakeapi.ServingPod("web"))
	stamp := func(second int, text string) string {
		return fmt.Sprintf("2026-01-01T10:00:%02d.5Z %s\n", second, text)
	}
	a.Logs = []string{
		stamp(1, "one") + stamp(2, "two") + stamp(2, "two again") + "2026-01-01T10:00:03.5Z thr✂",
		stamp(2, "two") + stamp(2, "two again") + stamp(2, "and again") + stamp(3, "three") + "✂",
		stamp(3, "three"),
	}
	var out strings.Builder
	served := 0
	a.Fault = func(_ http.ResponseWriter, q *http.Request) bool {
		if strings.HasSuffix(q.URL.Path, "/log") {
			if served++; served == 3 {
				a.Drop("pods/default/web")
			}
		}
		return false
	}
	must.Do(t, follow(t.Context(), c, webPod, Options{Follow: true}, &out))
	if want := "one\ntwo\ntwo again\nand again\nthree\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// TestFollowedLogOutlivesAnOutage has the requests that a log is followed by fail twice: it goes on where
// it was, and ends with the Pod.
func TestFollowedLogOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	line := func(n int) string { return fmt.Sprintf("2026-01-01T10:00:%02d.5Z line %d\n", n, n) }
	var left atomic.Int32
	served := 0
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		switch {
		case strings.HasSuffix(q.URL.Path, "/log"):
			switch served++; served {
			case 1:
				left.Store(2) // with the end of this stream the outage begins
			case 2:
				a.Drop("pods/default/web")
			}
		case q.Method == http.MethodGet && q.URL.Query().Get("watch") == "" && left.Add(-1) >= 0:
			fakeapi.Refuse(w, http.StatusConflict, metav1.StatusReasonConflict, "the server is starting")
			return true
		}
		return false
	}
	a.Put("pods", fakeapi.ServingPod("web"))
	a.Logs = []string{line(1) + "✂", line(1) + line(2)}
	var out strings.Builder
	must.Do(t, follow(t.Context(), c, webPod, Options{Follow: true}, &out))
	if want := "line 1\nline 2\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestWriterThatFailsEndsTheLog(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	a.Put("pods", fakeapi.ServingPod("web"))
	a.Logs = []string{"2026-01-01T10:00:01.5Z one\n"}
	if err := follow(t.Context(), c, webPod, Options{Follow: true}, full{}); err == nil ||
		!strings.Contains(err.Error(), "no space") {
		t.Errorf("got %v", err)
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("no space left on device") }

// TestLogThatDoesNotExistIsExplained has the API server's answer for a container that has not started.
func TestLogThatDoesNotExistIsExplained(t *testing.T) {
	t.Parallel()
	a, c := fakeapi.New(t)
	a.Put("pods", fakeapi.ServingPod("web"))
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		fakeapi.Refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest,
			"container is waiting to start: ContainerCreating")
		return true
	}
	for previous, want := range map[bool]string{false: "has not started yet", true: "has not ended before"} {
		var out strings.Builder
		err := Read(t.Context(), c, webPod, Options{Previous: previous}, &out)
		if err == nil || fault.Of(err).Code != "log.none" || !strings.Contains(err.Error(), want) ||
			len(fault.Of(err).Hints) != 1 {
			t.Errorf("previous %v: got %v", previous, err)
		}
	}
}

// TestOptionsReachTheAPIServer reads the requests that options lead to, and the lines that are written.
func TestOptionsReachTheAPIServer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options Options
		query   string
		want    string
	}{
		"recent lines with times": {Options{Since: 90 * time.Second, Timestamps: true}, "sinceSeconds=90&timestamps=true", "2026-01-01T10:00:01.5Z one\n"},
		"followed with times":     {Options{Follow: true, Since: time.Millisecond, Timestamps: true}, "follow=true&sinceSeconds=1&timestamps=true", "2026-01-01T10:00:01.5Z one\n"},
		"followed":                {Options{Follow: true, Tail: new(int64(3))}, "follow=true&tailLines=3&timestamps=true", "one\n"},
	} {
		a, c := fakeapi.New(t)
		a.Put("pods", fakeapi.ServingPod("web"))
		a.Logs = []string{"2026-01-01T10:00:01.5Z one\n"}
		var query string
		a.Fault = func(_ http.ResponseWriter, q *http.Request) bool {
			if strings.HasSuffix(q.URL.Path, "/log") {
				values := q.URL.Query()
				values.Del("container")
				query = values.Encode()
				a.Drop("pods/default/web")
			}
			return false
		}
		var out strings.Builder
		if err := Read(t.Context(), c, webPod, test.options, &out); err != nil || out.String() != test.want ||
			query != test.query {
			t.Errorf("%s: got %q by %q, %v", name, &out, query, err)
		}
	}
}

// TestLogOfAContainerThatRunsOnceEnds, although its Pod goes on: an init container, and a helper of a Pod that
// restarts nothing.
func TestLogOfAContainerThatRunsOnceEnds(t *testing.T) {
	t.Parallel()
	for _, statuses := range []string{"initContainerStatuses", "containerStatuses"} {
		a, c := fakeapi.New(t)
		o := fakeapi.ServingPod("web")
		spec, status := o.Object["spec"].(map[string]any), o.Object["status"].(map[string]any)
		if statuses == "initContainerStatuses" {
			spec["initContainers"] = []any{map[string]any{"name": "migrate", "image": "shop"}}
		} else {
			spec["restartPolicy"] = "Never"
		}
		listed, _ := status[statuses].([]any)
		status[statuses] = append(listed, map[string]any{"name": "migrate",
			"state": map[string]any{"terminated": map[string]any{"exitCode": int64(0)}}})
		a.Put("pods", o)
		a.Logs = []string{"2026-01-01T10:00:01Z migrated\n", ""}
		pod := webPod
		pod.Containers = []string{"migrate"}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var out strings.Builder
		if err := follow(ctx, c, pod, Options{Follow: true}, &out); err != nil || out.String() != "migrated\n" {
			t.Errorf("%s: got %q, %v", statuses, out.String(), err)
		}
	}
}
