package runner

import (
	"errors"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
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
	dial dialer
}

// Connect finds the cluster as kubectl does, see [cluster.Connect].
func Connect(o ConnectOptions) (*Runner, error) {
	c, err := cluster.Connect(o)
	if err != nil {
		return nil, err
	}
	return newRunner(c), nil
}

func newRunner(c *cluster.Client) *Runner { return &Runner{Client: c, dial: apiDialer(c.Config)} }
