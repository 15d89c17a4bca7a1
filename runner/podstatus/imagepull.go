package podstatus

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/runner/kube"
)

// diagnoseImage explains a missing image. The project's own image is on the node and is never pulled; so it is about
// another one, or about a tag that is asked for at a registry each time.
func diagnoseImage(p *corev1.Pod, s corev1.ContainerStatus, w *corev1.ContainerStateWaiting) *Finding {
	image, policy := containerImage(p, s)
	v := &Finding{Code: "pod.image", Warned: true, Image: image}
	switch {
	case w.Reason == "InvalidImageName":
		v.Why = fmt.Sprintf("%q is no image name", image)
		v.Hints = []string{"correct `image:` in the manifest: small letters, as in `spring-server` or `nginx:1.27`"}
	case policy == corev1.PullNever:
		v.Why = fmt.Sprintf("the image %q is not on the node, and `imagePullPolicy: Never` forbids fetching it", image)
		v.Hints = []string{"bring the copy of this machine's Docker into the node: devloop apply -f FILE --load",
			"or write `imagePullPolicy: IfNotPresent`"}
	case policy == corev1.PullAlways:
		v.Why = fmt.Sprintf("the node asked a registry for the image %q and did not get it%s; it asks each time, because the pull policy is Always%s",
			image, registrySays(w.Message), untagged(image))
		v.Hints = []string{"write `imagePullPolicy: IfNotPresent` below `image: " + image +
			"`, and the node takes its own copy first", pullStory}
	default:
		v.Why = fmt.Sprintf("the image %q is not on the node, and no registry gave it%s", image,
			registrySays(w.Message))
		v.Hints = []string{"check its name in the manifest",
			"or bring the copy of this machine's Docker into the node: devloop apply -f FILE --load"}
	}
	return v
}

const pullStory = "read when a node asks a registry: devloop explain imagePullPolicy"

// untagged says why the policy is Always although the manifest names none.
func untagged(image string) string {
	last := image[strings.LastIndex(image, "/")+1:]
	if strings.HasSuffix(last, ":latest") || !strings.ContainsAny(last, ":@") {
		return ", which is the default for an image without a tag or with `:latest`"
	}
	return ""
}

// registrySays puts the reason of a failed pull in a few words, where it is a known
// one; the whole is in the events. The texts are containerd's and the registries'.
func registrySays(message string) string {
	for _, known := range []struct{ words, means string }{
		{"no such host", "the registry's name can't be looked up, as without internet"},
		{"i/o timeout", "the registry does not answer"},
		{"deadline exceeded", "the registry does not answer"},
		{"network is unreachable", "there is no way to the registry"},
		{"connection refused", "nothing answers at the registry's address"},
		{"x509", "the registry's certificate is not trusted"},
		{"401", "the registry wants a login"},
		{"insufficient_scope", "the registry has no such image, or wants a login"},
		{"pull access denied", "the registry has no such image, or wants a login"},
		{"403", "the registry refuses it"},
		{"no match for platform", "it is not made for this machine's processor"},
		{"not found", "the registry has no such image"},
	} {
		if strings.Contains(message, known.words) {
			return ": " + known.means
		}
	}
	return ""
}

func containerImage(p *corev1.Pod, s corev1.ContainerStatus) (string, corev1.PullPolicy) {
	if c := kube.Container(p, s.Name); c != nil {
		return c.Image, c.ImagePullPolicy
	}
	return s.Image, ""
}
