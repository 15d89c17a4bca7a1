// Package namespace gives tests namespaces of their own in a cluster.
//
//	name := namespace.New(t, real.Kind(t), "runner-") // is removed when t ends, or by a later test if t is killed
package namespace

import (
	"context"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"

	"github.com/devloop-cli/devloop/internal/must"
)

// label marks the namespaces that this package made.
const label = "devloop-cli.github.io/test"

// abandoned is the age from which on no test can still use its namespace: none may take so long.
const abandoned = 3 * time.Hour

// accountTimeout bounds the wait for the account that Pods of a new namespace run as.
const accountTimeout = time.Minute

// swept is done once by each test binary.
var swept sync.Once

// New makes a namespace whose name begins with prefix.
func New(t testing.TB, config *rest.Config, prefix string) string {
	t.Helper()
	client := must.Get(typed.NewForConfig(config))(t)
	swept.Do(func() { sweep(t, client.Namespaces()) })
	made, err := client.Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix, Labels: map[string]string{label: ""}}},
		metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := remove(context.WithoutCancel(t.Context()), client.Namespaces(), made); err != nil {
			t.Errorf("remove the test's namespace: %v", err)
		}
	})
	err = wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, accountTimeout, true,
		func(ctx context.Context) (bool, error) {
			_, err := client.ServiceAccounts(made.Name).Get(ctx, "default", metav1.GetOptions{})
			return err == nil, nil
		})
	if err != nil {
		t.Fatalf("wait for the service account of %s: %v", made.Name, err)
	}
	return made.Name
}

func remove(ctx context.Context, namespaces typed.NamespaceInterface, n *corev1.Namespace) error {
	now := int64(0)
	return namespaces.Delete(ctx, n.Name,
		metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &n.UID}})
}

// sweep removes what tests left that were killed.
func sweep(t testing.TB, namespaces typed.NamespaceInterface) {
	t.Helper()
	all := must.Get(namespaces.List(t.Context(), metav1.ListOptions{LabelSelector: label}))(t)
	for _, n := range all.Items {
		if time.Since(n.CreationTimestamp.Time) < abandoned {
			continue
		}
		if err := remove(t.Context(), namespaces, &n); err != nil {
			t.Logf("namespace %s of an earlier test stays: %v", n.Name, err)
		}
	}
}
