package runner

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/supervisor"
	"github.com/devloop-cli/devloop/runner/tunnel"
	"github.com/devloop-cli/devloop/runner/tunnel/portforward"
)

// The names that have moved.
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

// More names that have moved.
const (
	PatchProbes = deploy.PatchProbes
	PatchGrace  = deploy.PatchGrace
)

// More names that have moved.
var (
	Patches         = deploy.Patches
	SurgeBlocker    = deploy.SurgeBlocker
	ErrUnsupervised = supervisor.ErrUnsupervised
	ErrRestarted    = supervisor.ErrRestarted
)

// errStopped is the cause of contexts that end because their work is done.
var errStopped = errors.New("stopped")

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
	return &Runner{Client: c, Deployer: deploy.New(c, hopeless), Supervisor: supervisor.New(c, dial), dial: dial}
}

// Listen keeps a local port whose backends are Pods of the cluster, see [localport.Listen].
func (r *Runner) Listen(ctx context.Context, o localport.Options) (*localport.Port, error) {
	return localport.Listen(ctx, r.dial, o)
}

// Dial opens a connection to a port of a Pod, see [tunnel.Dialer.Connect].
func (r *Runner) Dial(ctx context.Context, p Pod, port int) (io.ReadWriteCloser, error) {
	return r.dial.Connect(ctx, p, port)
}

// hopeless says that a Pod won't come to serve: it fails, or no node has taken it for long.
func hopeless(p corev1.Pod) bool {
	long := slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodScheduled && time.Since(c.LastTransitionTime.Time) > schedulePatience
	})
	return diagnose(&p, 0) != nil || unschedulable(&p) != nil && long
}

// Prove is [supervisor.Supervisor.Confirm], with a [*NotReadyError] for an application that has ended.
func (r *Runner) Prove(ctx context.Context, p Pod, port int, state, was string) error {
	err := r.Confirm(ctx, p, port, state, was)
	if errors.Is(err, supervisor.ErrRolledBack) {
		return r.explain(ctx, p, nil, verdict{code: "pod.crash", why: err.Error(), container: p.Containers[0], ended: true, run: math.MaxInt32, wentBack: true})
	}
	return err
}

// wentBack begins the line that a supervisor writes into the log when an application did
// not survive its start with a change, and starts as it was before.
const wentBack = "devloop: the application ended with exit code "
