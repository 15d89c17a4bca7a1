package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/devloop-cli/devloop/internal/spelling"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// NoPodError says that no Pod has the name, or that several could be meant.
type NoPodError struct {
	Namespace, Name string
	Several         []string // Pods of the namespace that could be meant
	Near            string   // a Pod of the namespace with a similar name, "" for none
	Elsewhere       string   // a namespace that has a Pod of that name, "" for none
}

func (e *NoPodError) Error() string {
	switch {
	case e.Name == "" && len(e.Several) == 0:
		return fmt.Sprintf("find a Pod: devloop has none in namespace %q", e.Namespace)
	case e.Name == "":
		return fmt.Sprintf("find a Pod: namespace %q has several of devloop's: %s", e.Namespace, strings.Join(e.Several, ", "))
	case len(e.Several) > 0:
		return fmt.Sprintf("find Pod %q: several begin with that name: %s", e.Name, strings.Join(e.Several, ", "))
	default:
		return fmt.Sprintf("find Pod %q: there is none in namespace %q", e.Name, e.Namespace)
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

// Find returns the Pod of that name in the runner's namespace. A Pod that a
// Deployment or the like made is found by its maker's name, too, where there is but
// one. Without a name it is the only Pod that devloop made there. The error is a
// [*NoPodError] where that is none or several.
func (r *Runner) Find(ctx context.Context, name string) (Pod, error) {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "pods/"), "pod/")
	p, err := r.find(ctx, name)
	if err != nil {
		return Pod{}, err
	}
	return kube.PodOf(p), nil
}

func (r *Runner) find(ctx context.Context, name string) (*corev1.Pod, error) {
	list, err := r.Core.CoreV1().Pods(r.Namespace()).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, r.WrapError(ctx, "list pods of", Object{Kind: "Namespace", Name: r.Namespace()}, err)
	}
	var meant []*corev1.Pod
	var names []string
	for i := range list.Items {
		p := &list.Items[i]
		names = append(names, p.Name)
		if p.Name == name && name != "" {
			return p, nil
		}
		if p.DeletionTimestamp == nil && (name == "" && kube.Owned(p) || name != "" && workload(p) == name) {
			meant = append(meant, p)
		}
	}
	if len(meant) == 1 {
		return meant[0], nil
	}
	e := &NoPodError{Namespace: r.Namespace(), Name: name, Near: spelling.Closest(name, names)}
	for _, p := range meant {
		e.Several = append(e.Several, p.Name)
	}
	if len(meant) == 0 {
		e.Elsewhere = r.elsewhere(ctx, name)
	}
	return nil, e
}

// workload is the name of the Deployment or the like that a Pod belongs to, its own
// for one without. A Deployment's Pods are named NAME-HASH-RANDOM, those of the
// other kinds NAME-RANDOM or NAME-NUMBER.
func workload(p *corev1.Pod) string {
	ref := metav1.GetControllerOf(p)
	if ref == nil {
		return kube.ManifestName(p)
	}
	if hash := p.Labels["pod-template-hash"]; hash != "" && ref.Kind == "ReplicaSet" {
		return strings.TrimSuffix(ref.Name, "-"+hash)
	}
	return ref.Name
}

// elsewhere returns a namespace in which devloop has a Pod of that name.
func (r *Runner) elsewhere(ctx context.Context, name string) string {
	all, err := r.List(ctx, Selection{})
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

// Inspection is all that the cluster knows about a Pod.
type Inspection struct {
	PodState
	Object *corev1.Pod
	Events []corev1.Event // in their order
	// Why explains what keeps the Pod from serving, nil where nothing does.
	Why *NotReadyError
}

// Inspect returns what the cluster knows about the Pod of that name, see
// [Runner.Find], and what is wrong with it.
func (r *Runner) Inspect(ctx context.Context, name string) (Inspection, error) {
	p, err := r.find(ctx, strings.TrimPrefix(name, "pod/"))
	if err != nil {
		return Inspection{}, err
	}
	i := Inspection{PodState: stateOf(p), Object: p}
	if i.Events, err = r.eventsOf(ctx, i.Pod, ""); err != nil {
		return Inspection{}, r.WrapError(ctx, "list events of", Object{Kind: "Pod", Namespace: p.Namespace, Name: p.Name}, err)
	}
	v := ailment(p)
	if v == nil {
		v = unpreparedNow(p, i.Events)
	}
	if v == nil {
		v = r.unheard(ctx, p)
	}
	if v != nil {
		i.Why = r.explain(ctx, i.Pod, p, *v)
		i.Trouble = i.Why.word()
	}
	return i, nil
}

// eventsOf returns the events of a Pod, in their order; kind "" stands for all.
func (r *Runner) eventsOf(ctx context.Context, p Pod, kind string) ([]corev1.Event, error) {
	selector := fields.Set{"involvedObject.uid": string(p.UID)}
	if kind != "" {
		selector["type"] = kind
	}
	list, err := r.Core.CoreV1().Events(p.Namespace).List(ctx, metav1.ListOptions{FieldSelector: selector.AsSelector().String()})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list.Items, func(a, b corev1.Event) int { return EventTime(a).Compare(EventTime(b)) })
	return list.Items, nil
}

// ailment is why a Pod does not serve at this moment, nil where it does, or where
// it is on its way and nothing speaks against it. Restarts of the past are past.
func ailment(p *corev1.Pod) *verdict {
	if p.DeletionTimestamp != nil {
		return nil
	}
	if v := diagnose(p, kube.PodOf(p).Restarts); v != nil {
		return v
	}
	if v := unschedulable(p); v != nil {
		return v
	}
	if kube.AllRunning(p) && !kube.IsReady(p) {
		return unready(p)
	}
	return nil
}

// unheard is about a Pod that has run long enough, without a probe that would tell, and
// does not listen on a port which it names; nil for every other.
func (r *Runner) unheard(ctx context.Context, p *corev1.Pod) *verdict {
	if !kube.AllRunning(p) || time.Since(lastStart(p)) < portPatience {
		return nil
	}
	prober := tunnel.Prober{Dial: r.dial, Pod: kube.PodOf(p)}
	defer prober.Close()
	for _, port := range prober.Pod.Ports {
		if _, err := prober.Ask(ctx, port); tunnel.IsRefused(err) {
			return new(silent(p, prober.Pod, port))
		}
	}
	return nil
}

// lastStart is when the last of a running Pod's containers was started.
func lastStart(p *corev1.Pod) (last time.Time) {
	for _, s := range p.Status.ContainerStatuses {
		if s.State.Running != nil && s.State.Running.StartedAt.After(last) {
			last = s.State.Running.StartedAt.Time
		}
	}
	return last
}

// Delete is [deploy.Deployer.Delete], with an error where there was nothing to delete: a
// [*ForeignError] for somebody else's Pod, a [*NoPodError] where there is none.
func (r *Runner) Delete(ctx context.Context, kind, name string) ([]Object, error) {
	removed, err := r.Deployer.Delete(ctx, kind, name)
	if err == nil && len(removed) == 0 {
		err = r.notOurs(ctx, kind, name)
	}
	return removed, err
}

// errMade is why a Pod can't be deleted alone.
var errMade = errors.New("it was made by another object, which would make it again")

// notOurs says why nothing of that name could be deleted.
func (r *Runner) notOurs(ctx context.Context, kind, name string) error {
	p, err := r.Core.CoreV1().Pods(r.Namespace()).Get(ctx, name, metav1.GetOptions{})
	o := Object{Kind: "Pod", Namespace: r.Namespace(), Name: name}
	switch {
	case apierrors.IsNotFound(err):
		_, err := r.find(ctx, name)
		var none *NoPodError
		if errors.As(err, &none) {
			return err
		}
		return &NoPodError{Namespace: r.Namespace(), Name: name}
	case err != nil:
		return r.WrapError(ctx, "read", o, err)
	case kube.Owned(p) && kube.ControllerOf(p) != "":
		return &DeployError{Verb: "delete", Object: o, Err: errMade,
			Advice: []string{"delete that one: devloop delete " + workload(p) + " -n " + p.Namespace}}
	default:
		return &ForeignError{Verb: "delete", Object: o, ManagedBy: p.Labels[kube.LabelManagedBy]}
	}
}
