package podstatus

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/devloop-cli/devloop/internal/lists"
)

// Unschedulable says why no node takes the Pod, nil where one has, or where none has looked yet.
func Unschedulable(p *corev1.Pod) *Finding {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			v := schedulingFailure(p, c.Message)
			v.Code = "pod.pending"
			return &v
		}
	}
	return nil
}

var (
	insufficient = regexp.MustCompile(`Insufficient ([a-z0-9./-]*[a-z0-9])`)
	taint        = regexp.MustCompile(`untolerated taint(?:\(s\))? ?\{([^:}]+)`)
	lacksClaim   = regexp.MustCompile(`persistentvolumeclaim "([^"]+)" not found`)
	noFreePorts  = "didn't have free ports"
)

// schedulingFailure translates the scheduler's message, whose only form is text; see
// pkg/scheduler/framework/plugins in Kubernetes, each plugin's ErrReason constants.
func schedulingFailure(p *corev1.Pod, message string) Finding {
	if m := insufficient.FindStringSubmatch(message); m != nil {
		return Finding{Why: noRoom(p, corev1.ResourceName(m[1])),
			Hints: []string{"ask for less under `resources.requests` in the manifest",
				"or see what else takes the room: devloop status --all"}}
	}
	if m := lacksClaim.FindStringSubmatch(message); m != nil {
		return Finding{Why: fmt.Sprintf("the Pod mounts the PersistentVolumeClaim %q, and its namespace has none of that name", m[1]),
			Hints: []string{"add that PersistentVolumeClaim to the manifest"}}
	}
	switch {
	case strings.Contains(message, "unbound immediate PersistentVolumeClaim"):
		return Finding{Why: "the Pod's PersistentVolumeClaim has no volume: the cluster has none that fits, and makes none",
			Hints: []string{"leave `storageClassName` out of the claim, and the cluster's default one makes the volume",
				"or use `emptyDir: {}` for data that may go with the Pod"}}
	case strings.Contains(message, noFreePorts):
		return Finding{Why: fmt.Sprintf("the `hostPort` %s is taken by another Pod on every node", hostPorts(p)),
			Hints: []string{"remove `hostPort`, and forward a local port to the Pod: devloop forward " + p.Name +
				" -n " + p.Namespace}}
	case strings.Contains(message, "node affinity/selector"), strings.Contains(message, "node selector"):
		return Finding{Why: "no node has the labels that the Pod asks for" + wantedLabels(p),
			Hints: []string{"remove `nodeSelector` or `affinity` from the manifest: a local cluster's nodes have no such label"}}
	}
	if m := taint.FindStringSubmatch(message); m != nil {
		return tainted(strings.TrimSpace(m[1]))
	}
	return Finding{Why: "no node of the cluster takes the Pod: " + cmp.Or(message, "the scheduler does not say why")}
}

// noRoom says how much the Pod asks for. What is set aside counts, not what is used.
func noRoom(p *corev1.Pod, name corev1.ResourceName) string {
	var sum resource.Quantity
	for _, c := range p.Spec.Containers {
		if q, asked := c.Resources.Requests[name]; asked {
			sum.Add(q)
		}
	}
	if sum.IsZero() {
		return fmt.Sprintf("no node of the cluster has %s left", name)
	}
	return fmt.Sprintf("no node of the cluster has room: the Pod asks for %s of %s, and less is left",
		sum.String(), name)
}

func hostPorts(p *corev1.Pod) string {
	var ports []string
	for _, c := range p.Spec.Containers {
		for _, port := range c.Ports {
			if port.HostPort > 0 {
				ports = append(ports, fmt.Sprint(port.HostPort))
			}
		}
	}
	return strings.Join(ports, ", ")
}

func wantedLabels(p *corev1.Pod) string {
	labels := lists.Map(slices.Sorted(maps.Keys(p.Spec.NodeSelector)),
		func(name string) string { return name + "=" + p.Spec.NodeSelector[name] })
	if len(labels) == 0 {
		return ""
	}
	return ": " + strings.Join(labels, ", ")
}

// tainted explains a taint, by the well-known ones of
// https://kubernetes.io/docs/reference/labels-annotations-taints/.
func tainted(name string) Finding {
	switch name {
	case corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeNetworkUnavailable:
		return Finding{Why: "the node itself is not ready", Hints: []string{"look after the cluster: devloop setup"}}
	case corev1.TaintNodeDiskPressure:
		return Finding{Why: "the node is short of disk space, and takes no Pod until it has some",
			Hints: []string{"free some on this machine: docker system prune"}}
	case corev1.TaintNodeMemoryPressure:
		return Finding{Why: "the node is short of memory, and takes no Pod until it has some",
			Hints: []string{"end other programs on this machine, or remove other Pods: devloop status --all"}}
	case corev1.TaintNodeUnschedulable:
		return Finding{Why: "the node was told to take no Pods",
			Hints: []string{"let it take some again: kubectl uncordon NODE"}}
	default:
		return Finding{Why: fmt.Sprintf("every node refuses the Pod by the taint %q, which it does not tolerate", name),
			Hints: []string{"add `tolerations:` for it to the manifest, if the Pod is meant for such a node"}}
	}
}
