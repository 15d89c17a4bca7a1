// Package kindcluster creates, restarts, repairs and deletes devloop's own kind cluster.
//
//	m := kindcluster.New(docker, kindcluster.Options{Name: "devloop", StateDir: dir})
//	outcome, why, err := m.Ensure(ctx) // kindcluster.Started, "its nodes had stopped"
//
// A record in StateDir says which clusters devloop created. Only those are ever stopped,
// recreated or deleted. Images are loaded into the nodes by package containerd.
package kindcluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"sigs.k8s.io/kind/pkg/cluster"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/loader/internal/load"
	"github.com/devloop-cli/devloop/loader/internal/nodeexec"
)

const (
	// startTimeout is how long a started cluster may take to answer: Kubernetes 1.37 took 10 to 25 s on two busy cores.
	startTimeout = 2 * time.Minute
	// probeTimeout bounds one question to the API server.
	probeTimeout = 10 * time.Second
	// cleanUpTimeout limits the removal of a cluster that was not finished.
	cleanUpTimeout = 30 * time.Second
	// probePause is the time between two questions.
	probePause = 500 * time.Millisecond
)

// State is the state of a kind cluster.
type State string

// The states. Incomplete is what devloop began to create; NotReady, that nodes run, but not all or no API server.
const (
	Absent     State = "absent"
	Running    State = "running"
	Stopped    State = "stopped"
	Incomplete State = "incomplete"
	NotReady   State = "not ready"
)

// Outcome says what [Manager.Ensure] did.
type Outcome string

// The outcomes of [Manager.Ensure].
const (
	Existing  Outcome = "existing"
	Created   Outcome = "created"
	Started   Outcome = "started"
	Recreated Outcome = "recreated"
)

// Options describe the cluster.
type Options struct {
	// Name is the cluster's name: "devloop" for the context "kind-devloop".
	Name string
	// Kubeconfig is the file that gets the cluster's context; empty: $KUBECONFIG, else ~/.kube/config, as for kubectl.
	Kubeconfig string
	// StateDir holds the records of the clusters that devloop created.
	StateDir string
	// Nodes is the number of nodes of a new cluster; 0 means one. The first is the control plane.
	Nodes int
	// Progress gets a short line for each step; it may be nil.
	Progress func(line string)
}

// Manager creates one kind cluster, and restarts or recreates it when its nodes stopped, its engine was killed, or its
// creation was interrupted. It never removes a cluster that devloop did not create.
type Manager struct {
	docker   client.APIClient
	provider provider
	records  records
	Options

	startTimeout time.Duration
}

// provider is the part of kind's library that is used.
type provider interface {
	Create(name string, options ...cluster.CreateOption) error
	Delete(name, kubeconfig string) error
	ExportKubeConfig(name, kubeconfig string, internal bool) error
}

// New returns the manager of one cluster. kind's library runs the docker command, which must be on the PATH.
func New(docker client.APIClient, o Options) *Manager {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	kind := cluster.NewProvider(cluster.ProviderWithDocker(), cluster.ProviderWithLogger(progressLog{o.Progress}))
	return &Manager{docker: docker, provider: kind, records: records{o.StateDir}, Options: o,
		startTimeout: startTimeout}
}

// containers returns the cluster's containers, running or not.
func (m *Manager) containers(ctx context.Context) ([]container.Summary, error) {
	return load.Containers(ctx, m.docker, load.KindClusterLabel, m.Name)
}

// State returns the state of the cluster. It changes nothing.
func (m *Manager) State(ctx context.Context) (State, error) {
	containers, err := m.containers(ctx)
	switch {
	case err != nil:
		return "", err
	case len(containers) == 0:
		return Absent, nil
	}
	stopped := slices.ContainsFunc(containers, load.IsStopped)
	switch {
	case !stopped && m.ready(ctx, containers) == nil:
		return Running, nil // whatever the record says: a cluster that works is never recreated
	case m.records.unfinished(m.Name):
		return Incomplete, ctxCause(ctx)
	case stopped:
		return Stopped, nil
	default:
		return NotReady, ctxCause(ctx)
	}
}

// Ensure makes sure that the cluster is ready, and says what it did and why. The error is cluster.failed if kind
// failed, and cluster.broken for a broken cluster that devloop did not create. When ctx ends during a creation, what
// was created is removed. Several Ensures for one cluster, in any process, run one after the other.
func (m *Manager) Ensure(ctx context.Context) (Outcome, string, error) {
	release, err := m.lock(ctx)
	if err != nil {
		return "", "", err
	}
	defer release()
	return m.ensure(ctx)
}

// lock waits until no other manager works on the cluster, and says that it waits.
func (m *Manager) lock(ctx context.Context) (release func(), err error) {
	return m.records.lock(ctx, m.Name, func() {
		m.Progress(fmt.Sprintf("waiting for another devloop, which works on cluster %q", m.Name))
	})
}

func (m *Manager) ensure(ctx context.Context) (Outcome, string, error) {
	state, err := m.State(ctx)
	if err != nil {
		return "", "", err
	}
	switch state {
	case Running:
		return Existing, "it is ready", m.finishRecord(ctx)
	case Absent:
		return Created, "there was none", m.create(ctx)
	case Incomplete:
		return Recreated, "its creation was interrupted", m.recreate(ctx, state)
	case Stopped:
		return m.restart(ctx, "its nodes had stopped")
	default:
		return m.restart(ctx, "its API server did not answer")
	}
}

// restart starts the stopped nodes and waits. A cluster that does not become ready is recreated if devloop created it.
func (m *Manager) restart(ctx context.Context, why string) (Outcome, string, error) {
	err := m.startNodes(ctx)
	if err == nil {
		err = m.waitReady(ctx)
	}
	if err == nil {
		return Started, why, nil
	}
	if ctx.Err() != nil {
		return "", "", ctxCause(ctx)
	}
	return Recreated, why + ", and a restart did not help", m.recreate(ctx, NotReady)
}

func (m *Manager) startNodes(ctx context.Context) error {
	containers, err := m.containers(ctx)
	if err != nil {
		return err
	}
	for _, c := range containers {
		if !load.IsStopped(c) {
			continue
		}
		m.Progress(fmt.Sprintf("starting node %q", load.ContainerName(c)))
		if err := m.docker.ContainerStart(ctx, c.ID, container.StartOptions{}); err != nil {
			return dockerapi.Error(ctx, fmt.Sprintf("start node %q", load.ContainerName(c)), err)
		}
	}
	return nil
}

func (m *Manager) waitReady(ctx context.Context) error {
	m.Progress("waiting for the API server")
	ctx, cancel := context.WithTimeoutCause(ctx, m.startTimeout,
		fmt.Errorf("the API server was not ready after %s", m.startTimeout))
	defer cancel()
	for {
		containers, err := m.containers(ctx)
		if err == nil {
			err = m.ready(ctx, containers)
		}
		if err == nil {
			return nil
		}
		if !pause.For(ctx, probePause) {
			return errors.Join(context.Cause(ctx), err)
		}
	}
}

// nodeReady checks, in the control plane and with kind's own kubectl, that the API server and all nodes are ready. Each
// command has a timeout of its own, because a process in a node goes on when its caller has given up.
const nodeReady = `export KUBECONFIG=/etc/kubernetes/admin.conf
kubectl get --raw /readyz --request-timeout=5s >/dev/null &&
  kubectl wait --for=condition=Ready nodes --all --timeout=1s --request-timeout=3s >/dev/null`

func (m *Manager) ready(ctx context.Context, containers []container.Summary) error {
	ctx, cancel := context.WithTimeoutCause(ctx, probeTimeout,
		fmt.Errorf("the API server did not answer within %s", probeTimeout))
	defer cancel()
	i := slices.IndexFunc(containers, load.IsKindControlPlane)
	if i < 0 {
		return errors.New("the cluster has no control plane")
	}
	_, err := nodeexec.Output(ctx, m.docker, containers[i].ID, "sh", "-c", nodeReady)
	return err
}

// finishRecord completes the record of a creation that ended without one.
func (m *Manager) finishRecord(ctx context.Context) error {
	if !m.records.unfinished(m.Name) {
		return nil
	}
	containers, err := m.containers(ctx)
	if err != nil || !m.records.own(m.Name, containers) {
		return err
	}
	return m.records.finish(m.Name, containers)
}

// WriteKubeconfig writes the cluster's context into the kubeconfig and makes it the current one, as kind does.
func (m *Manager) WriteKubeconfig() error {
	if err := m.provider.ExportKubeConfig(m.Name, m.Kubeconfig, false); err != nil {
		return m.failed("write the context of cluster %q into the kubeconfig", err)
	}
	return nil
}

func ctxCause(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("manage the cluster: %w", context.Cause(ctx))
}
