package podview

import (
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/translate"
	"github.com/devloop-cli/devloop/internal/golden"
	"github.com/devloop-cli/devloop/runner/inspect"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

var now = time.Date(2026, 1, 1, 10, 5, 0, 0, time.UTC)

func english(message string) string { return message }

// states are Pods as a list of the cluster has them.
func states() []inspect.PodState {
	return []inspect.PodState{
		{Pod: kube.Pod{Namespace: "default", Name: "spring-pod", Image: "spring-server:devloop-0123456789ab", Containers: []string{"app"}},
			Project: "spring-server", Directory: "/projects/spring-server", Status: "Running", Ready: 1, Since: now.Add(-200 * time.Second)},
		{Pod: kube.Pod{Namespace: "default", Name: "web", Image: "web", Containers: []string{"app", "proxy"}},
			Status: "CrashLoopBackOff", Ready: 1, Restarts: 12, Since: now.Add(-50 * time.Hour), Problem: "application ended"},
	}
}

func TestStatusTable(t *testing.T) {
	list := states()
	rows := []Row{
		RowOf(list[0], now.Add(-210*time.Second), []string{"http://localhost:8080", "http://localhost:5005"}),
		RowOf(list[1], time.Time{}, nil),
	}
	var out strings.Builder
	if err := Status(&out, rows, now, true, english); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/status-wide.golden", out.String())
	out.Reset()
	if err := Status(&out, rows, now, false, english); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/status.golden", out.String())
	for line := range strings.Lines(out.String()) {
		if len(line) > width+1 {
			t.Errorf("wider than %d: %q", width, line)
		}
	}
	out.Reset()
	if err := Status(&out, rows, now, false, translate.To("ko")); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/status.ko.golden", out.String())
	rows[0].Debugger = true
	rows[1].Namespace = "team"
	out.Reset()
	if err := Status(&out, rows, now, true, english); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/status-namespaces.golden", out.String())
	out.Reset()
	if err := Status(&out, []Row{RowOf(list[0], time.Time{}, nil)}, now, true, english); err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/status-quiet.golden", out.String())
}

// TestDescribe draws recorded Pods: a healthy one, one that waits, one that crashed,
// with all that a Pod can have.
func TestDescribe(t *testing.T) {
	for _, name := range []string{"healthy", "crash"} {
		text, err := os.ReadFile("testdata/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var recorded struct {
			Pod    corev1.Pod
			Events []corev1.Event
			State  inspect.PodState
			Why    string
		}
		if err := yaml.UnmarshalStrict(text, &recorded); err != nil {
			t.Fatal(err)
		}
		i := inspect.Inspection{PodState: recorded.State, Object: &recorded.Pod, Events: recorded.Events}
		i.Since = recorded.Pod.CreationTimestamp.Time
		if recorded.Why != "" {
			i.Why = &podstatus.NotReadyError{Pod: i.Pod, Why: recorded.Why}
		}
		var out strings.Builder
		if err := Describe(&out, i, RowOf(i.PodState, time.Time{}, nil), now, english); err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, "testdata/"+name+".golden", out.String())
		out.Reset()
		if err := Describe(&out, i, RowOf(i.PodState, time.Time{}, nil), now, translate.To("ko")); err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, "testdata/"+name+".ko.golden", out.String())
		document, err := yaml.Marshal(DescriptionOf(i, RowOf(i.PodState, time.Time{}, nil)))
		if err != nil {
			t.Fatal(err)
		}
		golden.Compare(t, "testdata/"+name+".document.golden", string(document))
	}
}
