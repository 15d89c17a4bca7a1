package deploy

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// The parts of the development patch, for [Spec.Keep].
const (
	PatchGrace  = "grace"  // a Pod gets 2 seconds to end, not 30
	PatchProbes = "probes" // readiness and startup are asked for each second, not each tenth
)

// Patches are the parts of the development patch, in the order of their telling.
var Patches = []string{PatchGrace, PatchProbes}

// develop shortens the waits of an object's Pods, on the copy that goes to the
// cluster. How long an application may take to start does not change: a startup
// probe that is asked more often may fail more often. Liveness probes stay as they
// are: they end applications.
func develop(o *unstructured.Unstructured, keep []string) {
	spec := manifest.PodSpec(o)
	if spec == nil {
		return
	}
	if !slices.Contains(keep, PatchGrace) && number(spec, "terminationGracePeriodSeconds", corev1.DefaultTerminationGracePeriodSeconds) > graceSeconds {
		spec["terminationGracePeriodSeconds"] = int64(graceSeconds)
	}
	if slices.Contains(keep, PatchProbes) {
		return
	}
	for _, c := range manifest.ContainersOf(o) {
		for _, name := range []string{"readinessProbe", "startupProbe"} {
			if probe, ok := c[name].(map[string]any); ok {
				hurry(probe)
			}
		}
	}
}

// hurry has a probe asked each second, and lets it fail for as long as before. The
// defaults are those of https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe.
func hurry(probe map[string]any) {
	period := number(probe, "periodSeconds", 10)
	if period <= 1 {
		return
	}
	probe["failureThreshold"] = number(probe, "failureThreshold", 3) * period
	probe["periodSeconds"] = int64(1)
}

// number returns a field, or what Kubernetes takes where it is not there.
func number(fields map[string]any, name string, standard int64) int64 {
	if n, ok := fields[name].(int64); ok {
		return n
	}
	return standard
}

func list(field any) []any {
	items, _ := field.([]any)
	return items
}

// Changes says, a line each, in what the objects that go to the cluster differ from
// those of the manifest, devloop's own marks aside.
func (s Spec) Changes() []string {
	var lines []string
	after := s.Manifest.Objects()
	for i, before := range s.Manifest.Objects() {
		setImage(after[i], s)
		keepChanges(after[i], s)
		develop(after[i], s.Keep)
		debug(after[i], s)
		lines = append(lines, s.changes(kube.RefOf(before), before, after[i])...)
	}
	return lines
}

func (s Spec) changes(o kube.Ref, before, after *unstructured.Unstructured) []string {
	var lines []string
	say := func(what string, old, now any) {
		if old == nil {
			lines = append(lines, fmt.Sprintf("%s: %s %v, was not given", o, what, now))
		} else if old != now {
			lines = append(lines, fmt.Sprintf("%s: %s %v, was %v", o, what, now, old))
		}
	}
	spec, patched := manifest.PodSpec(before), manifest.PodSpec(after)
	if spec == nil {
		return nil
	}
	old, changed := manifest.ContainersOf(before), manifest.ContainersOf(after)
	for i, c := range changed {
		for _, field := range []string{"image", "imagePullPolicy"} {
			if c[field] != nil {
				say(field, old[i][field], c[field])
			}
		}
		for _, name := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
			now, _ := c[name].(map[string]any)
			was, _ := old[i][name].(map[string]any)
			if was != nil && now == nil {
				lines = append(lines, fmt.Sprintf("%s: no %s, for a debugger may stop what it asks", o, name))
			}
			for _, field := range []string{"periodSeconds", "failureThreshold", "timeoutSeconds"} {
				if now[field] != nil {
					say(name+"."+field, was[field], now[field])
				}
			}
		}
	}
	if s.Debug.JVMOptions != "" {
		lines = append(lines, fmt.Sprintf("%s: the JVM is also told %s", o, s.Debug.JVMOptions))
	}
	if more := len(list(patched["volumes"])) - len(list(spec["volumes"])); more > 0 {
		lines = append(lines, fmt.Sprintf("%s: a volume for changes while it runs, at %s", o, s.ChangesDir))
	}
	if patched["terminationGracePeriodSeconds"] != nil {
		say("terminationGracePeriodSeconds", spec["terminationGracePeriodSeconds"], patched["terminationGracePeriodSeconds"])
	}
	return lines
}
