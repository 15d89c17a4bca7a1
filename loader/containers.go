package loader

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Containers loads images into nodes that are containers of the Docker engine and have a
// containerd in them, as kind's are. It may be used by several goroutines at once.
type Containers struct {
	docker client.APIClient
	// find returns the nodes' containers, running or not.
	find  func(context.Context) ([]container.Summary, error)
	terms terms

	sessions sessions
}

// terms is how a cluster is spoken of.
type terms struct {
	product string // "kind"
	name    string
	start   string // the command that makes the cluster, or starts it again
}

// NewKind returns a loader for the kind cluster of that name, whose nodes are
// containers of docker.
func NewKind(docker client.APIClient, name string) *Containers {
	find := func(ctx context.Context) ([]container.Summary, error) {
		containers, err := labelled(ctx, docker, kindClusterLabel, name)
		return nodesOf(containers), err
	}
	return &Containers{docker: docker, find: find, terms: kindTerms(name)}
}

func kindTerms(name string) terms { return terms{"kind", name, "devloop setup"} }

// Report says what a load did.
type Report struct {
	// Nodes are the cluster's nodes, by name.
	Nodes []Node
	// Sent is how many bytes of content went to all nodes together. 0: every node
	// had the image, whole, under that name.
	Sent int64
}

// Node says what a load did to one node.
type Node struct {
	Name string
	// Sent and Skipped are bytes of content, uncompressed where the node stores it so:
	// what went to the node, and what of the image it had.
	Sent, Skipped int64
	// Took is the time from the first question to the proof.
	Took time.Duration
	// Proof is containerd's word that the node has the image: "complete (5/5),
	// unpacked, manifest sha256:3f2a90c1d4e5".
	Proof string
	// Note says why everything was sent again, if it was.
	Note string
}

// Load brings img to every node of the cluster under the name ref, all at once, and
// sends to each only the layers that it lacks. A layer that no node lacks is not
// opened, one that several lack is opened once; the layers are read one after the
// other, in the image's order. At most a quarter of a megabyte is in memory.
//
// When ctx ends, the importers in the nodes are ended too, and waited for; what they
// had received is left to containerd's garbage collection, and a later Load begins
// anew. The error then wraps the context's cause.
//
// The report names the nodes that have the image, also when there is an error: a
// [*NodeError] for each node that did not take it, a [*ClusterError] for a cluster
// that is not there or stopped, a [*DockerError] for an engine that doesn't answer.
func (k *Containers) Load(ctx context.Context, ref string, img v1.Image) (Report, error) {
	p, err := look(ref, img)
	if err != nil {
		return Report{}, err
	}
	visits, err := k.visits(ctx)
	if err != nil {
		return Report{}, err
	}
	defer k.leave(visits)
	each(visits, func(v *visit) { v.err = k.ask(ctx, v, p) })
	if wanting := wanting(visits, p); len(wanting) > 0 {
		err = k.bring(ctx, p, img, wanting)
	}
	return conclude(ctx, p, visits, err)
}

// visit is what becomes of one node during a load.
type visit struct {
	id     string // the container's
	began  time.Time
	survey survey
	node   Node
	doubt  string // why the node can't be said to have the image
	err    error

	session  *session // nil before there is one
	delivery *delivery
}

// leave lets the sessions of a load wait for the next one.
func (k *Containers) leave(visits []*visit) {
	for _, v := range visits {
		if v.session != nil && v.session.lives() {
			k.sessions.put(v.id, v.session)
		}
	}
}

// Close ends what Load kept in the nodes to be faster the next time: a shell in each, which
// also ends with this process.
func (k *Containers) Close() error {
	k.sessions.close()
	return nil
}

func (k *Containers) visits(ctx context.Context) ([]*visit, error) {
	nodes, err := k.find(ctx)
	if err != nil {
		return nil, err
	}
	if err := k.terms.check(nodes); err != nil {
		return nil, err
	}
	return begin(nodes), nil
}

// check says why nodes can't take images: there are none, or they are stopped.
func (t terms) check(nodes []container.Summary) error {
	if len(nodes) == 0 {
		return &ClusterError{
			Name: t.name, Word: "missing",
			Problem: fmt.Sprintf("find the nodes of the %s cluster %q: the Docker engine has none", t.product, t.name),
			Advice:  []string{"make the cluster: " + t.start},
		}
	}
	if slices.ContainsFunc(nodes, stopped) {
		return t.stopped()
	}
	return nil
}

func (t terms) stopped() error {
	return &ClusterError{
		Name:    t.name,
		Word:    "stopped",
		Problem: fmt.Sprintf("use cluster %q: its nodes are stopped", t.name),
		Advice:  []string{"start it again: " + t.start},
	}
}

func begin(nodes []container.Summary) []*visit {
	var visits []*visit
	for _, c := range nodes {
		visits = append(visits, &visit{id: c.ID, began: time.Now(), node: Node{Name: nameOf(c)}})
	}
	return visits
}

// each does something for all visits at once and waits for all.
func each(visits []*visit, do func(*visit)) {
	var all sync.WaitGroup
	for _, v := range visits {
		all.Go(func() { do(v) })
	}
	all.Wait()
}

// wanting returns the visits to nodes that answered and don't have the image; the
// others are finished.
func wanting(visits []*visit, p *picture) []*visit {
	var all []*visit
	for _, v := range visits {
		switch {
		case v.err != nil:
		case v.survey.holds(p.id):
			v.node.Skipped, v.node.Proof = v.survey.size(), v.survey.proof.String()
			v.node.Took = time.Since(v.began)
		default:
			all = append(all, v)
		}
	}
	return all
}

// bring sends the image: thin first, then everything, once, to the nodes that are in
// doubt. The error is the image's or the end of ctx; a node's is in its visit.
func (k *Containers) bring(ctx context.Context, p *picture, img v1.Image, visits []*visit) error {
	if err := p.compose(img); err != nil {
		return err
	}
	if err := k.deliver(ctx, p, visits); err != nil {
		return err
	}
	var again []*visit
	for _, v := range visits {
		if v.doubt != "" {
			v.node.Note = "everything was sent again: " + v.doubt
			v.survey.has, v.doubt = nil, ""
			again = append(again, v)
		}
	}
	if len(again) == 0 {
		return nil
	}
	return k.deliver(ctx, p, again)
}

// conclude makes the report, and the error of all that went wrong.
func conclude(ctx context.Context, p *picture, visits []*visit, err error) (Report, error) {
	var r Report
	errs := []error{err}
	for _, v := range visits {
		switch {
		case ctx.Err() != nil || err != nil:
		case v.err != nil:
			errs = append(errs, nodeError(v))
		default:
			r.Nodes = append(r.Nodes, v.node)
			r.Sent += v.node.Sent
		}
	}
	if ctx.Err() != nil {
		return r, fmt.Errorf("load image %q: %w", p.name, context.Cause(ctx))
	}
	return r, errors.Join(errs...)
}

// nodeError gives what went wrong with a node its evidence and advice. An engine
// that does not answer is not the node's fault.
func nodeError(v *visit) error {
	if _, ok := errors.AsType[*DockerError](v.err); ok {
		return v.err
	}
	e := &NodeError{Node: v.node.Name, Err: v.err}
	if exit, ok := errors.AsType[*exitError](v.err); ok {
		e.Command, e.Output = "ctr images import", exit.output
	}
	e.Advice = advice(v.node.Name, strings.Join(e.Output, "\n"))
	return e
}

// advice reads the importer's output for causes that can be helped.
func advice(node, output string) []string {
	if strings.Contains(output, "no space left on device") {
		return []string{"make room on the Docker engine's disk; see what takes it: docker system df"}
	}
	return []string{
		fmt.Sprintf("see whether the node's containerd is well: docker exec %s systemctl status containerd", node),
		"mend or renew the cluster: devloop setup",
	}
}
