package loader

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Engines loads images into nodes whose containers run on a Docker engine in the node, as
// minikube's do by default. The node's engine is spoken to as this machine's is, over TLS.
type Engines struct {
	closed
	terms terms
	// dial finds the nodes' engines. Their clients are closed after each load.
	dial func(context.Context) ([]engine, error)
}

// engine is the Docker engine in a node.
type engine struct {
	node   string
	docker *client.Client
}

// dialTLS returns a client for the engine of a node, with the certificates in dir: ca.pem,
// cert.pem and key.pem, as the docker command wants them.
func dialTLS(node, address, dir string) (engine, error) {
	file := func(name string) string { return filepath.Join(dir, name) }
	if _, err := os.Stat(file("cert.pem")); err != nil {
		return engine{}, fmt.Errorf("find the certificates for the engine of node %q: %w", node, err)
	}
	docker, err := client.NewClientWithOpts(client.WithHost("tcp://"+address),
		client.WithTLSClientConfig(file("ca.pem"), file("cert.pem"), file("key.pem")), client.WithAPIVersionNegotiation())
	if err != nil {
		return engine{}, fmt.Errorf("read the certificates for the engine of node %q: %w", node, err)
	}
	return engine{node: node, docker: docker}, nil
}

// Load brings img to every node's engine under the name ref, to all at once. The layers
// that an engine has in the same order, in whichever image, are not sent again. Where it
// finds one missing all the same, everything is sent, once, and the report says so.
//
// When ctx ends, the engines stop reading; what they had received is dropped. Errors are
// as those of [Containers.Load].
func (k *Engines) Load(ctx context.Context, ref string, img v1.Image) (Report, error) {
	p, err := look(ref, img)
	if err != nil {
		return Report{}, err
	}
	engines, err := k.dial(ctx)
	defer closeAll(engines)
	if err != nil {
		return Report{}, err
	}
	var once sync.Once
	var unreadable error
	compose := func() error {
		once.Do(func() { unreadable = p.compose(img) })
		return unreadable
	}
	nodes, errs := make([]Node, len(engines)), make([]error, len(engines))
	var all sync.WaitGroup
	for i, e := range engines {
		all.Go(func() { nodes[i], errs[i] = e.take(ctx, p, compose) })
	}
	all.Wait()
	return k.conclude(ctx, p, nodes, errs)
}

func closeAll(engines []engine) {
	for _, e := range engines {
		if e.docker != nil {
			_ = e.docker.Close()
		}
	}
}

// conclude makes the report, and the error of all that went wrong.
func (k *Engines) conclude(ctx context.Context, p *picture, nodes []Node, errs []error) (Report, error) {
	if ctx.Err() != nil {
		return Report{}, fmt.Errorf("load image %q: %w", p.name, context.Cause(ctx))
	}
	var r Report
	var failed []error
	for i, n := range nodes {
		if errs[i] == nil {
			r.Nodes = append(r.Nodes, n)
			r.Sent += n.Sent
			continue
		}
		if unreadable, ok := errors.AsType[*imageError](errs[i]); ok {
			return Report{}, unreadable.error // no node is to blame
		}
		e := &NodeError{Node: n.Name, Err: errs[i], Command: "docker load", Output: []string{errs[i].Error()}}
		e.Advice = []string{"see whether the cluster is well, and start it: " + k.terms.start}
		if strings.Contains(errs[i].Error(), "no space left on device") {
			e.Advice = []string{"make room in the node; see what takes it: minikube ssh --profile " + k.terms.name + " docker system df"}
		}
		failed = append(failed, e)
	}
	return r, errors.Join(failed...)
}

// imageError says that the image itself can't be read.
type imageError struct{ error }

// take brings the image to one engine.
func (e engine) take(ctx context.Context, p *picture, compose func() error) (Node, error) {
	began, n := time.Now(), Node{Name: e.node}
	there, err := e.holds(ctx, p)
	if err != nil {
		return n, err
	}
	if !there {
		if err := compose(); err != nil {
			return n, &imageError{err}
		}
		if err := e.bring(ctx, p, &n); err != nil {
			return n, err
		}
		if there, err = e.holds(ctx, p); err == nil && !there {
			err = errors.New("prove that the node has it: its engine has another image of that name")
		}
		if err != nil {
			return n, err
		}
		e.collect(ctx, p)
	} else if found, err := e.docker.ImageInspect(ctx, p.name); err == nil {
		n.Skipped = found.Size
	}
	n.Took = time.Since(began)
	n.Proof = fmt.Sprintf("complete (%d/%d layers), image %.19s", len(p.layers), len(p.layers), p.id)
	return n, nil
}

// holds says whether the engine has the image under its name. An engine's ID of an image
// is the digest of its configuration, or, with containerd's image store, of its manifest:
// then the layers tell, as the name belongs to one content alone.
func (e engine) holds(ctx context.Context, p *picture) (bool, error) {
	found, err := e.docker.ImageInspect(ctx, p.name)
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, engineError(ctx, "ask the node's engine for the image", err)
	}
	return found.ID == p.id.String() || slices.Equal(found.RootFS.Layers, p.diffIDs) && len(p.diffIDs) > 0, nil
}

// bring sends the layers that the engine lacks, all where it is in doubt.
func (e engine) bring(ctx context.Context, p *picture, n *Node) error {
	write, known, err := e.form(ctx, p)
	if err != nil {
		return err
	}
	sent, err := e.load(ctx, write, known)
	n.Sent += sent
	if err != nil && known > 0 && ctx.Err() == nil && !isImageError(err) {
		n.Note = "everything was sent again: " + err.Error()
		sent, err = e.load(ctx, write, 0)
		n.Sent += sent
	}
	n.Skipped = max(0, p.size()-p.manifest.size-sent)
	if err != nil {
		return err
	}
	// A load doesn't count as tagging: by this the engine knows when the image came.
	return engineError(ctx, "tag the image", e.docker.ImageTag(ctx, p.name, p.name))
}

func isImageError(err error) bool { _, ok := errors.AsType[*imageError](err); return ok }

// form returns the form in which the engine takes an image that lacks layers, and how many
// of the first layers it has, in this order, in any image. containerd knows a layer by the
// digest of the form in which it came, compressed or not: only of the project's own images
// it is certain that this is ours.
func (e engine) form(ctx context.Context, p *picture) (archiver, int, error) {
	images, err := e.docker.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, 0, engineError(ctx, "list the node's images", err)
	}
	write := p.archive
	if slices.ContainsFunc(images, inContainerd) {
		write = p.layout
		images = slices.DeleteFunc(images, func(i image.Summary) bool { return p.project == "" || i.Labels[ProjectLabel] != p.project })
	}
	most := 0
	for _, i := range images {
		found, err := e.docker.ImageInspect(ctx, i.ID)
		if err != nil {
			continue // it went meanwhile
		}
		n := 0
		for n < min(len(p.diffIDs), len(found.RootFS.Layers)) && p.diffIDs[n] == found.RootFS.Layers[n] {
			n++
		}
		most = max(most, n)
	}
	return write, most, nil
}

// inContainerd says whether an engine keeps an image in containerd
// (https://docs.docker.com/engine/storage/containerd): its ID is then the digest of its
// manifest, as in a registry, else that of its configuration.
func inContainerd(i image.Summary) bool {
	return slices.ContainsFunc(i.RepoDigests, func(digest string) bool { return strings.HasSuffix(digest, "@"+i.ID) })
}

// keptImages is how many images of a project stay; see collection.
const keptImages = 2

// collect removes the project's old images, as collection does in a containerd. One that
// a container uses is kept by the engine itself. What can't be removed now goes later.
func (e engine) collect(ctx context.Context, p *picture) {
	if p.project == "" {
		return
	}
	listed, err := e.docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", ProjectLabel+"="+p.project))})
	if err != nil {
		return
	}
	var ours []image.InspectResponse
	for _, i := range listed {
		found, err := e.docker.ImageInspect(ctx, i.ID)
		if err == nil && len(found.RepoTags) == 1 && strings.Contains(found.RepoTags[0], ":devloop-") {
			ours = append(ours, found)
		}
	}
	slices.SortFunc(ours, func(a, b image.InspectResponse) int { return b.Metadata.LastTagTime.Compare(a.Metadata.LastTagTime) })
	for _, old := range ours[min(len(ours), keptImages):] {
		_, _ = e.docker.ImageRemove(ctx, old.RepoTags[0], image.RemoveOptions{PruneChildren: true})
	}
}
