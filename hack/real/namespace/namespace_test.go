package namespace

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/devloop-cli/devloop/internal/must"
)

// TestOnlyOldNamespacesOfTestsAreRemoved: another run's are in use, and others are not the tests' at all.
func TestOnlyOldNamespacesOfTestsAreRemoved(t *testing.T) {
	t.Parallel()
	named := func(name string, age time.Duration, labels map[string]string) *corev1.Namespace {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels,
			CreationTimestamp: metav1.NewTime(time.Now().Add(-age))}}
	}
	ours := map[string]string{label: ""}
	client := fake.NewClientset(named("runner-old", abandoned+time.Minute, ours),
		named("runner-new", time.Minute, ours), named("runner-foreign", 2*abandoned, nil))
	sweep(t, client.CoreV1().Namespaces())
	left := must.Get(client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{}))(t)
	if len(left.Items) != 2 || left.Items[0].Name == "runner-old" || left.Items[1].Name == "runner-old" {
		t.Errorf("left are %v", left.Items)
	}
}
