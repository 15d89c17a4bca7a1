package loader

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"sigs.k8s.io/kind/pkg/cluster"
)

const (
	// startTimeout is how long a cluster may take to answer after its nodes were
	// started. A node of Kubernetes 1.37 took 10 to 25 s on two busy cores.
	startTimeout = 2 * time.Minute
	// probeTimeout bounds one question to the API server.
	probeTimeout = 10 * time.Second
	// probePause is the time between two questions.
	probePause = 500 * time.Millisecond
)

// Condition is the state that a kind cluster is in.
type Condition string

// The conditions. A cluster is HalfMade when devloop began to make it and did not
// end, and Silent when its nodes run but its API server does not say that it is ready.
const (
	Absent   Condition = "absent"
	Running  Condition = "running"
	Stopped  Condition = "stopped"
	HalfMade Condition = "half-made"
	Silent   Condition = "silent"
)

// Outcome says what [Keeper.Ensure] did.
type Outcome string

// The outcomes of [Keeper.Ensure].
const (
	Existing  Outcome = "existing"
	Created   Outcome = "created"
	Started   Outcome = "started"
	Recreated Outcome = "recreated"
)

// KeeperOptions say which cluster is kept, and how one is made.
type KeeperOptions struct {
	// Name is the cluster's name: "devloop" for the context "kind-devloop".
	Name string
	// Kubeconfig is the file that gets the cluster's context; empty means kind's rule,
	// which is kubectl's: $KUBECONFIG, else ~/.kube/config.
	Kubeconfig string
	// StateDir holds the records of the clusters that devloop made.
	StateDir string
	// Nodes is how many nodes a new cluster gets; 0 means one. The first is its control
	// plane.
	Nodes int
	// NodeImage is the image of a new cluster's nodes; empty means what the engine has,
	// else kind's default.
	NodeImage string
	// Progress is told what is being done, a short line each time; nil is told nothing.
	Progress func(line string)
}

// Keeper makes a kind cluster, and brings it back when its nodes stopped, its engine
// was killed, or its making was cut short. It never removes a cluster that devloop
// did not make.
type Keeper struct {
	docker   client.APIClient
	provider *cluster.Provider
	records  records
	KeeperOptions
}

// NewKeeper returns the keeper of one cluster. kind's library runs the docker
// command: it must be on the PATH.
func NewKeeper(docker client.APIClient, o KeeperOptions) *Keeper {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	provider := cluster.NewProvider(cluster.ProviderWithDocker(), cluster.ProviderWithLogger(progressLog{o.Progress}))
	return &Keeper{docker: docker, provider: provider, records: records{o.StateDir}, KeeperOptions: o}
}

// Look says which condition the cluster is in. It changes nothing.
func (k *Keeper) Look(ctx context.Context) (Condition, error) {
	containers, err := labelled(ctx, k.docker, kindClusterLabel, k.Name)
	switch {
	case err != nil:
		return "", err
	case len(containers) == 0:
		return Absent, nil
	}
	stopped := slices.ContainsFunc(containers, stopped)
	switch {
	case !stopped && k.ready(ctx, containers) == nil:
		return Running, nil // whatever the record says: a cluster that answers is never made again
	case k.records.unfinished(k.Name):
		return HalfMade, ctxCause(ctx)
	case stopped:
		return Stopped, nil
	default:
		return Silent, ctxCause(ctx)
	}
}

// Ensure makes sure that the cluster answers, and says what it did and why. It
// returns a [*ClusterError] where it can't: because kind failed, or because a broken
// cluster is not devloop's to make again. When ctx ends while it makes the cluster,
// what was made of it is removed. Of several Ensures for one cluster, in whatever
// process, the others wait.
func (k *Keeper) Ensure(ctx context.Context) (Outcome, string, error) {
	release, err := k.records.lock(ctx, k.Name)
	if err != nil {
		return "", "", err
	}
	defer release()
	return k.ensure(ctx)
}

func (k *Keeper) ensure(ctx context.Context) (Outcome, string, error) {
	condition, err := k.Look(ctx)
	if err != nil {
		return "", "", err
	}
	switch condition {
	case Running:
		return Existing, "it answers", k.noteEnd(ctx)
	case Absent:
		return Created, "there was none", k.create(ctx)
	case HalfMade:
		return Recreated, "its making was cut short", k.recreate(ctx, condition)
	case Stopped:
		return k.bringBack(ctx, "its nodes had stopped")
	default:
		return k.bringBack(ctx, "its API server did not answer")
	}
}

// bringBack starts what stopped and waits. A cluster that stays silent is made again
// if devloop made it.
func (k *Keeper) bringBack(ctx context.Context, why string) (Outcome, string, error) {
	err := k.startNodes(ctx)
	if err == nil {
		err = k.waitReady(ctx)
	}
	if err == nil {
		return Started, why, nil
	}
	if ctx.Err() != nil {
		return "", "", ctxCause(ctx)
	}
	return Recreated, why + ", and it did not come back", k.recreate(ctx, Silent)
}

func (k *Keeper) startNodes(ctx context.Context) error {
	containers, err := labelled(ctx, k.docker, kindClusterLabel, k.Name)
	if err != nil {
		return err
	}
	for _, c := range containers {
		if !stopped(c) {
			continue
		}
		k.Progress(fmt.Sprintf("starting node %q", nameOf(c)))
		if err := k.docker.ContainerStart(ctx, c.ID, container.StartOptions{}); err != nil {
			return engineError(ctx, fmt.Sprintf("start node %q", nameOf(c)), err)
		}
	}
	return nil
}

// waitReady asks the API server until it is ready.
func (k *Keeper) waitReady(ctx context.Context) error {
	k.Progress("waiting for the API server")
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("the API server was not ready after %s", startTimeout))
	defer cancel()
	for {
		containers, err := labelled(ctx, k.docker, kindClusterLabel, k.Name)
		if err == nil {
			err = k.ready(ctx, containers)
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(probePause):
		}
	}
}

// nodeReady asks, from within the control plane, whether the API server is ready and
// every node is. It is run with kind's own kubectl in the node, so nobody needs one.
const nodeReady = `export KUBECONFIG=/etc/kubernetes/admin.conf
kubectl get --raw /readyz >/dev/null && kubectl wait --for=condition=Ready nodes --all --timeout=1s >/dev/null`

func (k *Keeper) ready(ctx context.Context, containers []container.Summary) error {
	ctx, cancel := context.WithTimeoutCause(ctx, probeTimeout, fmt.Errorf("the API server did not answer within %s", probeTimeout))
	defer cancel()
	i := slices.IndexFunc(containers, isControlPlane)
	if i < 0 {
		return fmt.Errorf("the cluster has no control plane")
	}
	_, err := output(ctx, k.docker, containers[i].ID, "sh", "-c", nodeReady)
	return err
}

// noteEnd completes the record of a making that ended without a note.
func (k *Keeper) noteEnd(ctx context.Context) error {
	if !k.records.unfinished(k.Name) {
		return nil
	}
	containers, err := labelled(ctx, k.docker, kindClusterLabel, k.Name)
	if err != nil || !k.records.own(k.Name, containers) {
		return err
	}
	return k.records.finish(k.Name, containers)
}

// Export writes the cluster's context into the kubeconfig and makes it the current
// one, as kind does when it makes a cluster.
func (k *Keeper) Export() error {
	if err := k.provider.ExportKubeConfig(k.Name, k.Kubeconfig, false); err != nil {
		return k.failed("write the context of cluster %q into the kubeconfig", err)
	}
	return nil
}

func ctxCause(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return fmt.Errorf("look after the cluster: %w", context.Cause(ctx))
}
