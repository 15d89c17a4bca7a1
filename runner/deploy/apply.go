package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/util/retry"

	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/definition"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/render"
)

// applier creates and updates objects.
type applier struct{ client *cluster.Client }

// apply sets the fields that the manifest names, and leaves others alone. It takes over fields that
// another manager set: the user wants the manifest's value, and [guard] has refused foreign objects.
func (a applier) apply(ctx context.Context, t target) (*unstructured.Unstructured, error) {
	var made *unstructured.Unstructured
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() (err error) { // another client may write at the same time
		made, err = t.resource.Apply(ctx, t.GetName(), t.Unstructured,
			metav1.ApplyOptions{FieldManager: kube.FieldManager, Force: true})
		return err
	})
	if err != nil {
		return nil, a.client.WrapError(ctx, "apply", t.ref(), err)
	}
	return made, nil
}

func (a applier) applyAll(ctx context.Context, targets []target) error {
	for _, t := range targets {
		made, err := a.apply(ctx, t)
		if err == nil && definition.Is(made) {
			err = a.established(ctx, t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// established waits until the cluster serves the kind that a CustomResourceDefinition defines.
func (a applier) established(ctx context.Context, t target) error {
	for {
		events, err := t.resource.Watch(ctx,
			metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", t.GetName()).String()})
		if err != nil {
			return a.client.WrapError(ctx, "wait for", t.ref(), err)
		}
		for e := range events.ResultChan() {
			if o, is := e.Object.(*unstructured.Unstructured); is && definition.IsEstablished(o) {
				events.Stop()
				return nil
			}
		}
		events.Stop() // the server ends every watch after some minutes
		if ctx.Err() != nil {
			return fmt.Errorf("wait until the cluster serves the kind of %s: %w", t.ref(), context.Cause(ctx))
		}
	}
}

// makeNamespaces creates the namespaces that the targets need and that do not exist. It waits for the end of those that
// are being removed, as after devloop down.
func (a applier) makeNamespaces(ctx context.Context, targets []target, s render.Spec) error {
	done := map[string]bool{"": true, metav1.NamespaceDefault: true}
	for _, t := range targets {
		if t.GetKind() == "Namespace" {
			done[t.GetName()] = true // the manifest creates it
			if _, err := a.namespaceExists(ctx, t.GetName()); err != nil {
				return err
			}
		}
	}
	for _, t := range targets {
		if done[t.GetNamespace()] {
			continue
		}
		done[t.GetNamespace()] = true
		if err := a.makeNamespace(ctx, t.GetNamespace(), s); err != nil {
			return err
		}
	}
	return nil
}

func (a applier) makeNamespace(ctx context.Context, name string, s render.Spec) error {
	exists, err := a.namespaceExists(ctx, name)
	if exists || err != nil {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	render.Mark(namespace, s)
	_, err = a.client.Core.CoreV1().Namespaces().Create(ctx, namespace,
		metav1.CreateOptions{FieldManager: kube.FieldManager})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return a.client.WrapError(ctx, "create", kube.Ref{Kind: "Namespace", Name: name}, err)
	}
	return nil
}

const (
	// leavingTimeout limits the wait for a namespace that is being removed. Kubernetes takes some 10 seconds for an
	// empty one.
	leavingTimeout = 30 * time.Second
	// leavingPause is the time between two looks whether it is gone.
	leavingPause = 200 * time.Millisecond
)

// namespaceExists reports whether a namespace exists. It waits for the end of one that is being removed.
func (a applier) namespaceExists(ctx context.Context, name string) (exists bool, err error) {
	o := kube.Ref{Kind: "Namespace", Name: name}
	for end := time.Now().Add(leavingTimeout); ; {
		now, err := a.client.Core.CoreV1().Namespaces().Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return false, nil
		case err != nil:
			return false, a.client.WrapError(ctx, "read", o, err)
		case now.DeletionTimestamp == nil:
			return true, nil
		case time.Now().After(end):
			return false, &kube.APIError{Verb: "create", Object: o, Err: errors.New("it is still being removed"),
				Advice: []string{"see what keeps it: kubectl describe namespace " + name}}
		case !pause.For(ctx, leavingPause):
			return false, fmt.Errorf("wait for the end of %s: %w", o, context.Cause(ctx))
		}
	}
}

// create creates an object. In a new namespace, and in a new cluster, the API server refuses Pods
// until a controller has created the service account that they run under.
func (a applier) create(ctx context.Context, t target) (*unstructured.Unstructured, error) {
	for {
		made, err := t.resource.Create(ctx, t.Unstructured, metav1.CreateOptions{FieldManager: kube.FieldManager})
		if err == nil {
			return made, nil
		}
		account := serviceAccount(t.Unstructured)
		if !isAccountMissing(err, account) {
			return nil, a.client.WrapError(ctx, "create", t.ref(), err)
		}
		if err := a.awaitAccount(ctx, t.GetNamespace(), account); err != nil {
			return nil, err
		}
	}
}

// isAccountMissing recognizes the refusal of Kubernetes' ServiceAccount admission plugin. It has a
// text of its own, and no reason.
func isAccountMissing(err error, account string) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(),
		fmt.Sprintf("serviceaccount %q not found", account))
}

func serviceAccount(o *unstructured.Unstructured) string {
	if name, _, _ := unstructured.NestedString(o.Object, "spec", "serviceAccountName"); name != "" {
		return name
	}
	return "default"
}

// awaitAccount waits for the default service account. Any other is the manifest's to create, so it
// is an error at once if that is missing.
func (a applier) awaitAccount(ctx context.Context, namespace, account string) error {
	o := kube.Ref{Kind: "ServiceAccount", Namespace: namespace, Name: account}
	if account != "default" {
		return &kube.APIError{Verb: "find", Object: o,
			Err: fmt.Errorf("namespace %q has no such service account", namespace),
			Advice: []string{fmt.Sprintf("add a ServiceAccount named %q to the manifest, in namespace %q",
				account, namespace)}}
	}
	options := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", account).String()}
	events, err := a.client.Stream.CoreV1().ServiceAccounts(namespace).Watch(ctx, options)
	if err != nil {
		return a.client.WrapError(ctx, "wait for", o, err)
	}
	defer events.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("wait for %s: %w", o, context.Cause(ctx))
	case <-events.ResultChan(): // it exists, or the watch has ended: the next creation tells
		return nil
	}
}
