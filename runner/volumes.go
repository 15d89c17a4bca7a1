package runner

import (
	"fmt"
	"regexp"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// mountAttempts is how often the node may fail to prepare a Pod before that is an
// error. It tries again after 0.5, 1, 2 and more seconds, and what is missing may
// come with the same deploy.
const mountAttempts = 3

// volumes ends the wait for a Pod that the node can't prepare. That stands in no
// status: the node says so in events, and tries again for ever.
func (b *birth) volumes() {
	selector := fields.Set{"involvedObject.uid": string(b.pod.UID), "type": corev1.EventTypeWarning}
	events, err := b.r.Stream.CoreV1().Events(b.pod.Namespace).Watch(b.ctx, metav1.ListOptions{FieldSelector: selector.AsSelector().String()})
	if err != nil {
		return // the wait goes on without it
	}
	defer events.Stop()
	for {
		select {
		case <-b.ctx.Done():
			return
		case change, open := <-events.ResultChan():
			if !open {
				return
			}
			event, ok := change.Object.(*corev1.Event)
			if !ok {
				continue
			}
			if v := unprepared(*event); v != nil {
				b.stop(b.failure(*v, nil))
				return
			}
		}
	}
}

var volumeLacks = regexp.MustCompile(`volume "([^"]+)" : (configmap|secret) (?:references non-existent \w+ key: (\S+)|"([^"]+)" not found)`)

// unprepared explains an event of a node that can't prepare a Pod, nil for another
// one, and for one that may be over.
func unprepared(e corev1.Event) *verdict {
	if e.Count < mountAttempts || noise.MatchString(e.Reason+": "+oneLine(e.Message)) {
		return nil
	}
	switch e.Reason {
	case "FailedMount":
		m := volumeLacks.FindStringSubmatch(e.Message)
		switch {
		case m == nil:
			return &verdict{code: "pod.config", why: "the node can't mount the Pod's volumes: " + e.Message}
		case m[3] != "":
			return &verdict{code: "pod.config",
				why:   fmt.Sprintf("the volume %q is to hold the key %q of a %s that has no such key", m[1], m[3], kindName(m[2])),
				hints: []string{"add that key, or correct `items:` of the volume in the manifest"}}
		default:
			return &verdict{code: "pod.config",
				why:   fmt.Sprintf("the volume %q is to hold the %s %q, and its namespace has none of that name", m[1], kindName(m[2]), m[4]),
				hints: []string{fmt.Sprintf("add a %s named %q to the manifest, or correct the name", kindName(m[2]), m[4])}}
		}
	case "FailedCreatePodSandBox":
		return &verdict{code: "pod.config", why: "the node can't set up the Pod's network: " + oneLine(e.Message),
			hints: []string{"look after the cluster: devloop setup"}}
	default:
		return nil
	}
}

// unpreparedNow looks for such an event of a Pod that does not run yet.
func unpreparedNow(p *corev1.Pod, events []corev1.Event) *verdict {
	if !isPulling(p) {
		return nil
	}
	for _, e := range events {
		if v := unprepared(e); v != nil && e.Type == corev1.EventTypeWarning {
			return v
		}
	}
	return nil
}
