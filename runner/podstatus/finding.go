package podstatus

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Finding is why a Pod does not come to serve, as far as its status tells.
type Finding struct {
	Code  string // "pod.image", see [NotReadyError.Code]
	Why   string // a sentence for a person who meets Kubernetes first
	Hints []string
	Image string // the one that is missing
	// Warned says that the kubelet sends a Warning for it, perhaps after the status.
	Warned bool
	// Container is the one whose log may tell more, "" for none, Previous that of its last run but one.
	Container string
	Previous  bool
	Ended     bool  // it ran and ended
	Run       int32 // which of its runs that was, from 0
	// Probe is the one that fails, with its name and its container's.
	Probe             *corev1.Probe
	ProbeName, Probed string
	Port              int  // one on which nothing listens, although the Pod names it
	Opened            int  // where the application listens instead, 0 where that is not known
	RolledBack        bool // the supervisor has started the application as it was; its log goes on
}

// summaries are the codes in a word or two, for a table.
var summaries = map[string]string{
	"pod.image":   "no image",
	"pod.crash":   "application ended",
	"pod.oom":     "out of memory",
	"pod.pending": "no node takes it",
	"pod.config":  "can't be set up",
	"pod.evicted": "evicted",
	"pod.probe":   "probe fails",
	CodePort:      "other port",
	"pod.silent":  "nothing listens",
}

// Summary is the reason in a word or two.
func (v Finding) Summary() string { return summaries[v.Code] }

// Diagnose returns a reason to stop waiting for a Pod, nil for none. With more restarts, the application has ended.
func Diagnose(p *corev1.Pod, restarts int32) *Finding {
	if p.Status.Phase == corev1.PodFailed && p.Status.Reason != "" {
		return evicted(p.Status.Reason, p.Status.Message)
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

// evicted explains a Pod that the node ended as a whole.
func evicted(reason, message string) *Finding {
	v := &Finding{Code: "pod.evicted"}
	message = strings.TrimSuffix(strings.TrimSpace(message), ".")
	switch {
	case reason == "DeadlineExceeded":
		v.Why = "its time was over: the manifest's `activeDeadlineSeconds` ended it"
		v.Hints = []string{"raise `activeDeadlineSeconds`, or remove it: a server should keep running"}
	case strings.Contains(message, "ephemeral") && strings.Contains(message, "limit"):
		v.Why = "it wrote more to disk than its limit for `ephemeral-storage`, so the node evicted it: " + message
		v.Hints = []string{"raise `resources.limits.ephemeral-storage` in the manifest, or write less"}
	case strings.Contains(message, "emptyDir"):
		v.Why = "it wrote more into an `emptyDir` than its `sizeLimit`, so the node evicted it: " + message
		v.Hints = []string{"raise `sizeLimit` in the manifest, or write less"}
	default:
		v.Why = fmt.Sprintf("the node ended the Pod (%s): %s", reason, message)
		v.Hints = []string{"free disk space or memory on this machine, for example: docker system df"}
	}
	return v
}

func diagnoseContainer(p *corev1.Pod, s corev1.ContainerStatus, what string, restarts int32) *Finding {
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
	v.Container, v.Previous = s.Name, previous && s.State.Waiting == nil
	if v.Ended, v.Run = true, s.RestartCount; v.Previous {
		v.Run--
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

// imageReasons are the kubelet's words for an image that it can't get, see pkg/kubelet/images/types.go in Kubernetes.
var imageReasons = []string{"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
	"ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"}

// configReasons are those for a container that it can't set up.
var configReasons = []string{"CreateContainerConfigError", "CreateContainerError", "RunContainerError",
	"PreCreateHookError", "PreStartHookError", "PostStartHookError"}

func diagnoseWaiting(p *corev1.Pod, s corev1.ContainerStatus, w *corev1.ContainerStateWaiting) *Finding {
	switch {
	case slices.Contains(imageReasons, w.Reason):
		return diagnoseImage(p, s, w)
	case slices.Contains(configReasons, w.Reason):
		return &Finding{Code: "pod.config", Warned: true,
			Why: fmt.Sprintf("the node can't make the container %q as the manifest wants it: %s", s.Name,
				configFailure(w.Message)),
			Hints: configHints(w.Message)}
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
		return fmt.Sprintf("it takes values from the %s %q, and its namespace has none of that name",
			kindName(m[1]), m[2])
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
		return []string{"build the image on this machine: devloop deploy",
			"read more: devloop explain exec-format-error"}
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

// Deleted is about a Pod that somebody deleted.
func Deleted() Finding {
	return Finding{Code: "pod.gone",
		Why:   "somebody deleted the Pod while it was starting",
		Hints: []string{"deploy again, once nothing else works on this Pod"}}
}
