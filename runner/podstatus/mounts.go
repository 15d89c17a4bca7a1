package podstatus

import (
	"fmt"
	"regexp"

	corev1 "k8s.io/api/core/v1"
)

// mountAttempts is how often the node may fail to prepare a Pod before that is an error. It tries again after 0.5, 1, 2
// and more seconds, and what is missing may come with the same deploy.
const mountAttempts = 3

var volumeLacks = regexp.MustCompile(`volume "([^"]+)" : (configmap|secret) (?:references non-existent \w+ key: (\S+)|"([^"]+)" not found)`)

// noAPI is what the kubelet says when no answer of the API server reaches it, such as during a restart of that: the
// request and what became of it, in the form of Go's net/url.
var noAPI = regexp.MustCompile(`(?:Get|Post) "https://[^"]+/apis?/[^"]+": `)

// MountFailure explains an event of a node that can't prepare a Pod, nil for another one, and for one that may be over.
func MountFailure(e corev1.Event) *Finding {
	if e.Count < mountAttempts || noise.MatchString(e.Reason+": "+oneLine(e.Message)) || noAPI.MatchString(e.Message) {
		return nil
	}
	switch e.Reason {
	case "FailedMount":
		m := volumeLacks.FindStringSubmatch(e.Message)
		switch {
		case m == nil:
			return &Finding{Code: "pod.config", Why: "the node can't mount the Pod's volumes: " + e.Message}
		case m[3] != "":
			return &Finding{Code: "pod.config",
				Why: fmt.Sprintf("the volume %q is to hold the key %q of a %s that has no such key", m[1], m[3],
					kindName(m[2])),
				Hints: []string{"add that key, or correct `items:` of the volume in the manifest"}}
		default:
			return &Finding{Code: "pod.config",
				Why: fmt.Sprintf("the volume %q is to hold the %s %q, and its namespace has none of that name", m[1],
					kindName(m[2]), m[4]),
				Hints: []string{fmt.Sprintf("add a %s named %q to the manifest, or correct the name",
					kindName(m[2]), m[4])}}
		}
	case "FailedCreatePodSandBox":
		return &Finding{Code: "pod.config", Why: "the node can't set up the Pod's network: " + oneLine(e.Message),
			Hints: []string{"look after the cluster: devloop setup"}}
	default:
		return nil
	}
}

// CurrentMountFailure looks for such an event of a Pod that does not run yet.
func CurrentMountFailure(p *corev1.Pod, events []corev1.Event) *Finding {
	if !IsCreating(p) {
		return nil
	}
	for _, e := range events {
		if v := MountFailure(e); v != nil && e.Type == corev1.EventTypeWarning {
			return v
		}
	}
	return nil
}
