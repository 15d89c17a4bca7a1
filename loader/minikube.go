package loader

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
)

const (
	// minikubeLabel marks every container that minikube made
	// (k8s.io/minikube/pkg/drivers/kic/oci/types.go, CreatedByLabelKey).
	minikubeLabel = "created_by.minikube.sigs.k8s.io"
	// minikubePort is where the API server listens in a node, unless the profile says
	// otherwise (k8s.io/minikube/pkg/minikube/constants, APIServerPort).
	minikubePort = 8443
	// enginePort is where a node's Docker engine listens (DockerDaemonPort, there).
	enginePort = 2376
)

// profile is what minikube's own file says of a cluster
// (k8s.io/minikube/pkg/minikube/config/types.go, ClusterConfig).
type profile struct {
	Name             string
	Driver           string // "docker", "kvm2", "none", …
	APIServerPort    int
	KubernetesConfig struct{ ContainerRuntime string } // "docker", "containerd", "crio"; "" is docker
	Nodes            []struct {
		Name, IP     string
		Port         int
		ControlPlane bool
	}
}

// minikubeHome is where minikube keeps its files
// (k8s.io/minikube/pkg/minikube/localpath, MiniPath).
func minikubeHome() string {
	dir := os.Getenv("MINIKUBE_HOME")
	if filepath.Base(dir) == ".minikube" {
		return dir
	}
	if dir == "" {
		dir, _ = os.UserHomeDir()
	}
	return filepath.Join(dir, ".minikube")
}

// readProfile returns minikube's profile of that name, false if there is none.
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

func (p profile) terms() terms {
	return terms{"minikube", p.Name, "minikube start --profile " + p.Name}
}

// minikubeCluster recognises minikube. What it knows it knows from minikube's files: no
// minikube program is run, unless images can't be brought to the nodes in another way.
func minikubeCluster(ctx context.Context, s *search) (Cluster, bool, error) {
	home := minikubeHome()
	p, known, err := readProfile(home, s.context)
	if err != nil || !known {
		return Cluster{}, known, err
	}
	cluster := Cluster{Product: "minikube", Name: p.Name, Nodes: slices.Sorted(slices.Values(p.machines()))}
	if p.Driver == "docker" && os.Getenv("MINIKUBE_ACTIVE_DOCKERD") != p.Name {
		return p.inContainers(ctx, s, home, cluster)
	}
	if !p.leads(s.server) {
		return Cluster{}, true, s.foreign("it is not the address of minikube's profile %q", p.Name)
	}
	switch {
	case p.runtime() == "docker" && (p.Driver == "none" || os.Getenv("MINIKUBE_ACTIVE_DOCKERD") == p.Name):
		cluster.Way, cluster.loader = sharedWay, &shared{docker: s.docker, node: p.Name}
	case p.runtime() == "docker":
		cluster.loader = &Engines{terms: p.terms(), dial: func(context.Context) ([]engine, error) { return p.engines(home, nil) }}
	default:
		cluster.Way, cluster.loader = p.commandWay(), &command{profile: p.Name}
	}
	return cluster, true, nil
}

// inContainers finishes the search where the nodes are containers of the engine.
func (p profile) inContainers(ctx context.Context, s *search, home string, cluster Cluster) (Cluster, bool, error) {
	find := func(ctx context.Context) ([]container.Summary, error) { return p.containers(ctx, s.docker) }
	nodes, err := find(ctx)
	if err == nil {
		err = p.terms().check(nodes)
	}
	if err != nil {
		return Cluster{}, true, err
	}
	port, local := localPort(s.server)
	public := local && slices.ContainsFunc(nodes, func(c container.Summary) bool { return publishes(c, p.port(), port) })
	if !public && !p.leads(s.server) {
		return Cluster{}, true, s.foreign("it is not the address of minikube's profile %q", p.Name)
	}
	switch p.runtime() {
	case "containerd":
		cluster.loader = &Containers{docker: s.docker, find: find, terms: p.terms()}
	case "docker":
		cluster.loader = &Engines{terms: p.terms(), dial: func(ctx context.Context) ([]engine, error) {
			nodes, err := find(ctx)
			if err == nil {
				err = p.terms().check(nodes)
			}
			if err != nil {
				return nil, err
			}
			return p.engines(home, nodes)
		}}
	default:
		cluster.Way, cluster.loader = p.commandWay(), &command{profile: p.Name}
	}
	return cluster, true, nil
}

// port is where the API server listens in a node.
func (p profile) port() uint16 { return uint16(cmp.Or(p.APIServerPort, minikubePort)) }

// leads says whether a server's URL is the address of one of the profile's nodes.
func (p profile) leads(server string) bool {
	host, port := hostPort(server)
	for _, n := range p.Nodes {
		want := strconv.Itoa(cmp.Or(n.Port, int(p.port())))
		if port == want && (n.IP != "" && n.IP == host || p.Driver == "none" && thisMachine(host)) {
			return true
		}
	}
	return false
}

// containers returns those of the profile's nodes, by name.
func (p profile) containers(ctx context.Context, docker client.APIClient) ([]container.Summary, error) {
	all, err := labelled(ctx, docker, minikubeLabel, "true")
	machines := p.machines()
	return slices.DeleteFunc(all, func(c container.Summary) bool { return !slices.Contains(machines, nameOf(c)) }), err
}

// engines returns the Docker engines in the nodes. In a container its port is published
// on this machine, in a virtual machine it is the node's own.
func (p profile) engines(home string, nodes []container.Summary) ([]engine, error) {
	var all []engine
	add := func(name, address string) error {
		e, err := dialTLS(name, address, filepath.Join(home, "certs"))
		all = append(all, e)
		return err
	}
	for _, c := range nodes {
		i := slices.IndexFunc(c.Ports, func(port container.Port) bool { return port.PrivatePort == enginePort && port.PublicPort != 0 })
		if i < 0 {
			return nil, unsupported(p.Name, fmt.Sprintf("node %q does not publish its engine's port %d", nameOf(c), enginePort))
		}
		if err := add(nameOf(c), net.JoinHostPort("127.0.0.1", strconv.Itoa(int(c.Ports[i].PublicPort)))); err != nil {
			return nil, err
		}
	}
	if nodes != nil {
		return all, nil
	}
	for i, name := range p.machines() {
		if err := add(name, net.JoinHostPort(p.Nodes[i].IP, strconv.Itoa(enginePort))); err != nil {
			return nil, err
		}
	}
	return all, nil
}
