package loader_test

import (
	"testing"

	"github.com/devloop-cli/devloop/loader/internal/loadertest"
)

func TestMain(m *testing.M) { loadertest.Main(m) }

// kindNode returns the labels of a node of a kind cluster.
func kindNode(cluster, role string) map[string]string {
	return map[string]string{"io.x-k8s.kind.cluster": cluster, "io.x-k8s.kind.role": role}
}
