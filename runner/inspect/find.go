package inspect

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/spelling"
	"github.com/devloop-cli/devloop/runner/kube"
)

// NoPodError says that no Pod has the name, or that several could be meant.
type NoPodError struct {
	Namespace, Name string
	Kind            string   // of the object that the user named, "" for a Pod
	Several         []string // Pods of the namespace that could be meant
	Near            string   // a Pod of the namespace with a similar name, "" for none
	Elsewhere       string   // a namespace that has a Pod of that name, "" for none
}

func (e *NoPodError) Error() string {
	switch {
	case e.Name == "" && len(e.Several) == 0:
		return fmt.Sprintf("find a Pod: devloop has none in namespace %q", e.Namespace)
	case e.Name == "":
		return fmt.Sprintf("find a Pod: namespace %q has several of devloop's: %s", e.Namespace,
			strings.Join(e.Several, ", "))
	case len(e.Several) > 0:
		return fmt.Sprintf("find Pod %q: several begin with that name: %s", e.Name, strings.Join(e.Several, ", "))
	case e.Kind != "":
		return fmt.Sprintf("find the Pods of %s %q: there are none in namespace %q", strings.ToLower(e.Kind),
			e.Name, e.Namespace)
	default:
		return fmt.Sprintf("find Pod %q: namespace %q does not have it", e.Name, e.Namespace)
	}
}

// Code returns "pod.unknown".
func (e *NoPodError) Code() string { return "pod.unknown" }

// Hints says which Pod may be meant, or how to see what there is.
func (e *NoPodError) Hints() []string {
	switch {
	case len(e.Several) > 0:
		return []string{"name one of them"}
	case e.Near != "":
		return []string{fmt.Sprintf("did you mean %q?", e.Near)}
	case e.Elsewhere != "":
		return []string{fmt.Sprintf("there is one in another namespace: add --namespace %s", e.Elsewhere)}
	default:
		return []string{"see what there is: devloop status --all"}
	}
}

// Find returns the Pod of that name in the client's namespace. A Pod that a
// Deployment or the like made is found by its maker's name, too, where there is but
// one. KIND/NAME is a Pod of that very object, the best of several: Service/web, Deployment/web. Without a name it is
// the only Pod that devloop made there. The error is a [*NoPodError] if no Pod or several match.
func (v Viewer) Find(ctx context.Context, name string) (kube.Pod, error) {
	p, err := v.find(ctx, name)
	if err != nil {
		return kube.Pod{}, err
	}
	return kube.PodOf(p), nil
}

func (v Viewer) find(ctx context.Context, name string) (*corev1.Pod, error) {
	list, err := v.Client.Core.CoreV1().Pods(v.Client.Namespace()).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, v.Client.WrapError(ctx, "list pods of",
			kube.Ref{Kind: "Namespace", Name: v.Client.Namespace()}, err)
	}
	kind, bare, both := strings.Cut(name, "/")
	if !both || strings.EqualFold(kind, "Pod") || strings.EqualFold(kind, "pods") {
		if both {
			name = bare
		}
		return v.byName(ctx, list.Items, name)
	}
	of, err := v.podsOf(ctx, kind, bare)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil || !of(&p) })
	if len(found) == 0 {
		return nil, &NoPodError{Namespace: v.Client.Namespace(), Kind: kind, Name: bare}
	}
	best := slices.MaxFunc(found, func(a, b corev1.Pod) int { return compare(&a, &b) })
	return &best, nil
}

// podsOf returns which Pods belong to an object.
func (v Viewer) podsOf(ctx context.Context, kind, name string) (func(*corev1.Pod) bool, error) {
	if !strings.EqualFold(kind, "Service") {
		return func(p *corev1.Pod) bool { return strings.EqualFold(workloadKind(p), kind) && Workload(p) == name }, nil
	}
	service, err := v.Client.Core.CoreV1().Services(v.Client.Namespace()).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, &NoPodError{Namespace: v.Client.Namespace(), Kind: kind, Name: name}
	}
	if err != nil {
		return nil, v.Client.WrapError(ctx, "read",
			kube.Ref{Kind: kind, Namespace: v.Client.Namespace(), Name: name}, err)
	}
	selector := labels.SelectorFromSet(service.Spec.Selector)
	return func(p *corev1.Pod) bool {
		return len(service.Spec.Selector) > 0 && selector.Matches(labels.Set(p.Labels))
	}, nil
}

// TargetPort returns the port of a Pod to which a port of a Service forwards, or port itself without a Service.
func (v Viewer) TargetPort(ctx context.Context, name string, pod kube.Pod, port int) int {
	kind, bare, _ := strings.Cut(name, "/")
	if !strings.EqualFold(kind, "Service") {
		return port
	}
	service, err := v.Client.Core.CoreV1().Services(pod.Namespace).Get(ctx, bare, metav1.GetOptions{})
	if err != nil {
		return port
	}
	p, err := v.Client.Core.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
	if err != nil {
		return port
	}
	for _, s := range service.Spec.Ports {
		if int(s.Port) != port {
			continue
		}
		for _, c := range p.Spec.Containers {
			for _, declared := range c.Ports {
				if s.TargetPort.StrVal != "" && declared.Name == s.TargetPort.StrVal {
					return int(declared.ContainerPort)
				}
			}
		}
		return cmp.Or(int(s.TargetPort.IntVal), port)
	}
	return port
}

func (v Viewer) byName(ctx context.Context, pods []corev1.Pod, name string) (*corev1.Pod, error) {
	var meant []*corev1.Pod
	var names []string
	for i := range pods {
		p := &pods[i]
		names = append(names, p.Name)
		if p.Name == name && name != "" {
			return p, nil
		}
		if p.DeletionTimestamp == nil && (name == "" && kube.Owned(p) || name != "" && Workload(p) == name) {
			meant = append(meant, p)
		}
	}
	if len(meant) == 1 {
		return meant[0], nil
	}
	e := &NoPodError{Namespace: v.Client.Namespace(), Name: name, Near: spelling.Closest(name, names)}
	e.Several = lists.Map(meant, func(p *corev1.Pod) string { return p.Name })
	if len(meant) == 0 {
		e.Elsewhere = v.elsewhere(ctx, name)
	}
	return nil, e
}

// Workload is the name of the Deployment or the like that a Pod belongs to, its own for one without. A Deployment's
// Pods are named NAME-HASH-RANDOM, those of the other kinds NAME-RANDOM or NAME-NUMBER.
func Workload(p *corev1.Pod) string {
	ref := metav1.GetControllerOf(p)
	if ref == nil {
		return kube.ManifestName(p)
	}
	if hash := p.Labels["pod-template-hash"]; hash != "" && ref.Kind == "ReplicaSet" {
		return strings.TrimSuffix(ref.Name, "-"+hash)
	}
	return ref.Name
}

// workloadKind is the kind of the object that [Workload] names.
func workloadKind(p *corev1.Pod) string {
	switch ref := metav1.GetControllerOf(p); {
	case ref == nil:
		return "Pod"
	case ref.Kind == "ReplicaSet" && p.Labels["pod-template-hash"] != "":
		return "Deployment"
	default:
		return ref.Kind
	}
}

// compare orders Pods: one that is ready is better than one that is not, and a newer one than an older.
func compare(a, b *corev1.Pod) int {
	ready := map[bool]int{true: 1}
	return cmp.Or(ready[kube.IsReady(a)]-ready[kube.IsReady(b)], a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
		cmp.Compare(a.Name, b.Name))
}

// elsewhere returns a namespace in which devloop has a Pod of that name.
func (v Viewer) elsewhere(ctx context.Context, name string) string {
	all, err := v.List(ctx, Selection{})
	if err != nil {
		return "" // the Pod is not here, whatever is elsewhere
	}
	for _, s := range all {
		if s.Name == name || name == "" {
			return s.Namespace
		}
	}
	return ""
}
