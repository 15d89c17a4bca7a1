package runner

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/explain"
	"github.com/devloop-cli/devloop/runner/inspect"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/podlogs"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/readiness"
	"github.com/devloop-cli/devloop/runner/supervisor"
	"github.com/devloop-cli/devloop/runner/tunnel"
	"github.com/devloop-cli/devloop/runner/tunnel/portforward"
)

// Names of the packages below, for callers that use the whole.
type (
	ConnectOptions   = cluster.Options
	UnreachableError = cluster.UnreachableError
	Pod              = kube.Pod
	Object           = kube.Ref
	Endpoint         = kube.Endpoint
	DeployError      = kube.APIError
	ForeignError     = deploy.ForeignError
	Spec             = deploy.Spec
	Debug            = deploy.Debug
	Change           = supervisor.Change
)

// See package deploy.
const (
	PatchProbes = deploy.PatchProbes
	PatchGrace  = deploy.PatchGrace
)

// See packages deploy and supervisor.
var (
	Patches         = deploy.Patches
	SurgeBlocker    = deploy.SurgeBlocker
	ErrUnsupervised = supervisor.ErrUnsupervised
	ErrRestarted    = supervisor.ErrRestarted
)

// Runner speaks with one cluster. It is safe for concurrent use.
type Runner struct {
	*cluster.Client
	*deploy.Deployer
	*supervisor.Supervisor
	dial tunnel.Dialer
}

// Connect finds the cluster as kubectl does, see [cluster.Connect].
func Connect(o ConnectOptions) (*Runner, error) {
	c, err := cluster.Connect(o)
	if err != nil {
		return nil, err
	}
	return newRunner(c), nil
}

func newRunner(c *cluster.Client) *Runner {
	dial := portforward.Dialer(c.Config)
	return &Runner{Client: c, Deployer: deploy.New(c, podstatus.IsHopeless), Supervisor: supervisor.New(c, dial), dial: dial}
}

// Listen keeps a local port whose backends are Pods of the cluster, see [localport.Listen].
func (r *Runner) Listen(ctx context.Context, o localport.Options) (*localport.Port, error) {
	return localport.Listen(ctx, r.dial, o)
}

// Dial opens a connection to a port of a Pod, see [tunnel.Dialer.Connect].
func (r *Runner) Dial(ctx context.Context, p Pod, port int) (io.ReadWriteCloser, error) {
	return r.dial.Connect(ctx, p, port)
}

// Prove is [supervisor.Supervisor.Confirm], with a [*podstatus.NotReadyError] for an application that has ended.
func (r *Runner) Prove(ctx context.Context, p Pod, port int, state, was string) error {
	err := r.Confirm(ctx, p, port, state, was)
	if errors.Is(err, supervisor.ErrRolledBack) {
		return explain.Finding(ctx, r.Client, p, nil, podstatus.Finding{Code: "pod.crash", Why: err.Error(), Container: p.Containers[0], Ended: true, Run: math.MaxInt32, RolledBack: true})
	}
	return err
}

// Ready waits until the Pods serve, see [readiness.Waiter].
func (r *Runner) Ready(ctx context.Context, pods []Pod, phase func(readiness.Phase)) error {
	return readiness.Waiter{Client: r.Client, Dial: r.dial}.Wait(ctx, pods, phase)
}

// Logs follows the logs of a Pod, see [podlogs.Follow].
func (r *Runner) Logs(ctx context.Context, p Pod, out io.Writer) error {
	return podlogs.Follow(ctx, r.Client, p, nil, out)
}

// Viewer looks into the cluster.
func (r *Runner) Viewer() inspect.Viewer { return inspect.Viewer{Client: r.Client, Dial: r.dial} }
