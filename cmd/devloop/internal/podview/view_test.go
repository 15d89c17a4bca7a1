package podview

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/translate"
	"github.com/devloop-cli/devloop/internal/golden"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
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
	must.Do(t, Status(&out, rows, now, true, english))
	golden.Compare(t, "testdata/status-wide.golden", out.String())
	out.Reset()
	must.Do(t, Status(&out, rows, now, false, english))
	golden.Compare(t, "testdata/status.golden", out.String())
	for line := range strings.Lines(out.String()) {
		if len(line) > width+1 {
			t.Errorf("wider than %d: %q", width, line)
		}
	}
	out.Reset()
	must.Do(t, Status(&out, rows, now, false, translate.To("ko")))
	golden.Compare(t, "testdata/status.ko.golden", out.String())
	rows[0].Debugger = true
	rows[1].Namespace = "team"
	out.Reset()
	must.Do(t, Status(&out, rows, now, true, english))
	golden.Compare(t, "testdata/status-namespaces.golden", out.String())
	out.Reset()
	must.Do(t, Status(&out, []Row{RowOf(list[0], time.Time{}, nil)}, now, true, english))
	golden.Compare(t, "testdata/status-quiet.golden", out.String())
}

// TestStatusFits80Columns whatever the Pods are called: what is cut is below, or in the wide form.
func TestStatusFits80Columns(t *testing.T) {
	t.Parallel()
	long := inspect.PodState{Pod: kube.Pod{Namespace: "a-namespace-of-a-team-with-a-long-name",
		Name:  "spring-petclinic-customers-service-with-a-long-name-7d8f9c9b5d-x2x4z",
		Image: "localhost:5000/a-team/a-repository/with/a/path/that/is/longer/than/a/line/of/the/table:devloop-0123456789ab", Containers: []string{"app"}},
		Status: "CreateContainerConfigError", Restarts: 1234, Since: now.Add(-49 * time.Hour),
		Problem: `the Secret "` + strings.Repeat("x", 90) + `" is missing`}
	rows := []Row{RowOf(long, time.Time{}, nil), RowOf(states()[0], time.Time{}, nil)}
	for language, say := range map[string]func(string) string{"en": english, "ko": translate.To("ko")} {
		var out strings.Builder
		must.Do(t, Status(&out, rows, now, false, say))
		for line := range strings.Lines(out.String()) {
			if got := cells.Width(strings.TrimSuffix(line, "\n")); got > width {
				t.Errorf("%s: %d columns: %q", language, got, line)
			}
		}
		if !strings.Contains(out.String(), "\n   "+long.Name+"\n") || !strings.Contains(out.String(), "x2x4z   0/1") {
			t.Errorf("%s: the name cannot be read:\n%s", language, &out)
		}
		golden.Compare(t, "testdata/status-long."+language+".golden", out.String())
	}
}

// TestDescribe draws recorded Pods: a healthy one, one that waits, one that crashed, with all that a Pod can have.
func TestDescribe(t *testing.T) {
	for _, name := range []string{"healthy", "crash"} {
		text := testfile.Read(t, "testdata/"+name+".yaml")
		var recorded struct {
			Pod    corev1.Pod
			Events []corev1.Event
			State  inspect.PodState
			Why    string
		}
		must.Do(t, yaml.UnmarshalStrict(text, &recorded))
		i := inspect.Inspection{PodState: recorded.State, Object: &recorded.Pod, Events: recorded.Events}
		i.Since = recorded.Pod.CreationTimestamp.Time
		if recorded.Why != "" {
			i.Why = &podstatus.NotReadyError{Pod: i.Pod, Why: recorded.Why}
		}
		var out strings.Builder
		must.Do(t, Describe(&out, i, RowOf(i.PodState, time.Time{}, nil), now, english))
		golden.Compare(t, "testdata/"+name+".golden", out.String())
		out.Reset()
		must.Do(t, Describe(&out, i, RowOf(i.PodState, time.Time{}, nil), now, translate.To("ko")))
		golden.Compare(t, "testdata/"+name+".ko.golden", out.String())
		document := must.Get(yaml.Marshal(DescriptionOf(i, RowOf(i.PodState, time.Time{}, nil))))(t)
		golden.Compare(t, "testdata/"+name+".document.golden", string(document))
	}
}
