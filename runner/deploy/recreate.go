package deploy

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/runner/kube"
)

// graceSeconds is what a replaced Pod gets to end by itself, whatever its manifest
// says. An application that was started through a shell never sees the SIGTERM, and
// would cost Kubernetes' 30 seconds at each save.
const graceSeconds = 2

// makeNamespace makes a namespace unless it is there.
func (d *Deployer) makeNamespace(ctx context.Context, name string, s Spec) error {
	o := kube.Ref{Kind: "Namespace", Name: name}
	_, err := d.Core.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
	if err == nil {
		return nil
	}
	if !apierrors.IsNotFound(err) {
		return d.WrapError(ctx, "read", o, err)
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	mark(namespace, s)
	_, err = d.Core.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{FieldManager: kube.FieldManager})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return d.WrapError(ctx, "create", o, err)
	}
	return nil
}

// recreate deletes what stands under the target's name, waits until it is gone,
// and makes the target. Its right to delete has been looked at before.
//
// An object that comes in between is looked at anew: it is this very one where the
// answer to its creation was lost, and it may be somebody else's.
func (d *Deployer) recreate(ctx context.Context, t targetObject) (*unstructured.Unstructured, error) {
	for try := 1; ; try++ {
		old, err := t.resource.Get(ctx, t.GetName(), metav1.GetOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return nil, d.WrapError(ctx, "read", t.object(), err)
		}
		if err == nil {
			if err := d.makeWay(ctx, t.at(old)); err != nil {
				return nil, err
			}
		}
		made, err := d.create(ctx, t)
		if !apierrors.IsAlreadyExists(err) || try == recreations {
			return made, err
		}
		if err := d.refuse(ctx, t, t.GetName(), Spec{}); err != nil {
			return nil, err
		}
	}
}

// sign notes what the target is, to find it unchanged the next time.
func (t targetObject) sign() {
	if t.GetKind() != "Pod" {
		return
	}
	t.SetAnnotations(with(t.GetAnnotations(), map[string]string{kube.AnnotationApplied: digest(t.Object)}))
}

// keepsOld are the controllers whose Pods say nothing of the template that they were made from:
// some leave old Pods alone, and of a DaemonSet's one can't tell which are new.
var keepsOld = []string{"ReplicaSet", "ReplicationController", "DaemonSet"}

// signTemplate notes in the Pods of such a controller what they are made from.
func signTemplate(o *unstructured.Unstructured) {
	if slices.Contains(keepsOld, o.GetKind()) {
		made, _, _ := unstructured.NestedFieldNoCopy(o.Object, "spec", "template")
		addToPods(o, "annotations", map[string]string{kube.AnnotationApplied: digest(made)})
	}
}

// signature returns what signTemplate noted, "" for none.
func signature(o *unstructured.Unstructured) string {
	if !slices.Contains(keepsOld, o.GetKind()) {
		return ""
	}
	signed, _, _ := unstructured.NestedString(o.Object, "spec", "template", "metadata", "annotations", kube.AnnotationApplied)
	return signed
}

// digest stands for a part of a manifest: another one has another digest.
func digest(part any) string {
	text, err := json.Marshal(part)
	if err != nil {
		panic(err) // it came from JSON or YAML
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))
}

// keep leaves a Pod without the project's image as it is, such as a database's, unless the manifest
// says something else of it now, or it has ended: an edit of the project does not concern it.
func (d *Deployer) keep(ctx context.Context, t targetObject) (*unstructured.Unstructured, error) {
	there, err := t.resource.Get(ctx, t.GetName(), metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, d.WrapError(ctx, "read", t.object(), err)
	}
	if err == nil && kube.Owned(there) && there.GetDeletionTimestamp() == nil && there.GetAnnotations()[kube.AnnotationApplied] == t.GetAnnotations()[kube.AnnotationApplied] {
		phase, _, _ := unstructured.NestedString(there.Object, "status", "phase")
		if phase != string(corev1.PodSucceeded) && phase != string(corev1.PodFailed) {
			return there, nil
		}
	}
	return d.recreate(ctx, t)
}

// recreations is how often an object is made that another one comes before.
const recreations = 3

// makeWay removes what stands where the next one is to be.
//
// A Pod that shares nothing with its successor is let go at once: the API server
// forgets it, and the node ends it as ever, with SIGTERM and the Pod's own grace
// period, while the next one is made already. That saves the second or so that passes
// until the node has noticed the end of the containers and told of it.
func (d *Deployer) makeWay(ctx context.Context, t targetObject) error {
	if t.GetKind() != "Pod" {
		return d.remove(ctx, t)
	}
	pod, err := podFrom(t.Unstructured)
	if err != nil {
		return err
	}
	if sharesNothing(pod) {
		return d.removePod(ctx, kube.PodRef(pod), 0)
	}
	return d.removePod(ctx, kube.PodRef(pod), graceSeconds)
}

// remove deletes an object and the Pods that it made, and waits until these are
// gone. It deletes exactly these: one of the same name with another UID is somebody
// else's, and stays.
func (d *Deployer) remove(ctx context.Context, t targetObject) error {
	if t.GetKind() == "Pod" {
		return d.removePod(ctx, kube.PodRef(t), graceSeconds)
	}
	pods, err := d.podsBelow(ctx, t.Unstructured)
	if err != nil {
		return err
	}
	err = t.resource.Delete(ctx, t.GetName(), deleteOptions(t.GetUID()))
	if err != nil && !kube.IsNotFoundOrReplaced(err) {
		return d.WrapError(ctx, "delete", t.object(), err)
	}
	for i := range pods {
		if err := d.removePod(ctx, kube.PodRef(&pods[i]), graceSeconds); err != nil {
			return err
		}
	}
	return nil
}

func deleteOptions(uid types.UID) metav1.DeleteOptions {
	background := metav1.DeletePropagationBackground
	return metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(uid)), PropagationPolicy: &background}
}

// removePod deletes a Pod, unless that has happened, and waits until it is gone. Its
// containers get grace seconds to end by themselves; with 0 it is gone at once.
func (d *Deployer) removePod(ctx context.Context, p kube.Pod, grace int64) error {
	options := deleteOptions(p.UID)
	options.GracePeriodSeconds = &grace
	err := d.Core.CoreV1().Pods(p.Namespace).Delete(ctx, p.Name, options)
	if err != nil && !kube.IsNotFoundOrReplaced(err) {
		return d.WrapError(ctx, "delete", p.Ref(), err)
	}
	return d.WaitPodGone(ctx, p, false)
}

// sharesNothing says whether a Pod holds nothing of its node that the next one of its
// kind would have to wait for: a port of the node, or a volume that outlives it.
func sharesNothing(pod *corev1.Pod) bool {
	if pod.Spec.HostNetwork {
		return false
	}
	for _, v := range pod.Spec.Volumes {
		if v.HostPath != nil || v.PersistentVolumeClaim != nil || v.CSI != nil || v.NFS != nil || v.ISCSI != nil || v.Ephemeral != nil {
			return false
		}
	}
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			if p.HostPort != 0 {
				return false
			}
		}
	}
	return true
}

// create makes the target. In a new namespace, and in a new cluster, it is refused
// until a controller has made the service account that Pods run under.
func (d *Deployer) create(ctx context.Context, t targetObject) (*unstructured.Unstructured, error) {
	for {
		made, err := t.resource.Create(ctx, t.Unstructured, metav1.CreateOptions{FieldManager: kube.FieldManager})
		if err == nil {
			return made, nil
		}
		account := serviceAccount(t.Unstructured)
		if !lacksAccount(err, account) {
			return nil, d.WrapError(ctx, "create", t.object(), err)
		}
		if err := d.accountMade(ctx, t.GetNamespace(), account); err != nil {
			return nil, err
		}
	}
}

// lacksAccount recognises the refusal of Kubernetes' ServiceAccount admission
// plugin, which has a text and no reason of its own.
func lacksAccount(err error, account string) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), fmt.Sprintf("serviceaccount %q not found", account))
}

func serviceAccount(o *unstructured.Unstructured) string {
	if name, _, _ := unstructured.NestedString(o.Object, "spec", "serviceAccountName"); name != "" {
		return name
	}
	return "default"
}

// accountMade waits for the default service account. Another one is the
// manifest's own to make, so its absence is an error at once.
func (d *Deployer) accountMade(ctx context.Context, namespace, account string) error {
	o := kube.Ref{Kind: "ServiceAccount", Namespace: namespace, Name: account}
	if account != "default" {
		return &kube.APIError{Verb: "find", Object: o, Err: fmt.Errorf("namespace %q has no such service account", namespace),
			Advice: []string{fmt.Sprintf("add a ServiceAccount named %q to the manifest, in namespace %q", account, namespace)}}
	}
	options := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", account).String()}
	events, err := d.Stream.CoreV1().ServiceAccounts(namespace).Watch(ctx, options)
	if err != nil {
		return d.WrapError(ctx, "wait for", o, err)
	}
	defer events.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait for %s: %w", o, context.Cause(ctx))
	case <-events.ResultChan(): // it is there, or the watch ended: creating tells
		return nil
	}
}
