package loader_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/loader/internal/loadertest"
)

// A real minikube is tested where hack/minikube.sh has started it. What devloop meets of one can be had in another way,
// too: its files, and a node that is a privileged container with minikube's label and a real containerd, or a real
// Docker engine behind TLS, in it. Both are made of kind's node image.

func TestRealMinikubeConforms(t *testing.T) {
	real.Long(t)
	docker := real.Docker(t)
	home, server := real.Minikube(t)
	const profile = "devloop-minikube"
	t.Setenv("MINIKUBE_HOME", home)
	t.Setenv("MINIKUBE_ACTIVE_DOCKERD", "")
	cluster := must.Get(loader.Detect(t.Context(), docker, profile, server))(t)
	if cluster.Product != "minikube" || strings.Join(cluster.Nodes, " ") != profile || cluster.TransferNote != "" {
		t.Errorf("got %+v", cluster)
	}
	loadertest.Run(t, loadertest.Target{Loader: cluster.Loader,
		Nodes: []loadertest.Node{loadertest.Container{Docker: docker, ID: profile}}})
}

// nodeImage returns the engine's node image, or skips t.
func nodeImage(t *testing.T, docker *client.Client) string {
	t.Helper()
	for _, ref := range []string{os.Getenv("DEVLOOP_TEST_NODE_IMAGE"), "devloop/node:v1.37.2"} {
		if ref != "" {
			if _, err := docker.ImageInspect(t.Context(), ref); err == nil {
				return ref
			}
		}
	}
	t.Skip("the engine has no node image")
	return ""
}

// minikubeNode starts a node of minikube's make. before is called with its ID before it starts.
func minikubeNode(t *testing.T, docker *client.Client, name string, config container.Config,
	before func(id string)) container.InspectResponse {
	t.Helper()
	config.Image, config.Hostname = nodeImage(t, docker), name
	config.Labels = map[string]string{"created_by.minikube.sigs.k8s.io": "true"}
	ports := nat.PortMap{}
	for port := range config.ExposedPorts {
		ports[port] = []nat.PortBinding{{HostIP: "127.0.0.1"}}
	}
	_ = docker.ContainerRemove(t.Context(), name, container.RemoveOptions{Force: true, RemoveVolumes: true})
	created, err := docker.ContainerCreate(t.Context(), &config, &container.HostConfig{
		Privileged: true, SecurityOpt: []string{"seccomp=unconfined"}, Tmpfs: map[string]string{"/tmp": "", "/run": ""}, PortBindings: ports,
	}, nil, nil, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = docker.ContainerRemove(context.Background(), created.ID,
			container.RemoveOptions{Force: true, RemoveVolumes: true})
	})
	if before != nil {
		before(created.ID)
	}
	must.Do(t, docker.ContainerStart(t.Context(), created.ID, container.StartOptions{}))
	return must.Get(docker.ContainerInspect(t.Context(), created.ID))(t)
}

func TestRealMinikubeWithContainerdConforms(t *testing.T) {
	real.Long(t)
	docker := real.Docker(t)
	const name = "devloop-test-minikube"
	minikubeNode(t, docker, name, container.Config{Volumes: map[string]struct{}{"/var": {}}}, nil)
	minikubeFiles(t, name, fmt.Sprintf(`{"Name": %q, "Driver": "docker", "KubernetesConfig": {"ContainerRuntime": "containerd"}, "Nodes": [{"IP": "192.168.49.2", "Port": 8443}]}`, name))
	cluster := must.Get(loader.Detect(t.Context(), docker, name, "https://192.168.49.2:8443"))(t)
	loadertest.Run(t, loadertest.Target{Loader: cluster.Loader,
		Nodes: []loadertest.Node{loadertest.Container{Docker: docker, ID: name}}, Spare: true})
}

// engineNode starts a node with a Docker engine behind TLS, as minikube's docker runtime
// has one, and returns a client of it and what loads into it.
func engineNode(t *testing.T, dockerd string, options ...string) (*client.Client, loader.Loader) {
	t.Helper()
	docker := real.Docker(t)
	const name = "devloop-test-minikube-engine"
	home := minikubeFiles(t, name, fmt.Sprintf(`{"Name": %q, "Driver": "docker", "KubernetesConfig": {"ContainerRuntime": "docker"}, "Nodes": [{"IP": "192.168.49.2", "Port": 8443}]}`, name))
	certs := filepath.Join(home, "certs")
	server := certificates(t, certs)
	program := testfile.Read(t, dockerd)
	server["dockerd"] = program
	minikubeNode(t, docker, name, container.Config{
		Entrypoint: append([]string{"/engine/dockerd", "--host", "tcp://0.0.0.0:2376", "--tlsverify", "--tlscacert", "/engine/ca.pem", "--tlscert", "/engine/cert.pem", "--tlskey", "/engine/key.pem",
			"--bridge", "none", "--iptables=false", "--ip6tables=false", "--userland-proxy=false"}, options...),
		Volumes: map[string]struct{}{"/var/lib/docker": {}}, ExposedPorts: nat.PortSet{"2376/tcp": {}},
	}, func(id string) {
		must.Do(t, docker.CopyToContainer(t.Context(), id, "/", tarOf(t, "engine/", server),
			container.CopyToContainerOptions{}))
	})
	cluster := must.Get(loader.Detect(t.Context(), docker, name, "https://192.168.49.2:8443"))(t)
	node := must.Get(docker.ContainerInspect(t.Context(), name))(t)
	file := func(name string) string { return filepath.Join(certs, name) }
	inNode, err := client.NewClientWithOpts(client.WithHost(
		"tcp://127.0.0.1:"+node.NetworkSettings.Ports["2376/tcp"][0].HostPort),
		client.WithTLSClientConfig(file("ca.pem"), file("cert.pem"), file("key.pem")),
		client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = inNode.Close() })
	deadline := time.Now().Add(time.Minute)
	for _, err = inNode.Ping(t.Context()); err != nil; _, err = inNode.Ping(t.Context()) {
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	return inNode, cluster.Loader
}

func tarOf(t *testing.T, dir string, content map[string][]byte) *bytes.Buffer {
	t.Helper()
	var data bytes.Buffer
	files := tar.NewWriter(&data)
	for name, text := range content {
		if err := errors.Join(files.WriteHeader(&tar.Header{Name: dir + name, Mode: 0o755, Size: int64(len(text))}),
			func() error { _, err := files.Write(text); return err }()); err != nil {
			t.Fatal(err)
		}
	}
	must.Do(t, files.Close())
	return &data
}

// certificates makes an authority and, signed by it, what a client needs, in dir, and what
// the engine needs, which is returned.
func certificates(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "minikubeCA"},
		NotAfter: time.Now().Add(time.Hour),
		IsCA:     true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caKey := must.Get(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	sign := func(c *x509.Certificate, key *ecdsa.PrivateKey) []byte {
		der := must.Get(x509.CreateCertificate(rand.Reader, c, ca, &key.PublicKey, caKey))(t)
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	authority := sign(ca, caKey)
	pair := func(usage x509.ExtKeyUsage) map[string][]byte {
		key := must.Get(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
		der := must.Get(x509.MarshalECPrivateKey(key))(t)
		cert := sign(&x509.Certificate{SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour),
			ExtKeyUsage: []x509.ExtKeyUsage{usage}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, key)
		return map[string][]byte{"ca.pem": authority, "cert.pem": cert,
			"key.pem": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})}
	}
	must.Do(t, os.MkdirAll(dir, 0o755))
	for name, text := range pair(x509.ExtKeyUsageClientAuth) {
		testfile.Write(t, dir, name, string(text))
	}
	return pair(x509.ExtKeyUsageServerAuth)
}

// newEngine is the dockerd of hack/second-engine.sh, "" where that has not made it.
func newEngine() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	found, _ := filepath.Glob(filepath.Join(cache, "devloop/engine/*/dockerd"))
	return slices.Max(append(found, ""))
}

// The engine in a node gets what it does not have, whatever happened to it before.
func TestRealMinikubeWithDocker(t *testing.T) {
	real.Long(t)
	ours, _ := exec.LookPath("dockerd")
	for _, c := range []struct {
		name, dockerd string
		options       []string
		project       string // of all images
	}{
		{"this machine's engine", ours, nil, ""},
		{"engine 28", newEngine(), nil, ""},
		{"engine 28 with containerd's image store", newEngine(), []string{"--feature", "containerd-snapshotter=true"}, "conformance"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.dockerd == "" {
				t.Skip("no such dockerd here to put into a node")
			}
			engine, load := engineNode(t, c.dockerd, c.options...)
			conforms(t, engine, load, c.project)
		})
	}
}

func conforms(t *testing.T, engine *client.Client, load loader.Loader, project string) {
	newImage := func(t *testing.T, layers ...v1.Layer) v1.Image {
		img := loadertest.NewImage(t, layers...)
		if project != "" {
			img = loadertest.OfProject(t, project, img)
		}
		return img
	}
	loaded := func(t *testing.T, tag string, img v1.Image, least, most int64) loader.Report {
		t.Helper()
		report := must.Get(load.Load(t.Context(), "devloop-conformance:"+tag, img))(t)
		found, err := engine.ImageInspect(t.Context(), "devloop-conformance:"+tag)
		config, _ := img.ConfigFile()
		if err != nil || fmt.Sprint(found.RootFS.Layers) != fmt.Sprint(config.RootFS.DiffIDs) {
			t.Errorf("%s: the engine has %v, want %v; %v", tag, found.RootFS.Layers, config.RootFS.DiffIDs, err)
		}
		n := report.Nodes[0]
		if n.Sent != report.Sent || n.Sent < least || n.Sent > most || !strings.HasPrefix(n.Proof, "complete (") {
			t.Errorf("%s: %+v, want %d to %d bytes", tag, n, least, most)
		}
		return report
	}
	const large, small, config = 2 << 20, 20 << 10, 8 << 10
	base, app := loadertest.NewLayer(t, large), loadertest.NewLayer(t, small)
	one := newImage(t, base, app)
	loaded(t, "fresh", one, large+small, large+small+config)
	loaded(t, "fresh", one, 0, 0)
	loaded(t, "another-name", one, 1, config)
	loaded(t, "changed", newImage(t, base, loadertest.NewLayer(t, small)), small, small+config)
	loaded(t, "changed-base", newImage(t, loadertest.NewLayer(t, large), app), large+small, large+small+config)
	loaded(t, "twice", newImage(t, app, base, app), large+small, large+small+config)

	for _, tag := range []string{"fresh", "another-name", "changed", "changed-base", "twice"} {
		must.Get(engine.ImageRemove(t.Context(), "devloop-conformance:"+tag,
			image.RemoveOptions{PruneChildren: true}))(t)
	}
	loaded(t, "fresh", one, large+small, large+small+config) // removed behind our back

	errSaved := errors.New("a newer save came")
	ctx, cancel := context.WithCancelCause(t.Context())
	cut := loadertest.NewLayer(t, 2*large)
	cut.AtHalf = func() { cancel(errSaved) }
	img := newImage(t, base, cut)
	if _, err := load.Load(ctx, "devloop-conformance:cut", img); !errors.Is(err, errSaved) {
		t.Errorf("error %v, want the context's cause", err)
	}
	cut.AtHalf = nil
	loaded(t, "cut", img, 2*large, 2*large+config)

	of := func() v1.Image {
		return loadertest.OfProject(t, "conformance", newImage(t, base, loadertest.NewLayer(t, small)))
	}
	for i := range 4 {
		loaded(t, fmt.Sprintf("devloop-%d", i), of(), small, small+config)
	}
	for i, want := range []bool{false, false, true, true} { // the last two stay
		if _, err := engine.ImageInspect(t.Context(),
			fmt.Sprintf("devloop-conformance:devloop-%d", i)); (err == nil) != want {
			t.Errorf("devloop-%d: %v, want it there: %v", i, err, want)
		}
	}

	errs := make(chan error)
	for i := range 2 {
		go func() {
			_, err := load.Load(t.Context(), fmt.Sprintf("devloop-conformance:at-once-%d", i),
				newImage(t, base, loadertest.NewLayer(t, small)))
			errs <- err
		}()
	}
	if err := errors.Join(<-errs, <-errs); err != nil {
		t.Error(err)
	}

	const node = "devloop-test-minikube-engine"
	docker := real.Docker(t)
	must.Do(t, docker.ContainerStop(t.Context(), node, container.StopOptions{}))
	_, err := load.Load(t.Context(), "devloop-conformance:stopped", one)
	if fault.Of(err).Code != "cluster.stopped" {
		t.Errorf("got %v, want a stopped cluster", err)
	}
}
