package containerd_test

import (
	"testing"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/loader/containerd"
	"github.com/devloop-cli/devloop/loader/internal/loadertest"
)

// kindNode returns the labels of a node of the kind cluster.
func kindNode(cluster, role string) map[string]string {
	return map[string]string{"io.x-k8s.kind.cluster": cluster, "io.x-k8s.kind.role": role}
}

func fakeKind(t *testing.T, nodes ...string) (*loadertest.Engine, loadertest.Target) {
	t.Helper()
	engine := loadertest.NewEngine(t)
	kind := containerd.NewKind(engine.Client, "fake")
	t.Cleanup(func() { _ = kind.Close() })
	target := loadertest.Target{Loader: kind, Spare: true}
	for _, name := range nodes {
		target.Nodes = append(target.Nodes, engine.AddNode(name, kindNode("fake", "control-plane")))
	}
	engine.AddNode("fake-external-load-balancer", kindNode("fake", "external-load-balancer"))
	return engine, target
}

func TestKindConforms(t *testing.T) {
	_, target := fakeKind(t, "fake-control-plane")
	loadertest.Run(t, target)
}

func TestKindConformsWithSeveralNodes(t *testing.T) {
	_, target := fakeKind(t, "fake-control-plane", "fake-worker", "fake-worker2")
	loadertest.Run(t, target)
}

func TestRealKindConforms(t *testing.T) {
	real.Kind(t)
	docker := real.Docker(t)
	large := map[bool]int64{false: 64 << 20, true: 512 << 20}[real.LongTier()] // in bytes
	loadertest.Run(t, loadertest.Target{
		Loader: containerd.NewKind(docker, real.ClusterName), Large: large,
		Nodes: []loadertest.Node{loadertest.Container{Docker: docker, ID: real.ClusterName + "-control-plane"}},
	})
}
