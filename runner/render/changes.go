package render

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// Changes says, in a line each, how objects in the cluster differ from the manifest's, apart from devloop's own marks.
func (s Spec) Changes() []string {
	var lines []string
	after := s.Manifest.Objects()
	for i, before := range s.Manifest.Objects() {
		patch(after[i], after, s)
		lines = append(lines, s.changes(before, after[i])...)
	}
	return lines
}

// changeList collects the changes of one object.
type changeList struct {
	object kube.Ref
	lines  []string
}

func (l *changeList) add(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf("%s: ", l.object)+fmt.Sprintf(format, args...))
}

// compare adds a field that has another value than before.
func (l *changeList) compare(field string, old, now any) {
	switch {
	case now == nil || old == now:
	case old == nil:
		l.add("%s %v, was not given", field, now)
	default:
		l.add("%s %v, was %v", field, now, old)
	}
}

func (s Spec) changes(before, after *unstructured.Unstructured) []string {
	spec, patched := manifest.PodSpec(before), manifest.PodSpec(after)
	if spec == nil {
		return nil
	}
	l := &changeList{object: kube.RefOf(before)}
	old := manifest.ContainersOf(before)
	for i, c := range manifest.ContainersOf(after) {
		l.container(old[i], c)
	}
	if s.Debug.JVMOptions != "" {
		l.add("the JVM also gets %s", s.Debug.JVMOptions)
	}
	if more := len(list(patched["volumes"])) - len(list(spec["volumes"])); more > 0 {
		l.add("volumes for changes while it runs, at %s", strings.Join(s.Volumes, ", "))
	}
	l.scale(before, after)
	l.compare("terminationGracePeriodSeconds", spec["terminationGracePeriodSeconds"],
		patched["terminationGracePeriodSeconds"])
	return l.lines
}

func (l *changeList) container(old, now manifest.Fields) {
	for _, field := range []string{"image", "imagePullPolicy"} {
		l.compare(field, old[field], now[field])
	}
	for _, name := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
		before, _ := old[name].(map[string]any)
		after, _ := now[name].(map[string]any)
		if before != nil && after == nil {
			l.add("no %s, because a debugger may stop the application", name)
		}
		for _, field := range []string{"initialDelaySeconds", "periodSeconds", "failureThreshold", "timeoutSeconds"} {
			l.compare(name+"."+field, before[field], after[field])
		}
	}
}
