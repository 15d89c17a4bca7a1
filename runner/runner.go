package runner

import (
	"context"
	"errors"
	"io"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
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
)

// errStopped is the cause of contexts that end because their work is done.
var errStopped = errors.New("stopped")

// Runner speaks with one cluster. It is safe for concurrent use.
type Runner struct {
	*cluster.Client
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
	return &Runner{Client: c, dial: portforward.Dialer(c.Config)}
}

// Listen keeps a local port whose backends are Pods of the cluster, see [localport.Listen].
func (r *Runner) Listen(ctx context.Context, o localport.Options) (*localport.Port, error) {
	return localport.Listen(ctx, r.dial, o)
}

// Dial opens a connection to a port of a Pod, see [tunnel.Dialer.Connect].
func (r *Runner) Dial(ctx context.Context, p Pod, port int) (io.ReadWriteCloser, error) {
	return r.dial.Connect(ctx, p, port)
}
