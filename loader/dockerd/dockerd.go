// Package dockerd loads images into nodes that have a Docker engine of their own, as minikube's do by default.
//
//	l := dockerd.New(product, func(ctx context.Context) ([]dockerd.Engine, error) { … })
//	report, err := l.Load(ctx, "spring-server:devloop-3f2a90c1d4e5", img)
//
// Each engine gets an archive without the layers that it has at the beginning of any of its
// images. If it finds one missing all the same, everything is sent, once, and the report says
// so. The load is done when the engine has the image's layers under the image's name.
//
// Where the engines are, and the certificates for them, is up to the caller.
package dockerd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/imagetar"
	"github.com/devloop-cli/devloop/internal/transfer"
	"github.com/devloop-cli/devloop/loader/internal/load"
)

// Loader loads images into the nodes' engines.
type Loader struct {
	load.NopCloser
	product  load.Product
	dial     func(context.Context) ([]Engine, error)
	patience time.Duration // see [load.Patience]
	layers   *sync.Map     // of images that were asked about, by ID: an ID stands for the same layers for ever
}

// New returns a loader for the engines that dial connects to. It closes them after each load.
func New(product load.Product, dial func(context.Context) ([]Engine, error)) *Loader {
	return &Loader{product: product, dial: dial, patience: load.Patience, layers: &sync.Map{}}
}

// Engine is the Docker engine in a node.
type Engine struct {
	Node     string
	Docker   *client.Client
	patience time.Duration // the loader's
	layers   *sync.Map     // the loader's
}

// DialTLS returns a client for a node's engine, with the certificates in dir: ca.pem, cert.pem and key.pem.
func DialTLS(node, address, dir string) (Engine, error) {
	file := func(name string) string { return filepath.Join(dir, name) }
	if _, err := os.Stat(file("cert.pem")); err != nil {
		return Engine{}, fmt.Errorf("find the certificates for the engine of node %q: %w", node, err)
	}
	docker, err := client.NewClientWithOpts(client.WithHost("tcp://"+address),
		client.WithTLSClientConfig(file("ca.pem"), file("cert.pem"), file("key.pem")),
		client.WithAPIVersionNegotiation())
	if err != nil {
		return Engine{}, fmt.Errorf("read the certificates for the engine of node %q: %w", node, err)
	}
	return Engine{Node: node, Docker: docker}, nil
}

// Load loads img into every node's engine under the name ref, into all at once.
//
// When ctx ends, the engines drop what they received. The error is load.failed for a node without the image, or dial's.
func (l *Loader) Load(ctx context.Context, ref string, img v1.Image) (load.Report, error) {
	described, err := load.Describe(ref, img)
	if err != nil {
		return load.Report{}, err
	}
	engines, err := l.dial(ctx)
	defer func() {
		for _, e := range engines {
			_ = e.Docker.Close()
		}
	}()
	if err != nil {
		return load.Report{}, err
	}
	measure := sync.OnceValue(func() error { return described.Measure(img) })
	reports, errs := make([]load.NodeReport, len(engines)), make([]error, len(engines))
	var all sync.WaitGroup
	for i, e := range engines {
		e.patience, e.layers = l.patience, l.layers
		all.Go(func() { reports[i], errs[i] = e.load(ctx, described, measure) })
	}
	all.Wait()
	var r load.Report
	var failed []error
	for i, n := range reports {
		if content, ok := errors.AsType[*imagetar.ContentError](errs[i]); ok {
			return load.Result(ctx, described.Name, load.Report{}, content.Err)
		}
		if errs[i] == nil {
			r.Add(n)
		} else {
			failed = append(failed, l.nodeError(n.Name, errs[i]))
		}
	}
	return load.Result(ctx, described.Name, r, failed...)
}

func (l *Loader) nodeError(node string, err error) error {
	hint := "check the cluster, and start it: " + l.product.Start
	if load.IsFullDisk(err.Error()) {
		hint = "make room in the node; see what takes it: minikube ssh --profile " + l.product.Cluster +
			" docker system df"
	}
	return load.NodeError(node, err, []string{err.Error()}, hint)
}

// load loads the image into one engine.
func (e Engine) load(ctx context.Context, img *load.Image, measure func() error) (load.NodeReport, error) {
	began, n := time.Now(), load.NodeReport{Name: e.Node}
	size, there, err := e.holds(ctx, img)
	if err != nil {
		return n, err
	}
	if there {
		n.Skipped = size
	} else {
		if err := measure(); err != nil {
			return n, &imagetar.ContentError{Err: err}
		}
		if err := e.transfer(ctx, img, &n); err != nil {
			return n, err
		}
		if _, there, err = e.holds(ctx, img); err == nil && !there {
			err = errors.New("verify the image on the node: a different image has this name")
		}
		if err != nil {
			return n, err
		}
		e.removeOld(ctx, img)
	}
	n.Took = time.Since(began)
	n.Proof = fmt.Sprintf("complete (%d/%d layers), image %.19s", len(img.DiffIDs), len(img.DiffIDs), img.ID)
	return n, nil
}

// holds reports whether the engine has the image under its name, and the size of that. An engine's ID of an image is
// the digest of the configuration, or, with containerd's image store, of the manifest: then the layers tell.
func (e Engine) holds(ctx context.Context, img *load.Image) (size int64, there bool, err error) {
	ctx, _, stop := load.Watch(ctx, e.patience)
	defer stop()
	found, err := e.Docker.ImageInspect(ctx, img.Name)
	if dockerapi.IsMissing(err) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, dockerapi.Error(ctx, "ask the node's engine for the image", err)
	}
	sameLayers := slices.Equal(found.RootFS.Layers, img.DiffIDs) && len(img.DiffIDs) > 0
	return found.Size, found.ID == img.ID.String() || sameLayers, nil
}

// transfer sends the layers that the engine does not have, and everything if that fails.
func (e Engine) transfer(ctx context.Context, img *load.Image, n *load.NodeReport) error {
	ctx, moved, stop := load.Watch(ctx, e.patience)
	defer stop()
	oci, known, err := e.state(ctx, img)
	if err != nil {
		return err
	}
	moved()
	sent, err := e.send(ctx, img, moved, oci, known)
	n.Sent += sent
	_, unreadable := errors.AsType[*imagetar.ContentError](err)
	if err != nil && known > 0 && ctx.Err() == nil && !unreadable {
		n.Note = "everything was sent again: " + err.Error()
		sent, err = e.send(ctx, img, moved, oci, 0)
		n.Sent += sent
	}
	n.Skipped = max(0, img.Archive.Size()-img.Archive.Manifest.Size-sent)
	if err != nil {
		return err
	}
	// A load doesn't count as tagging, and removeOld goes by the time of the last tag.
	return dockerapi.Error(ctx, "tag the image", e.Docker.ImageTag(ctx, img.Name, img.Name))
}

// send loads an archive without the first omit layers, calls moved for each part, and returns how many bytes it had.
func (e Engine) send(ctx context.Context, img *load.Image, moved func(), oci bool, omit int) (int64, error) {
	sent, err := dockerapi.Load(ctx, e.Docker, func(to io.Writer) (int64, error) {
		wanted, size := map[v1.Hash]bool{}, int64(0)
		for _, l := range img.Archive.Layers[omit:] {
			wanted[l.Digest] = true
			size += l.Size
		}
		to = watchedWriter{transfer.Writer(ctx, to, e.Node, size), moved}
		if !oci {
			return img.Archive.WriteDocker(ctx, to, omit)
		}
		return img.Archive.WriteOCI(ctx, to, func(h v1.Hash) bool { return wanted[h] })
	})
	if _, unreadable := errors.AsType[*imagetar.ContentError](err); unreadable {
		return sent, err
	}
	return sent, dockerapi.Error(ctx, "load the image into the node's engine", err)
}

// watchedWriter tells of every part of an archive that the engine takes.
type watchedWriter struct {
	io.Writer
	moved func()
}

func (w watchedWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.moved()
	return n, err
}

// state reports whether the engine takes the image as an OCI layout, and how many of the first layers any one image
// has. containerd knows layers as they came, compressed or not: only the project's own images surely have these.
func (e Engine) state(ctx context.Context, img *load.Image) (oci bool, known int, err error) {
	images, err := e.Docker.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return false, 0, dockerapi.Error(ctx, "list the node's images", err)
	}
	oci = slices.ContainsFunc(images, func(i image.Summary) bool { return dockerapi.InContainerd(i.ID, i.RepoDigests) })
	for _, i := range images {
		if oci && (img.Project == "" || i.Labels[dockerapi.ProjectLabel] != img.Project) {
			continue
		}
		known = max(known, imagetar.CommonPrefix(img.DiffIDs, e.layersOf(ctx, i.ID)))
	}
	return oci, known, nil
}

// layersOf returns the layers of an image. A node has dozens of images, and only a few are new since the last load.
func (e Engine) layersOf(ctx context.Context, id string) []string {
	if layers, known := e.layers.Load(id); known {
		return layers.([]string)
	}
	found, err := e.Docker.ImageInspect(ctx, id)
	if err != nil {
		return nil // it was removed meanwhile
	}
	e.layers.Store(id, found.RootFS.Layers)
	return found.RootFS.Layers
}

// keptImages is how many images of a project stay: the current one, and the one that a failed deploy may go back to.
const keptImages = 2

// removeOld removes the project's old images, but for those in use. What can't be removed now goes after a later load.
func (e Engine) removeOld(ctx context.Context, img *load.Image) {
	if img.Project == "" {
		return
	}
	ctx, _, stop := load.Watch(ctx, e.patience)
	defer stop()
	_ = dockerapi.RemoveOld(ctx, e.Docker, img.Project, keptImages)
}
