// Package containerd loads images into nodes that are containers with containerd, as kind's, k3d's and minikube's.
//
//	l := containerd.New(docker, load.KindProduct(name), find)
//	report, err := l.Load(ctx, "spring-server:devloop-3f2a90c1d4e5", img)
//	// report.Sent: 20 kB of a 300 MB image when one class changed, 0 the second time
//
// A load asks each node which layers its content store has, streams an OCI archive of the missing ones to ctr in the
// node, and asks containerd for proof: the image has the manifest that was sent, all of its content is there and
// unpacked, and the kubelet's image service knows it. If anything is in doubt, or containerd stopped meanwhile,
// everything is sent, once, and the report says so.
//
// The engine takes longer to start a command in a container than a small load takes. So a load leaves a shell in each
// node for the next one. Its input is a connection: it ends with this process, or when the loader is closed.
//
// Which clusters there are, and where their nodes are, is up to the callers.
package containerd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/loader/internal/load"
	"github.com/devloop-cli/devloop/loader/internal/nodeexec"
)

// Find returns the containers of a cluster's nodes, running or not.
type Find func(context.Context) ([]container.Summary, error)

// Loader loads images into the nodes of one cluster. Several goroutines may use it at once.
type Loader struct {
	docker   client.APIClient
	product  load.Product
	find     Find
	sessions sessions
	patience time.Duration // see [load.Patience]
}

// New returns a loader for the nodes that find finds.
func New(docker client.APIClient, product load.Product, find Find) *Loader {
	return &Loader{docker: docker, product: product, find: find, patience: load.Patience}
}

// NewKind returns a loader for the kind cluster of that name.
func NewKind(docker client.APIClient, name string) *Loader {
	return New(docker, load.KindProduct(name), func(ctx context.Context) ([]container.Summary, error) {
		containers, err := load.Containers(ctx, docker, load.KindClusterLabel, name)
		return load.KindNodes(containers), err
	})
}

// Load loads img into every node under the name ref, into all at once, and sends to each only the layers that it does
// not have. A layer is opened once for each node that needs it; at most a quarter of a megabyte a node is in memory.
//
// When ctx ends, the importers in the nodes are ended and waited for; what they received is
// left to containerd's garbage collection. The error then wraps the context's cause.
//
// The report names the nodes that have the image, even if there is an error. The error is load.failed for a node that
// did not take the image, cluster.missing, cluster.stopped or docker.unreachable.
func (l *Loader) Load(ctx context.Context, ref string, img v1.Image) (load.Report, error) {
	image, err := load.Describe(ref, img)
	if err != nil {
		return load.Report{}, err
	}
	nodes, err := l.find(ctx)
	if err == nil {
		err = l.product.Check(nodes)
	}
	if err != nil {
		return load.Report{}, err
	}
	loads := lists.Map(nodes, func(c container.Summary) *nodeLoad {
		return &nodeLoad{id: c.ID, began: time.Now(), report: load.NodeReport{Name: load.ContainerName(c)}}
	})
	defer l.keepSessions(loads)
	each(loads, func(n *nodeLoad) { n.err = l.survey(ctx, n, image) })
	if missing := missing(loads, image); len(missing) > 0 {
		err = l.transfer(ctx, image, img, missing)
	}
	return result(ctx, image, loads, err)
}

// nodeLoad is the load into one node.
type nodeLoad struct {
	id     string // the container's
	began  time.Time
	state  nodeState
	report load.NodeReport
	doubt  string // why the node may not have the image
	again  bool   // everything is sent for the second time
	err    error

	session  *session // nil before there is one
	writeErr error    // why the node took no more of the archive
	sent     int64    // of the last archive
	ctx      context.Context
	moved    func() // see watch
}

// each does something for all nodes at once.
func each(loads []*nodeLoad, do func(*nodeLoad)) {
	var all sync.WaitGroup
	for _, n := range loads {
		all.Go(func() { do(n) })
	}
	all.Wait()
}

func (l *Loader) keepSessions(loads []*nodeLoad) {
	for _, n := range loads {
		if n.session != nil && n.session.Alive() {
			l.sessions.put(n.id, n.session)
		}
	}
}

// Close ends the shells that Load left in the nodes.
func (l *Loader) Close() error {
	l.sessions.close()
	return nil
}

// missing returns the nodes that answered and do not have the image. It finishes the others.
func missing(loads []*nodeLoad, image *load.Image) []*nodeLoad {
	var all []*nodeLoad
	for _, n := range loads {
		switch {
		case n.err != nil:
		case n.state.holds(image.ID):
			n.report.Skipped, n.report.Proof = n.state.size(), n.state.status.String()
			n.report.Took = time.Since(n.began)
		default:
			all = append(all, n)
		}
	}
	return all
}

// transfer sends the missing layers, and then everything, once, to the nodes that are in
// doubt. The error is the image's or the end of ctx; a node keeps its own.
func (l *Loader) transfer(ctx context.Context, image *load.Image, img v1.Image, loads []*nodeLoad) error {
	if err := image.Measure(img); err != nil {
		return err
	}
	if err := l.send(ctx, image, loads); err != nil {
		return err
	}
	var again []*nodeLoad
	for _, n := range loads {
		if n.doubt != "" {
			n.report.Note = "everything was sent again: " + n.doubt
			n.state.layers, n.doubt, n.again = nil, "", true
			again = append(again, n)
		}
	}
	if len(again) == 0 {
		return nil
	}
	return l.send(ctx, image, again)
}

// result makes the report, and the error of all that went wrong.
func result(ctx context.Context, image *load.Image, loads []*nodeLoad, err error) (load.Report, error) {
	var r load.Report
	errs := []error{err}
	for _, n := range loads {
		switch {
		case ctx.Err() != nil || err != nil:
		case n.err != nil:
			errs = append(errs, nodeError(n))
		default:
			r.Add(n.report)
		}
	}
	return load.Result(ctx, image.Name, r, errs...)
}

// nodeError gives a node's error evidence and hints. An engine that does not answer is not the node's fault.
func nodeError(n *nodeLoad) error {
	if dockerapi.IsUnreachable(n.err) {
		return n.err
	}
	err, output := n.err, []string(nil)
	if exit, ok := errors.AsType[*nodeexec.ExitError](err); ok {
		err, output = fmt.Errorf("ctr exited with status %d", exit.Code), exit.Output
	}
	return load.NodeError(n.report.Name, err, output, hints(n.report.Name, strings.Join(output, "\n"))...)
}

// hints looks for known causes in the importer's output.
func hints(node, output string) []string {
	if load.IsFullDisk(output) {
		return []string{"make room on the Docker engine's disk; see what takes it: docker system df"}
	}
	return []string{
		fmt.Sprintf("check the node's containerd: docker exec %s systemctl status containerd", node),
		"repair or recreate the cluster: devloop setup",
	}
}
