// Package real decides whether a test may use the real thing.
//
// Most of devloop's edges are tested against what users have: a Docker engine, a
// kind cluster, Gradle, Maven. On a machine without one of them such a test is
// skipped and says why. Where the environment variable DEVLOOP_REQUIRE names it,
// as in DEVLOOP_REQUIRE=docker,kind,gradle,maven, the missing thing is a failure
// instead, so that a whole tier of tests can't vanish from CI unnoticed.
//
//	func TestLoad(t *testing.T) {
//		docker := real.Docker(t)
//		cluster := real.Kind(t)
//		…
//	}
//
// The cluster is made by hack/test-cluster.sh, never by a test: its name is
// [ClusterName] and its kubeconfig a file of its own, so that no test can reach a
// cluster that somebody works on.
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
	"testing"
	"time"

	"github.com/docker/docker/client"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// ClusterName is the kind cluster that tests use; its context is "kind-" + ClusterName.
const ClusterName = "devloop-test"

// Kubeconfig returns the path of the test cluster's own kubeconfig file:
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

// Docker returns a client of the machine's Docker engine, or skips t.
func Docker(t testing.TB) *client.Client {
	t.Helper()
	long(t)
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		missing(t, "docker", err)
	}
	t.Cleanup(func() { _ = docker.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if _, err := docker.Ping(ctx); err != nil {
		missing(t, "docker", err)
	}
	return docker
}

// Kind returns how to reach the test cluster's API server, or skips t.
func Kind(t testing.TB) *rest.Config {
	t.Helper()
	Docker(t)
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: Kubeconfig()}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules,
		&clientcmd.ConfigOverrides{CurrentContext: "kind-" + ClusterName}).ClientConfig()
	if err != nil {
		missing(t, "kind", fmt.Errorf("%w; hack/test-cluster.sh makes the cluster", err))
	}
	if err := answers(config); err != nil {
		missing(t, "kind", fmt.Errorf("%w; hack/test-cluster.sh brings the cluster back", err))
	}
	return config
}

// answers asks the API server whether it is ready.
func answers(config *rest.Config) error {
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	httpClient.Timeout = 5 * time.Second
	response, err := httpClient.Get(strings.TrimSuffix(config.Host, "/") + "/readyz")
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the API server of %q is not ready: %s", ClusterName, response.Status)
	}
	return nil
}

// Gradle skips t where no gradle is on the PATH.
func Gradle(t testing.TB) { t.Helper(); tool(t, "gradle", "gradle") }

// Maven skips t where no mvn is on the PATH.
func Maven(t testing.TB) { t.Helper(); tool(t, "maven", "mvn") }

// Java skips t where no javac is on the PATH.
func Java(t testing.TB) { t.Helper(); tool(t, "java", "javac") }

func tool(t testing.TB, what, name string) {
	t.Helper()
	long(t)
	if _, err := exec.LookPath(name); err != nil {
		missing(t, what, err)
	}
}

// long skips t in a run of the hermetic tests only, as `make test-short` does.
func long(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out the tests with real tools")
	}
}

// missing ends t: as a failure where DEVLOOP_REQUIRE names what, else as a skip.
func missing(t testing.TB, what string, why error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("DEVLOOP_REQUIRE"), ","), what) {
		t.Fatalf("DEVLOOP_REQUIRE names %s, which is not here: %v", what, why)
	}
	t.Skipf("no %s here: %v", what, why)
}

// FreePort returns a local port on which nobody listens.
func FreePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
