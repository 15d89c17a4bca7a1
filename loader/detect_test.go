package loader_test

import (
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/loader/containerd"
	"github.com/devloop-cli/devloop/loader/internal/loadertest"
)

// aKind returns an engine with the kind cluster "dev", whose API server is published at port 34131 of the machine.
func aKind(t *testing.T) (*loadertest.Engine, *loadertest.FakeNode) {
	engine := loadertest.NewEngine(t)
	engine.AddNode("dev-worker", kindNode("dev", "worker"))
	control := engine.AddNode("dev-control-plane", kindNode("dev", "control-plane"))
	control.Ports = []container.Port{{IP: "127.0.0.1", PrivatePort: 6443, PublicPort: 34131}}
	return engine, control
}

func TestDetectFindsKind(t *testing.T) {
	engine, _ := aKind(t)
	for _, server := range []string{"https://127.0.0.1:34131", "https://localhost:34131", "https://[::1]:34131",
		"https://0.0.0.0:34131"} {
		cluster, err := loader.Detect(t.Context(), engine.Client, "kind-dev", server)
		if err != nil {
			t.Fatalf("%s: %v", server, err)
		}
		if got := strings.Join(cluster.Nodes, " "); cluster.Product != "kind" || cluster.Name != "dev" ||
			got != "dev-control-plane dev-worker" {
			t.Errorf("%s: got %+v", server, cluster)
		}
	}
}

// TestDetectFindsARenamedContext: kubectl config rename-context, and tools that merge kubeconfigs.
func TestDetectFindsARenamedContext(t *testing.T) {
	engine, _ := aKind(t)
	cluster, err := loader.Detect(t.Context(), engine.Client, "laptop", "https://127.0.0.1:34131")
	if err != nil || cluster.Product != "kind" || cluster.Name != "dev" {
		t.Errorf("got %+v, %v", cluster, err)
	}
}

func TestDetectFindsKindBehindItsLoadBalancer(t *testing.T) {
	engine := loadertest.NewEngine(t)
	engine.AddNode("ha-control-plane", kindNode("ha", "control-plane"))
	balancer := engine.AddNode("ha-external-load-balancer", kindNode("ha", "external-load-balancer"))
	balancer.Ports = []container.Port{{PrivatePort: 6443, PublicPort: 4000}}
	cluster, err := loader.Detect(t.Context(), engine.Client, "kind-ha", "https://127.0.0.1:4000")
	if err != nil || len(cluster.Nodes) != 1 || cluster.Nodes[0] != "ha-control-plane" {
		t.Errorf("got %+v, %v; want the control plane and no load balancer", cluster, err)
	}
}

func TestDetectRefusesWhatIsNotLocal(t *testing.T) {
	engine, _ := aKind(t)
	for name, c := range map[string]struct{ context, server, why string }{
		"a cloud's":                     {"prod", "https://34.1.2.3", "no container of kind or k3d"},
		"a cloud's, named like kind's":  {"kind-dev", "https://34.1.2.3:34131", "not on this machine"},
		"a tunnel, named like kind's":   {"kind-dev", "https://127.0.0.1:9999", "port 9999"},
		"a kind cluster that is gone":   {"kind-gone", "https://127.0.0.1:34131", `kind cluster "gone"`},
		"a port of something else":      {"laptop", "https://127.0.0.1:34132", "no container of kind or k3d"},
		"a URL that can't be read":      {"kind-dev", "https://127.0.0.1:port", "not on this machine"},
		"a name that only looks local":  {"kind-dev", "https://127.0.0.1.example.com:34131", "not on this machine"},
		"no server in the kube context": {"kind-dev", "", "not on this machine"},
	} {
		_, err := loader.Detect(t.Context(), engine.Client, c.context, c.server)
		f := fault.Of(err)
		if f.Code != loader.CodeNotLocal || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: got %v, want %s that says %q", name, err, loader.CodeNotLocal, c.why)
			continue
		}
		if hints := strings.Join(f.Hints, "\n"); !strings.Contains(hints, "devloop setup") ||
			!strings.Contains(hints, "--allow-context "+c.context) {
			t.Errorf("%s: hints %q", name, hints)
		}
	}
}

func TestStoppedClusterIsSaidToBeStopped(t *testing.T) {
	engine, control := aKind(t)
	control.State, control.Ports = container.StateExited, nil
	_, detected := loader.Detect(t.Context(), engine.Client, "kind-dev", "https://127.0.0.1:34131")
	_, loaded := containerd.NewKind(engine.Client, "dev").Load(t.Context(), "app:1", loadertest.NewImage(t))
	for _, err := range []error{detected, loaded} {
		if f := fault.Of(err); f.Code != "cluster.stopped" ||
			!strings.Contains(strings.Join(f.Hints, ""), "devloop setup") {
			t.Errorf("got %v, want a stopped cluster and its cure", err)
		}
	}
}

func TestEngineThatDoesNotAnswer(t *testing.T) {
	docker, err := client.NewClientWithOpts(client.WithHost("tcp://127.0.0.1:1"), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	_, detected := loader.Detect(t.Context(), docker, "kind-dev", "https://127.0.0.1:34131")
	_, loaded := containerd.NewKind(docker, "dev").Load(t.Context(), "app:1", loadertest.NewImage(t))
	for _, err := range []error{detected, loaded} {
		if fault.Of(err).Code != "docker.unreachable" {
			t.Errorf("got %v, want docker.unreachable", err)
		}
	}
}

// TestClusterOfAnotherEngineIsRefusedWithTheReason: the containers of a cluster that kind made with Podman are not
// Docker's.
func TestClusterOfAnotherEngineIsRefusedWithTheReason(t *testing.T) {
	engine, _ := aKind(t)
	for provider, want := range map[string]string{"": "DOCKER_HOST or `docker context use` choose the engine",
		"docker": "choose the engine", "podman": "KIND_EXPERIMENTAL_PROVIDER has kind make its clusters with podman"} {
		t.Setenv("KIND_EXPERIMENTAL_PROVIDER", provider)
		if _, err := loader.Detect(t.Context(),
			engine.Client, "kind-gone", "https://127.0.0.1:34131"); fault.Of(err).Code != loader.CodeNotLocal ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", provider, err)
		}
	}
}
