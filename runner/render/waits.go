package render

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/runner/manifest"
)

// The parts of the development patch, for [Spec.Keep].
const (
	PatchGrace  = "grace"  // Pods get 2 seconds to end instead of 30
	PatchProbes = "probes" // readiness and startup probes run every second, from the start, instead of every 10
)

// Patches are the parts of the development patch.
var Patches = []string{PatchGrace, PatchProbes}

// GraceSeconds is how long a replaced Pod may take to end, whatever its manifest says. An application
// that a shell started never sees the SIGTERM, and would take Kubernetes' 30 seconds at each save.
const GraceSeconds = 2

// shortenWaits shortens the waits of an object's Pods. An application may take as long to start as before: a startup
// probe that runs more often may also fail more often. Liveness probes stay, because they end applications.
func shortenWaits(o *unstructured.Unstructured, keep []string) {
	spec := manifest.PodSpec(o)
	if spec == nil {
		return
	}
	if !slices.Contains(keep, PatchGrace) && number(spec, "terminationGracePeriodSeconds",
		corev1.DefaultTerminationGracePeriodSeconds) > GraceSeconds {
		spec["terminationGracePeriodSeconds"] = int64(GraceSeconds)
	}
	if slices.Contains(keep, PatchProbes) {
		return
	}
	for _, c := range manifest.ContainersOf(o) {
		for _, name := range []string{"readinessProbe", "startupProbe"} {
			if probe, ok := c[name].(map[string]any); ok {
				probeEverySecond(probe)
			}
		}
	}
}

// probeEverySecond lets a probe run every second, from the start, and fail for as long as before. The defaults are
// those of https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe.
func probeEverySecond(probe map[string]any) {
	period, delay := number(probe, "periodSeconds", 10), number(probe, "initialDelaySeconds", 0)
	if period <= 1 && delay == 0 {
		return
	}
	probe["failureThreshold"] = number(probe, "failureThreshold", 3)*max(period, 1) + delay
	probe["periodSeconds"] = int64(1)
	if delay > 0 {
		probe["initialDelaySeconds"] = int64(0)
	}
}
