package loader_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/loader/internal/loadertest"
)

// minikubeFiles makes a home of minikube with one profile, and makes it the user's.
func minikubeFiles(t *testing.T, profile, config string) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), ".minikube")
	t.Setenv("MINIKUBE_HOME", home)
	t.Setenv("MINIKUBE_ACTIVE_DOCKERD", "")
	dir := filepath.Join(home, "profiles", profile)
	must.Do(t, os.MkdirAll(dir, 0o755))
	testfile.Write(t, dir, "config.json", config)
	return home
}

// The files are as minikube 1.36 writes them, what is not read left out.
const (
	containerdProfile = `{"Name": "mk", "Driver": "docker", "APIServerPort": 8443, "KubernetesConfig": {"ContainerRuntime": "containerd"},
		"Nodes": [{"Name": "", "IP": "192.168.49.2", "Port": 8443, "ControlPlane": true}, {"Name": "m02", "IP": "192.168.49.3", "Port": 0, "ControlPlane": false}]}`
	vmProfile   = `{"Name": "mk", "Driver": "kvm2", "KubernetesConfig": {"ContainerRuntime": "crio"}, "Nodes": [{"Name": "", "IP": "192.168.39.7", "Port": 8443, "ControlPlane": true}]}`
	bareProfile = `{"Name": "mk", "Driver": "none", "KubernetesConfig": {"ContainerRuntime": ""}, "Nodes": [{"Name": "", "IP": "10.0.0.5", "Port": 8443, "ControlPlane": true}]}`
)

// aMinikube is an engine with the containers of the containerd profile, and those of others.
func aMinikube(t *testing.T) *loadertest.Engine {
	t.Helper()
	engine := loadertest.NewEngine(t)
	made := map[string]string{"created_by.minikube.sigs.k8s.io": "true"}
	engine.AddNode("mk", made).Ports = []container.Port{{PrivatePort: 8443, PublicPort: 32771},
		{PrivatePort: 2376, PublicPort: 32772}}
	engine.AddNode("mk-m02", made)
	engine.AddNode("other", made)
	engine.AddNode("mk-m03", nil) // not minikube's
	return engine
}

func TestDetectFindsMinikubeInContainers(t *testing.T) {
	minikubeFiles(t, "mk", containerdProfile)
	engine := aMinikube(t)
	for _, server := range []string{"https://192.168.49.2:8443", "https://127.0.0.1:32771"} {
		cluster, err := loader.Detect(t.Context(), engine.Client, "mk", server)
		if err != nil || cluster.Product != "minikube" || strings.Join(cluster.Nodes, " ") != "mk mk-m02" ||
			cluster.TransferNote != "" {
			t.Errorf("%s: got %+v, %v", server, cluster, err)
		}
	}
	_, err := loader.Detect(t.Context(), engine.Client, "mk", "https://34.1.2.3:8443")
	if fault.Of(err).Code != loader.CodeNotLocal || !strings.Contains(err.Error(), `minikube's profile "mk"`) {
		t.Errorf("got %v, want a server that is not minikube's", err)
	}
	engine.Nodes()[0].State = container.StateExited
	_, err = loader.Detect(t.Context(), engine.Client, "mk", "https://192.168.49.2:8443")
	if f := fault.Of(err); f.Code != "cluster.stopped" || f.Hints[0] != "start it again: minikube start --profile mk" {
		t.Errorf("got %v, want a stopped cluster and its cure", err)
	}
}

// minikube's and k3d's nodes are loaded as kind's are, for which the suite is run: all nodes, and no other container.
func TestNodesInContainersAreLoaded(t *testing.T) {
	minikubeFiles(t, "mk", containerdProfile)
	engine := aMinikube(t)
	for name, role := range map[string]string{"k3d-dev-server-0": "server", "k3d-dev-agent-0": "agent",
		"k3d-dev-serverlb": "loadbalancer"} {
		node := engine.AddNode(name, map[string]string{"k3d.cluster": "dev", "k3d.role": role})
		if role == "loadbalancer" {
			node.Ports = []container.Port{{PrivatePort: 6443, PublicPort: 40001}}
		}
	}
	img := loadertest.NewImage(t, loadertest.NewLayer(t, 1000))
	for _, c := range []struct{ product, context, server, nodes string }{
		{"minikube", "mk", "https://192.168.49.2:8443", "mk mk-m02"},
		{"k3d", "k3d-dev", "https://0.0.0.0:40001", "k3d-dev-agent-0 k3d-dev-server-0"},
	} {
		cluster, err := loader.Detect(t.Context(), engine.Client, c.context, c.server)
		if err != nil || cluster.Product != c.product || strings.Join(cluster.Nodes, " ") != c.nodes {
			t.Fatalf("got %+v, %v", cluster, err)
		}
		report, err := cluster.Loader.Load(t.Context(), "app:1", img)
		if err != nil || len(report.Nodes) != 2 || report.Nodes[0].Name+" "+report.Nodes[1].Name != c.nodes ||
			report.Nodes[0].Sent == 0 {
			t.Errorf("%s: got %+v, %v", c.product, report, err)
		}
	}
}

func TestDetectSaysHowImagesComeElsewhere(t *testing.T) {
	for name, c := range map[string]struct {
		config, engine, context, server string
		product, way                    string
	}{
		"a virtual machine":    {vmProfile, "", "mk", "https://192.168.39.7:8443", "minikube", "the minikube command"},
		"minikube on the host": {bareProfile, "", "mk", "https://10.0.0.5:8443", "minikube", "share the engine's images"},
		"Docker Desktop":       {"{}", "Docker Desktop", "docker-desktop", "https://kubernetes.docker.internal:6443", "Docker Desktop", "share the engine's images"},
		"Rancher Desktop":      {"{}", "Rancher Desktop WSL Distribution", "rancher-desktop", "https://127.0.0.1:6443", "Rancher Desktop", "share the engine's images"},
	} {
		minikubeFiles(t, "mk", c.config)
		engine := loadertest.NewEngine(t)
		engine.Info.OperatingSystem = c.engine
		cluster, err := loader.Detect(t.Context(), engine.Client, c.context, c.server)
		if err != nil || cluster.Product != c.product || !strings.Contains(cluster.TransferNote, c.way) {
			t.Errorf("%s: got %+v, %v", name, cluster, err)
		}
	}
}

func TestDetectSaysWhatIsNotSupported(t *testing.T) {
	minikubeFiles(t, "mk", "{")
	engine := loadertest.NewEngine(t)
	engine.Info.OperatingSystem = "Debian GNU/Linux 12"
	_, err := loader.Detect(t.Context(), engine.Client, "rancher-desktop", "https://127.0.0.1:6443")
	if f := fault.Of(err); f.Code != "cluster.unsupported" || len(f.Hints) != 2 {
		t.Errorf("got %v, want that this engine is another", err)
	}
	if _, err := loader.Detect(t.Context(), engine.Client, "docker-desktop",
		"https://34.1.2.3:6443"); !strings.Contains(err.Error(), "not on this machine") {
		t.Errorf("got %v", err)
	}
	if _, err := loader.Detect(t.Context(), engine.Client, "mk", "https://192.168.49.2:8443"); err == nil ||
		!strings.Contains(err.Error(), "read minikube's profile") {
		t.Errorf("got %v, want a profile that can't be read", err)
	}
}

// The command gets a file with all of the image.
func TestMinikubeCommandIsTheLastResort(t *testing.T) {
	minikubeFiles(t, "mk", vmProfile)
	bin := t.TempDir()
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	engine := loadertest.NewEngine(t)
	cluster := must.Get(loader.Detect(t.Context(), engine.Client, "mk", "https://192.168.39.7:8443"))(t)
	img := loadertest.NewImage(t, loadertest.NewLayer(t, 1000), loadertest.NewLayer(t, 2000))
	play(t, bin,
		`[ "$1 $2 $3 $4" = "--profile mk image load" ] && tar -tf "$6" >&2 && tar -tf "$6" | grep -q manifest.json`)
	report, err := cluster.Loader.Load(t.Context(), "app:devloop-1", img)
	if err != nil || report.Sent < 3000 || !strings.Contains(report.Nodes[0].Note, "everything was sent") {
		t.Errorf("got %+v, %v", report, err)
	}
	play(t, bin, `echo "X Exiting due to GUEST_IMAGE_LOAD" >&2; exit 80`)
	_, err = cluster.Loader.Load(t.Context(), "app:devloop-1", img)
	if f := fault.Of(err); f.Code != "load.failed" ||
		!strings.Contains(strings.Join(f.Evidence, ""), "GUEST_IMAGE_LOAD") {
		t.Errorf("got %v, want minikube's words", err)
	}
}

// play puts a minikube into a directory that does what the script says.
func play(t *testing.T, bin, script string) {
	t.Helper()
	testfile.Write(t, bin, "minikube", "#!/bin/sh\n"+script+"\n")
}
