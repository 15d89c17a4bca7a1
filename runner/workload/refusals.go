package workload

import (
	"context"
	"errors"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/runner/kube"
)

// refusalPause is the time between two looks for a refusal.
const refusalPause = time.Second

// refusals notices that the cluster does not let a controller make its Pods: a quota is used up, a service
// account is missing, a rule of the namespace forbids the Pod. The controller tries again for ever. A
// ReplicaSet says so in a condition, the other kinds in events.
type refusals struct {
	Workloads
	of     *unstructured.Unstructured
	looked time.Time
	first  time.Time // when the refusal was first seen, zero for none
}

// check returns an error once the cluster has refused for limits.refused: a new namespace has no service
// account for a moment, and a Pod that ends still counts for the quota.
func (f *refusals) check(ctx context.Context) error {
	if time.Since(f.looked) < min(refusalPause, f.limits.refused) {
		return nil
	}
	f.looked = time.Now()
	message, err := f.message(ctx)
	switch {
	case err != nil || message == "":
		f.first = time.Time{}
		return err
	case f.first.IsZero():
		f.first = time.Now()
		return nil
	case time.Since(f.first) < f.limits.refused:
		return nil
	}
	return &kube.APIError{Verb: "make the Pods of", Object: kube.RefOf(f.of), Err: errors.New(message),
		Advice: kube.AdviceForRefusal(message, f.of.GetNamespace())}
}

// message returns what the cluster said last, "" if it refused nothing.
func (f *refusals) message(ctx context.Context) (string, error) {
	var conditions []appsv1.ReplicaSetCondition
	switch f.of.GetKind() {
	case "Deployment":
		set, err := f.newestReplicaSet(ctx, f.of)
		if set == nil || err != nil {
			return "", err
		}
		conditions = set.Status.Conditions
	case "ReplicaSet":
		set, err := f.client.Core.AppsV1().ReplicaSets(f.of.GetNamespace()).Get(ctx, f.of.GetName(),
			metav1.GetOptions{})
		if err != nil {
			return "", f.client.WrapError(ctx, "read", kube.RefOf(f.of), err)
		}
		conditions = set.Status.Conditions
	default:
		return f.event(ctx, f.of.GetUID())
	}
	for _, c := range conditions {
		if c.Type == appsv1.ReplicaSetReplicaFailure && c.Status == corev1.ConditionTrue {
			return c.Message, nil
		}
	}
	return "", nil
}

// event returns the message of the controller's last event about a Pod that it could not make.
func (f *refusals) event(ctx context.Context, of types.UID) (message string, err error) {
	selector := fields.Set{"involvedObject.uid": string(of), "reason": "FailedCreate"}.AsSelector().String()
	events, err := f.client.Core.CoreV1().Events(f.of.GetNamespace()).List(ctx,
		metav1.ListOptions{FieldSelector: selector})
	if err != nil {
		return "", f.client.WrapError(ctx, "list events of", kube.RefOf(f.of), err)
	}
	last := changedAt(f.of) // earlier ones are about earlier attempts
	for _, e := range events.Items {
		if e.InvolvedObject.UID == of && e.Reason == "FailedCreate" && !e.LastTimestamp.Time.Before(last) {
			last, message = e.LastTimestamp.Time, e.Message
		}
	}
	return message, nil
}

// changedAt is when an object was changed last, by the clock of the cluster: it may differ from this machine's.
func changedAt(o *unstructured.Unstructured) time.Time {
	last := o.GetCreationTimestamp().Time
	for _, f := range o.GetManagedFields() {
		if f.Time != nil && f.Time.After(last) {
			last = f.Time.Time
		}
	}
	return last
}
