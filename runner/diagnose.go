package runner

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// verdict is why a Pod will not come to serve.
type verdict struct {
	code  string
	why   string
	hints []string
	image string // the one that is missing
	// container is whose log may tell more, "" where no container ever ran;
	// previous asks for the log of its last run but one.
	container string
	previous  bool
	ended     bool  // it ran and ended
	run       int32 // which of its runs that was, from 0
	// probe is the one that fails, with its name and its container's.
	probe             *corev1.Probe
	probeName, probed string
	// port is one that nobody listens on, although the manifest names it.
	port int
	// opened is where the application listens instead of there, 0 where that is not known.
	opened int
	// wentBack says that the log goes on after the end that this is about.
	wentBack bool
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
	codePort:      "other port",
	"pod.silent":  "nothing listens",
}

func (v verdict) word() string { return words[v.code] }

// word is the reason in a word or two.
func (e *NotReadyError) word() string { return words[e.code] }

// diagnose looks for a reason to stop waiting for a Pod. restarts is how many its
// containers had before; later ones mean that the application ended.
func diagnose(p *corev1.Pod, restarts int32) *verdict {
	if p.Status.Phase == corev1.PodFailed && p.Status.Reason != "" {
		return thrownOut(p.Status.Reason, p.Status.Message)
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

// thrownOut explains a Pod that the node ended as a whole.
func thrownOut(reason, message string) *verdict {
	v := &verdict{code: "pod.evicted"}
	message = strings.TrimSuffix(strings.TrimSpace(message), ".")
	switch {
	case reason == "DeadlineExceeded":
		v.why = "its time was over: the manifest's `activeDeadlineSeconds` ended it"
		v.hints = []string{"raise `activeDeadlineSeconds`, or remove it: a server should keep running"}
	case strings.Contains(message, "ephemeral") && strings.Contains(message, "limit"):
		v.why = "it wrote more to disk than its limit for `ephemeral-storage`, so the node threw it out: " + message
		v.hints = []string{"raise `resources.limits.ephemeral-storage` in the manifest, or write less"}
	case strings.Contains(message, "emptyDir"):
		v.why = "it wrote more into an `emptyDir` than the `sizeLimit` of that, so the node threw it out: " + message
		v.hints = []string{"raise `sizeLimit` in the manifest, or write less"}
	default:
		v.why = fmt.Sprintf("the node threw the Pod out (%s): %s", reason, message)
		v.hints = []string{"free disk space or memory on this machine, for example: docker system df"}
	}
	return v
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
	if v.ended, v.run = true, s.RestartCount; v.previous {
		v.run--
	}
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
			why:   fmt.Sprintf("the node can't make the container %q as the manifest wants it: %s", s.Name, configFailure(w.Message)),
			hints: configHints(w.Message)}
	}
	return nil
}

var (
	lacksObject = regexp.MustCompile(`(configmap|secret) "([^"]+)" not found`)
	lacksKey    = regexp.MustCompile(`couldn't find key (\S+) in (ConfigMap|Secret) \S+?/(\S+)`)
)

// configFailure puts the kubelet's message in a few words, where it is a known one.
func configFailure(message string) string {
	if m := lacksObject.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("it takes values from the %s %q, and its namespace has none of that name", kindName(m[1]), m[2])
	}
	if m := lacksKey.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("the %s %q has no key %q", m[2], m[3], m[1])
	}
	switch {
	case strings.Contains(message, "runAsNonRoot"):
		return "the manifest forbids root (`runAsNonRoot`), and the image runs as root"
	case strings.Contains(message, "no command specified"):
		return "neither the image nor the manifest says which program to run"
	}
	return startFailure(message)
}

func kindName(word string) string {
	if word == "secret" {
		return "Secret"
	}
	return "ConfigMap"
}

func configHints(message string) []string {
	if m := lacksObject.FindStringSubmatch(message); m != nil {
		return []string{fmt.Sprintf("add a %s named %q to the manifest, or correct the name", kindName(m[1]), m[2])}
	}
	if m := lacksKey.FindStringSubmatch(message); m != nil {
		return []string{fmt.Sprintf("add the key %q to it, or correct `key:` in the manifest", m[1])}
	}
	switch {
	case strings.Contains(message, "runAsNonRoot"):
		return []string{"add `USER 1000` to the Dockerfile, or `runAsUser: 1000` beside `runAsNonRoot`"}
	case strings.Contains(message, "no command specified"):
		return []string{"add ENTRYPOINT to the Dockerfile, or `command:` to the manifest"}
	case strings.Contains(message, "exec format error"):
		return []string{"build the image on this machine: devloop deploy", "read more: devloop explain exec-format-error"}
	case noDirectory.MatchString(message):
		return []string{"check `workingDir:` in the manifest and WORKDIR in the Dockerfile"}
	case notAllowed.MatchString(message):
		return []string{"make it executable in the Dockerfile, as in COPY --chmod=755"}
	case strings.Contains(message, "executable file not found"), strings.Contains(message, "no such file or directory"):
		return []string{"check `command:` in the manifest and ENTRYPOINT in the Dockerfile"}
	default:
		return nil
	}
}

func verdictGone(p *corev1.Pod) verdict {
	return verdict{code: "pod.gone",
		why:   "somebody deleted the Pod while it was starting",
		hints: []string{"deploy again, once nothing else works on this Pod"}}
}
