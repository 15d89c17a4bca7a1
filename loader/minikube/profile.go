// Package minikube finds minikube's clusters, and how images reach their nodes.
//
//	cluster, found, err := minikube.Find(ctx, docker, load.Endpoint{Context: "minikube", Server: server})
//
// It reads minikube's own files. The program is run only to load an image, where nothing else reaches the nodes.
package minikube

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/loader/dockerd"
	"github.com/devloop-cli/devloop/loader/internal/load"
)

const (
	// nodeLabel is on every container of minikube (k8s.io/minikube/pkg/drivers/kic/oci/types.go, CreatedByLabelKey).
	nodeLabel = "created_by.minikube.sigs.k8s.io"
	// defaultPort is the API server's in a node (k8s.io/minikube/pkg/minikube/constants, APIServerPort).
	defaultPort = 8443
	// enginePort is where a node's Docker engine listens (DockerDaemonPort, there).
	enginePort = 2376
)

// profile is what minikube's file says of a cluster (k8s.io/minikube/pkg/minikube/config/types.go, ClusterConfig).
type profile struct {
	Name             string
	Driver           string // "docker", "kvm2", "none", …
	APIServerPort    int
	KubernetesConfig struct{ ContainerRuntime string } // "docker", "containerd", "crio"; "" is docker
	Nodes            []struct {
		Name, IP string
		Port     int
	}
}

// home is where minikube keeps its files (k8s.io/minikube/pkg/minikube/localpath, MiniPath).
func home() string {
	dir := os.Getenv("MINIKUBE_HOME")
	if filepath.Base(dir) == ".minikube" {
		return dir
	}
	if dir == "" {
		dir, _ = os.UserHomeDir()
	}
	return filepath.Join(dir, ".minikube")
}

// readProfile returns minikube's profile of that name, false if it does not exist.
func readProfile(home, name string) (profile, bool, error) {
	if name == "" || filepath.Base(name) != name {
		return profile{}, false, nil
	}
	path := filepath.Join(home, "profiles", name, "config.json")
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return profile{}, false, nil
	}
	p := profile{}
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return p, false, fmt.Errorf("read minikube's profile %q: %w", path, err)
	}
	p.Name = name
	return p, true, nil
}

// runtime is what runs containers in the nodes.
func (p profile) runtime() string { return cmp.Or(p.KubernetesConfig.ContainerRuntime, "docker") }

// machines are the names of the nodes' containers or virtual machines, the first node's first.
func (p profile) machines() []string {
	var all []string
	for _, n := range p.Nodes {
		if n.Name == "" || len(p.Nodes) == 1 {
			all = append(all, p.Name)
		} else {
			all = append(all, p.Name+"-"+n.Name)
		}
	}
	return all
}

func (p profile) product() load.Product {
	return load.Product{Name: "minikube", Cluster: p.Name, Start: "minikube start --profile " + p.Name}
}

// port is where the API server listens in a node.
func (p profile) port() uint16 { return uint16(cmp.Or(p.APIServerPort, defaultPort)) }

// serves reports whether an endpoint is the address of one of the profile's nodes.
func (p profile) serves(e load.Endpoint) bool {
	host, port := e.HostPort()
	for _, n := range p.Nodes {
		want := strconv.Itoa(cmp.Or(n.Port, int(p.port())))
		if port == want && (n.IP != "" && n.IP == host || p.Driver == "none" && load.IsThisMachine(host)) {
			return true
		}
	}
	return false
}

// containers returns those of the profile's nodes, by name.
func (p profile) containers(ctx context.Context, docker client.APIClient) ([]container.Summary, error) {
	all, err := load.Containers(ctx, docker, nodeLabel, "true")
	machines := p.machines()
	return slices.DeleteFunc(all,
		func(c container.Summary) bool { return !slices.Contains(machines, load.ContainerName(c)) }), err
}

// engines connects to the Docker engines in the nodes. A container publishes the engine's port on this machine; a
// virtual machine has an address of its own. On error the engines that were connected are returned too.
func (p profile) engines(home string, nodes []container.Summary) ([]dockerd.Engine, error) {
	var all []dockerd.Engine
	add := func(name, address string) error {
		e, err := dockerd.DialTLS(name, address, filepath.Join(home, "certs"))
		if err == nil {
			all = append(all, e)
		}
		return err
	}
	for _, c := range nodes {
		i := slices.IndexFunc(c.Ports,
			func(port container.Port) bool { return port.PrivatePort == enginePort && port.PublicPort != 0 })
		if i < 0 {
			return all, load.Unsupported(p.Name,
				fmt.Sprintf("node %q does not publish its engine's port %d", load.ContainerName(c), enginePort))
		}
		if err := add(load.ContainerName(c),
			net.JoinHostPort("127.0.0.1", strconv.Itoa(int(c.Ports[i].PublicPort)))); err != nil {
			return all, err
		}
	}
	if nodes != nil {
		return all, nil
	}
	for i, name := range p.machines() {
		if err := add(name, net.JoinHostPort(p.Nodes[i].IP, strconv.Itoa(enginePort))); err != nil {
			return all, err
		}
	}
	return all, nil
}
