// Package real gives tests access to real tools, or skips them.
//
// Many tests use what users have: a Docker engine, a kind cluster, Gradle, Maven. If a tool is missing, the test is
// skipped with the reason. If the environment variable DEVLOOP_REQUIRE names the tool
// (DEVLOOP_REQUIRE=docker,kind,gradle,maven), the test fails instead, so that CI cannot lose a tier of tests unnoticed.
//
//	func TestLoad(t *testing.T) {
//		docker := real.Docker(t)
//		cluster := real.Kind(t)
//		…
//	}
//
// hack/test-cluster.sh creates the cluster; tests never do. It is called [ClusterName] and has its own
// kubeconfig, so that no test can touch a cluster that somebody works with.
package real

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/client"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// ClusterName is the kind cluster of the tests; its context is "kind-" + ClusterName.
const ClusterName = "devloop-test"

// Kubeconfig returns the path of the test cluster's kubeconfig:
// DEVLOOP_TEST_KUBECONFIG, or devloop/test.kubeconfig in the user's cache directory.
func Kubeconfig() string {
	if path := os.Getenv("DEVLOOP_TEST_KUBECONFIG"); path != "" {
		return path
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "devloop", "test.kubeconfig")
}

// patience bounds the wait for an answer of an engine or a cluster that is there: both are slow on a busy machine.
const patience = 30 * time.Second

// Docker returns a client for the machine's Docker engine, or skips t. Images of projects in t's temporary directories
// are removed when t ends.
func Docker(t testing.TB) *client.Client {
	t.Helper()
	NotShort(t)
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		missing(t, "docker", err)
	}
	t.Cleanup(func() { _ = docker.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := docker.Ping(ctx); err != nil {
		missing(t, "docker", err)
	}
	RemoveImages(t, docker)
	return docker
}

// Kind returns the configuration of a client for the test cluster, or skips t.
func Kind(t testing.TB) *rest.Config {
	t.Helper()
	Docker(t)
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: Kubeconfig()}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules,
		&clientcmd.ConfigOverrides{CurrentContext: "kind-" + ClusterName}).ClientConfig()
	if err != nil {
		missing(t, "kind", fmt.Errorf("%w; hack/test-cluster.sh creates the cluster", err))
	}
	if err := answers(config); err != nil {
		missing(t, "kind", fmt.Errorf("%w; hack/test-cluster.sh restarts the cluster", err))
	}
	return config
}

// answers asks the API server whether it is ready.
func answers(config *rest.Config) error {
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	httpClient.Timeout = patience
	response, err := httpClient.Get(strings.TrimSuffix(config.Host, "/") + "/readyz")
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the API server at %s is not ready: %s", config.Host, response.Status)
	}
	return nil
}

// Gradle skips t if gradle is not on the PATH.
func Gradle(t testing.TB) { t.Helper(); tool(t, "gradle", "gradle") }

// GradleVersion returns the command of a Gradle that hack/gradle.sh has made, or skips t.
func GradleVersion(t testing.TB, version string) string {
	t.Helper()
	Java(t)
	cache, err := os.UserCacheDir()
	command := filepath.Join(cache, "devloop", "gradle", version, "bin", "gradle")
	if err == nil {
		_, err = os.Stat(command)
	}
	if err != nil {
		missing(t, "gradle-"+version, fmt.Errorf("%w; hack/gradle.sh %s makes it", err, version))
	}
	return command
}

// Maven skips t if mvn is not on the PATH.
func Maven(t testing.TB) { t.Helper(); tool(t, "maven", "mvn") }

// Chromium skips t if chromedriver is not on the PATH.
func Chromium(t testing.TB) { t.Helper(); tool(t, "chromium", "chromedriver") }

// Minikube returns the home of the minikube that runs for the tests, and the address of its API server, or skips t.
func Minikube(t testing.TB) (home, server string) {
	t.Helper()
	Docker(t)
	cache, err := os.UserCacheDir()
	home = filepath.Join(cache, "devloop", "minikube")
	var config *rest.Config
	if err == nil {
		config, err = clientcmd.BuildConfigFromFlags("", filepath.Join(home, "kubeconfig"))
	}
	if err == nil {
		err = answers(config)
	}
	if err != nil {
		missing(t, "minikube", fmt.Errorf("%w; hack/minikube.sh starts one", err))
	}
	return home, config.Host
}

// Java skips t if javac is not on the PATH.
func Java(t testing.TB) { t.Helper(); tool(t, "java", "javac") }

func tool(t testing.TB, what, name string) {
	t.Helper()
	NotShort(t)
	if _, err := exec.LookPath(name); err != nil {
		missing(t, what, err)
	}
}

// NotShort skips t if only quick hermetic tests run, as with `make test-short`. Tests ask it, and not
// testing.Short, because hack/test.sh finds their packages by the import of this one.
func NotShort(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short skips tests with real tools, and slow ones")
	}
}

// missing skips t, or fails it if DEVLOOP_REQUIRE names the missing tool.
func missing(t testing.TB, what string, why error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("DEVLOOP_REQUIRE"), ","), what) {
		t.Fatalf("DEVLOOP_REQUIRE names %s, which is missing: %v", what, why)
	}
	t.Skipf("no %s: %v", what, why)
}

// Ports of FreePort: those that systems choose by themselves begin above.
const (
	firstPort = 20_000
	ports     = 12_000
)

// lastPort counts the ports that FreePort has returned. Test binaries that run at the same time begin far from each
// other.
var lastPort atomic.Int32

func init() { lastPort.Store(int32(os.Getpid() * 101 % ports)) }

// FreePort returns a free local port that no other test of this process gets, and no connection that is made meanwhile.
func FreePort(t testing.TB) string {
	t.Helper()
	for range ports {
		port := strconv.Itoa(firstPort + int(lastPort.Add(1))%ports)
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no local port is free")
	return ""
}
