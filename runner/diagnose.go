package runner

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// verdict is why a Pod will not come to serve.
type verdict struct {
	code  string
	why   string
	hints []string
	// container is whose log may tell more, "" where no container ever ran;
	// previous asks for the log of its last run but one.
	container string
	previous  bool
}

// words are the verdicts' codes in a word or two, for a table.
var words = map[string]string{
	"pod.image":   "no image",
	"pod.crash":   "application ended",
	"pod.oom":     "out of memory",
	"pod.pending": "no node takes it",
	"pod.config":  "can't be set up",
	"pod.evicted": "thrown out",
	"pod.probe":   "probe fails",
}

func (v verdict) word() string { return words[v.code] }

// diagnose looks for a reason to stop waiting for a Pod. restarts is how many its
// containers had before; later ones mean that the application ended.
func diagnose(p *corev1.Pod, restarts int32) *verdict {
	if p.Status.Phase == corev1.PodFailed && p.Status.Reason != "" {
		return &verdict{code: "pod.evicted",
			why:   fmt.Sprintf("the node threw the Pod out (%s): %s", p.Status.Reason, p.Status.Message),
			hints: []string{"free disk space or memory on this machine, for example: docker system df"}}
	}
	for _, s := range p.Status.InitContainerStatuses {
		if v := diagnoseContainer(p, s, "the init container", 0); v != nil {
			return v
		}
	}
	for _, s := range p.Status.ContainerStatuses {
		if v := diagnoseContainer(p, s, "the application", restarts); v != nil {
			return v
		}
	}
	return nil
}

func diagnoseContainer(p *corev1.Pod, s corev1.ContainerStatus, what string, restarts int32) *verdict {
	if w := s.State.Waiting; w != nil {
		if v := diagnoseWaiting(p, s, w); v != nil {
			return v
		}
	}
	ended := s.State.Terminated
	previous := false
	crashing := s.State.Waiting != nil && s.State.Waiting.Reason == "CrashLoopBackOff"
	if ended == nil && (crashing || s.RestartCount > restarts) {
		ended, previous = s.LastTerminationState.Terminated, true
	}
	if ended == nil || ended.ExitCode == 0 && !restartsAlways(p, s.Name) {
		return nil
	}
	v := diagnoseEnd(p, s, what, ended)
	v.container, v.previous = s.Name, previous && s.State.Waiting == nil
	return &v
}

// restartsAlways says whether the container is meant to run for ever.
func restartsAlways(p *corev1.Pod, name string) bool {
	for _, c := range p.Spec.InitContainers {
		if c.Name == name {
			return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		}
	}
	return p.Spec.RestartPolicy == corev1.RestartPolicyAlways || p.Spec.RestartPolicy == ""
}

// imageReasons are the kubelet's words for an image that it can't get, see
// pkg/kubelet/images/types.go in Kubernetes.
var imageReasons = []string{"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"}

// configReasons are those for a container that it can't set up.
var configReasons = []string{"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError", "PreStartHookError", "PostStartHookError"}

func diagnoseWaiting(p *corev1.Pod, s corev1.ContainerStatus, w *corev1.ContainerStateWaiting) *verdict {
	switch {
	case slices.Contains(imageReasons, w.Reason):
		return diagnoseImage(p, s, w)
	case slices.Contains(configReasons, w.Reason):
		return &verdict{code: "pod.config",
			why:   fmt.Sprintf("the node can't make the container %q as the manifest wants it: %s", s.Name, w.Message),
			hints: configHints(w.Message)}
	}
	return nil
}

// diagnoseImage explains a missing image. The project's own image is on the node
// and is never pulled; so it is about another one, or about a tag that is asked
// for at a registry each time.
func diagnoseImage(p *corev1.Pod, s corev1.ContainerStatus, w *corev1.ContainerStateWaiting) *verdict {
	image, policy := containerImage(p, s)
	v := &verdict{code: "pod.image"}
	switch {
	case w.Reason == "InvalidImageName":
		v.why = fmt.Sprintf("%q is no image name", image)
		v.hints = []string{"correct `image:` in the manifest"}
	case policy == corev1.PullNever:
		v.why = fmt.Sprintf("the image %q is not on the node, and `imagePullPolicy: Never` forbids to fetch it", image)
		v.hints = []string{"load it into the node: kind load docker-image " + image, "or write `imagePullPolicy: IfNotPresent`"}
	case policy == corev1.PullAlways:
		v.why = fmt.Sprintf("the node asked a registry for the image %q and did not get it; it asks each time, because the pull policy is Always, which it is by itself for an image without a tag or with `:latest`", image)
		v.hints = []string{"write `imagePullPolicy: IfNotPresent` below `image: " + image + "`, and the node takes its own copy first"}
	default:
		v.why = fmt.Sprintf("the image %q is not on the node, and no registry gave it", image)
		v.hints = []string{"check its name in the manifest", "or load your own copy into the node: kind load docker-image " + image}
	}
	return v
}

func containerImage(p *corev1.Pod, s corev1.ContainerStatus) (string, corev1.PullPolicy) {
	for _, c := range append(slices.Clone(p.Spec.InitContainers), p.Spec.Containers...) {
		if c.Name == s.Name {
			return c.Image, c.ImagePullPolicy
		}
	}
	return s.Image, ""
}

func configHints(message string) []string {
	switch {
	case strings.Contains(message, "configmap") && strings.Contains(message, "not found"):
		return []string{"add that ConfigMap to the manifest"}
	case strings.Contains(message, "secret") && strings.Contains(message, "not found"):
		return []string{"add that Secret to the manifest"}
	case strings.Contains(message, "executable file not found"), strings.Contains(message, "no such file or directory"):
		return []string{"check `command:` in the manifest and ENTRYPOINT in the Dockerfile: the image has no such program"}
	default:
		return nil
	}
}

// diagnoseEnd explains a container that ran and ended.
func diagnoseEnd(p *corev1.Pod, s corev1.ContainerStatus, what string, t *corev1.ContainerStateTerminated) verdict {
	if len(p.Status.ContainerStatuses) > 1 || what != "the application" {
		what = fmt.Sprintf("%s %q", strings.Replace(what, "application", "container", 1), s.Name)
	}
	limit := memoryLimit(p, s.Name)
	switch {
	// The runtime may report the end before it has heard why the kernel did it.
	case t.Reason == "OOMKilled", t.ExitCode == 137 && limit != noLimit:
		sure := "so the system ended it (OOMKilled)"
		if t.Reason != "OOMKilled" {
			sure = "as it seems: it was killed (exit code 137)"
		}
		return verdict{code: "pod.oom",
			why:   fmt.Sprintf("%s wanted more memory than %s, %s", what, limit, sure),
			hints: []string{"raise `resources.limits.memory` in the manifest", "or let Java take less: env JAVA_TOOL_OPTIONS with -XX:MaxRAMPercentage=60"}}
	case t.Reason == "ContainerCannotRun", t.Reason == "StartError":
		return verdict{code: "pod.crash", why: fmt.Sprintf("%s could not be started: %s", what, t.Message), hints: configHints(t.Message)}
	}
	return verdict{code: "pod.crash", why: fmt.Sprintf("%s ended by itself with exit code %d%s%s", what, t.ExitCode, exitMeaning(t.ExitCode), after(t))}
}

// noLimit stands for a container that may take what there is.
const noLimit = "there is"

func memoryLimit(p *corev1.Pod, container string) string {
	for _, c := range append(slices.Clone(p.Spec.InitContainers), p.Spec.Containers...) {
		if limit, ok := c.Resources.Limits[corev1.ResourceMemory]; ok && c.Name == container {
			return "its limit of " + limit.String()
		}
	}
	return noLimit
}

// exitMeaning translates the exit codes of shells and signals; 128+n is signal n.
func exitMeaning(code int32) string {
	switch code {
	case 0:
		return " (no error: it had nothing more to do, but a server should keep running)"
	case 126:
		return " (the command is no program that can be run)"
	case 127:
		return " (the command was not found in the image)"
	case 137:
		return " (killed)"
	case 139:
		return " (it crashed: segmentation fault)"
	case 143:
		return " (it was told to stop)"
	default:
		return ""
	}
}

func after(t *corev1.ContainerStateTerminated) string {
	took := t.FinishedAt.Sub(t.StartedAt.Time)
	if t.StartedAt.IsZero() || took < 0 || took > time.Hour {
		return ""
	}
	if took < time.Second {
		return ", right after its start"
	}
	return fmt.Sprintf(", %v after its start", took.Round(time.Second))
}

// unschedulable says why no node takes the Pod, nil where one has, or where none
// has looked yet.
func unschedulable(p *corev1.Pod) *verdict {
	for _, c := range p.Status.Conditions {
		if c.Type != corev1.PodScheduled || c.Status != corev1.ConditionFalse {
			continue
		}
		return &verdict{code: "pod.pending",
			why:   "no node of the cluster takes the Pod: " + c.Message,
			hints: scheduleHints(c.Message)}
	}
	return nil
}

func scheduleHints(message string) []string {
	switch {
	case strings.Contains(message, "Insufficient"):
		return []string{"ask for less under `resources.requests` in the manifest", "or remove other Pods: devloop status --all"}
	case strings.Contains(message, "not-ready") || strings.Contains(message, "unreachable"):
		return []string{"the node itself is not ready; look after it: devloop setup"}
	case strings.Contains(message, "node selector") || strings.Contains(message, "node affinity"):
		return []string{"remove `nodeSelector` or `affinity` from the manifest: a local cluster's nodes have no such label"}
	case strings.Contains(message, "PersistentVolumeClaim") || strings.Contains(message, "persistentvolumeclaim"):
		return []string{"add that PersistentVolumeClaim to the manifest"}
	default:
		return nil
	}
}

// unready explains a Pod whose containers run and whose readiness probe fails.
func unready(p *corev1.Pod) *verdict {
	return &verdict{code: "pod.probe", why: "it runs, but its readiness probe does not succeed",
		hints: []string{"check `readinessProbe` in the manifest, or give the application more time"}}
}

func verdictGone(p *corev1.Pod) verdict {
	return verdict{code: "pod.gone",
		why:   "somebody deleted the Pod while it was starting",
		hints: []string{"deploy again, once nothing else works on this Pod"}}
}
