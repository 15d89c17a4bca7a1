package runner

import (
	"context"
	"io"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/inspect"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/podlogs"
	"github.com/devloop-cli/devloop/runner/readiness"
	"github.com/devloop-cli/devloop/runner/supervisor"
	"github.com/devloop-cli/devloop/runner/tunnel"
	"github.com/devloop-cli/devloop/runner/tunnel/portforward"
	"github.com/devloop-cli/devloop/runner/workload"
)

// Runner has one client of a cluster, and all that the packages below do with it. It is safe for concurrent use.
type Runner struct {
	*cluster.Client
	*deploy.Deployer
	*supervisor.Supervisor
	readiness.Waiter
	Viewer  inspect.Viewer
	dialer  tunnel.Dialer
	tunnels *tunnel.Pool // for devloop's own conversations
}

// Connect finds the cluster as kubectl does, see [cluster.Connect].
func Connect(o cluster.Options) (*Runner, error) {
	c, err := cluster.Connect(o)
	if err != nil {
		return nil, err
	}
	return newRunner(c), nil
}

// maxIdle is how many tunnels devloop keeps for its own use: a save uses two for each Pod, to supervisor and JVM, and a
// session may have dozens of services.
const maxIdle = 64

func newRunner(c *cluster.Client) *Runner {
	dialer := portforward.Dialer(c.Config)
	tunnels := tunnel.NewPool(dialer, maxIdle)
	return &Runner{
		Client: c, Deployer: deploy.New(c), Supervisor: supervisor.New(c, tunnels),
		Waiter: readiness.Waiter{Client: c, Dial: dialer}, Viewer: inspect.Viewer{Client: c, Dial: dialer},
		dialer: dialer, tunnels: tunnels,
	}
}

// Listen opens a local port whose backends are Pods of the cluster, see [localport.Listen].
func (r *Runner) Listen(ctx context.Context, o localport.Options) (*localport.Port, error) {
	return localport.Listen(ctx, r.dialer, o)
}

// Dial opens a connection to a port of a Pod, see [tunnel.Pool.Connect].
func (r *Runner) Dial(ctx context.Context, p kube.Pod, port int) (io.ReadWriteCloser, error) {
	connection, err := r.tunnels.Connect(ctx, p, port)
	if err != nil {
		return nil, err
	}
	return connection, nil
}

// Changed waits until a controller adds or removes Pods, as after kubectl scale, see [workload.Workloads.Changed].
func (r *Runner) Changed(ctx context.Context, pods []kube.Pod) (workload.Change, error) {
	return workload.New(r.Client).Changed(ctx, pods)
}

// Living returns the Pods that are not about to go, see [workload.Workloads.Living].
func (r *Runner) Living(ctx context.Context, pods []kube.Pod) ([]kube.Pod, error) {
	return workload.New(r.Client).Living(ctx, pods)
}

// Logs follows the logs of a Pod, see [podlogs.Read].
func (r *Runner) Logs(ctx context.Context, p kube.Pod, out io.Writer) error {
	return podlogs.Read(ctx, r.Client, p, podlogs.Options{Follow: true}, out)
}
