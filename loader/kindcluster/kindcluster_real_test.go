package kindcluster_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/loader/containerd"
	"github.com/devloop-cli/devloop/loader/internal/loadertest"
	"github.com/devloop-cli/devloop/loader/kindcluster"
)

const testCluster = "devloop-manager-test"

// managed is the test's own cluster, with its own kubeconfig and records.
type managed struct {
	docker  *client.Client
	options kindcluster.Options
}

func newManaged(t *testing.T) managed {
	t.Helper()
	real.Kind(t) // a machine that can make one has one
	k := managed{real.Docker(t), kindcluster.Options{
		Name: testCluster, Kubeconfig: filepath.Join(t.TempDir(), "kubeconfig"), StateDir: t.TempDir(),
		Progress: func(line string) { t.Log("  " + line) },
	}}
	k.removeAll(t)
	t.Cleanup(func() { k.removeAll(t) })
	return k
}

func (k managed) nodes(t *testing.T) []container.Summary {
	t.Helper()
	nodes, err := k.docker.ContainerList(context.Background(), container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("label", "io.x-k8s.kind.cluster="+testCluster))})
	if err != nil {
		t.Fatal(err)
	}
	return nodes
}

func (k managed) removeAll(t *testing.T) {
	for _, n := range k.nodes(t) {
		_ = k.docker.ContainerRemove(context.Background(), n.ID,
			container.RemoveOptions{Force: true, RemoveVolumes: true})
	}
}

func (k managed) ensure(t *testing.T, want kindcluster.Outcome) time.Duration {
	t.Helper()
	began := time.Now()
	got, why, err := kindcluster.New(k.docker, k.options).Ensure(t.Context())
	took := time.Since(began)
	t.Logf("%s: %s, in %s", got, why, took.Round(time.Millisecond))
	t.Log(strings.Join(fault.Of(err).Evidence, "\n"))
	if err != nil || got != want || why == "" {
		t.Fatalf("got %q, %q, %v; want %q and why", got, why, err, want)
	}
	config := must.Get(clientcmd.BuildConfigFromFlags("", k.options.Kubeconfig))(t)
	if _, err := loader.Detect(t.Context(), k.docker, "kind-"+testCluster, config.Host); err != nil {
		t.Errorf("the kubeconfig does not lead to the cluster: %v", err)
	}
	return took
}

func TestRealClusterIsManaged(t *testing.T) {
	k := newManaged(t)
	created := k.ensure(t, kindcluster.Created)
	if took := k.ensure(t, kindcluster.Existing); took > created/2 {
		t.Errorf("an existing cluster took %s, a new one %s", took, created)
	}
	own, stranger := k.options, k.options
	stranger.StateDir = t.TempDir()
	if _, err := kindcluster.New(k.docker, stranger).Stop(t.Context()); fault.Of(err).Code != "cluster.broken" {
		t.Errorf("stopped a cluster that devloop did not make: %v", err)
	}
	for _, want := range []bool{true, false} {
		if stopped, err := kindcluster.New(k.docker, own).Stop(t.Context()); err != nil || stopped != want {
			t.Fatalf("stop: got %v, %v, want %v", stopped, err, want)
		}
	}
	k.ensure(t, kindcluster.Started)
	_, err := kindcluster.New(k.docker, stranger).Delete(t.Context())
	if !strings.Contains(strings.Join(fault.Of(err).Hints, ""), "kind delete cluster --name "+testCluster) {
		t.Errorf("got %v, want a refusal with kind's command", err)
	}
	if len(k.nodes(t)) != 1 {
		t.Fatal("a cluster that devloop did not make is gone")
	}
	for _, want := range []bool{true, false} {
		if deleted, err := kindcluster.New(k.docker, own).Delete(t.Context()); err != nil || deleted != want {
			t.Errorf("delete: got %v, %v, want %v", deleted, err, want)
		}
	}
	if len(k.nodes(t)) != 0 {
		t.Error("the cluster is still there")
	}
}

// A creation that is cancelled leaves nothing, whenever that is; one that was killed is found and made again.
func TestRealCreationCutShort(t *testing.T) {
	real.Long(t)
	k := newManaged(t)
	errQuit := errors.New("Ctrl+C")
	ctx, cancel := context.WithCancelCause(t.Context())
	options := k.options
	options.Progress = func(line string) {
		if strings.Contains(line, "control-plane") {
			cancel(errQuit)
		}
	}
	began := time.Now()
	_, _, err := kindcluster.New(k.docker, options).Ensure(ctx)
	t.Logf("cancelled and unwound after %s", time.Since(began).Round(time.Millisecond))
	if !errors.Is(err, errQuit) || len(k.nodes(t)) != 0 {
		t.Fatalf("got %v and %d nodes; want the cause and none", err, len(k.nodes(t)))
	}

	// What a killed devloop leaves: a record without an end, and a node without Kubernetes.
	k.ensure(t, kindcluster.Created)
	record := filepath.Join(k.options.StateDir, "clusters", testCluster+".json")
	text := testfile.Read(t, record)
	unfinished := strings.Replace(string(text), `"finished":true`, `"finished":false`, 1)
	if unfinished == string(text) {
		t.Fatalf("the record does not say that the creation has finished: %s", text)
	}
	testfile.Write(t, "", record, unfinished)
	k.ensure(t, kindcluster.Existing) // it answers: only the record is completed
	testfile.Write(t, "", record, unfinished)
	must.Do(t, k.docker.ContainerKill(t.Context(), k.nodes(t)[0].ID, "KILL"))
	k.ensure(t, kindcluster.Recreated)
}

// Three nodes of a cluster of the test's own, whose nodes are broken in turn.
func TestRealKindConformsWithSeveralNodes(t *testing.T) {
	real.Long(t)
	k := newManaged(t)
	k.options.Nodes = 3
	k.ensure(t, kindcluster.Created)
	target := loadertest.Target{Loader: containerd.NewKind(k.docker, testCluster), Spare: true, Large: 1 << 30}
	for _, name := range []string{"-worker", "-worker2", "-control-plane"} {
		target.Nodes = append(target.Nodes, loadertest.Container{Docker: k.docker, ID: testCluster + name})
	}
	loadertest.Run(t, target)
}
