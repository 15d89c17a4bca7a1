package containerd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/imagetar"
	"github.com/devloop-cli/devloop/internal/transfer"
	"github.com/devloop-cli/devloop/loader/internal/load"
	"github.com/devloop-cli/devloop/loader/internal/nodeexec"
)

// send writes archives to importers in the nodes and checks proofs. The error is the image's or the end of ctx.
func (l *Loader) send(ctx context.Context, image *load.Image, loads []*nodeLoad) error {
	each(loads, func(n *nodeLoad) { n.err = l.startImport(ctx, n, image) })
	var running []*nodeLoad
	for _, n := range loads {
		if n.err == nil {
			running = append(running, n)
			defer n.watch(ctx, l.patience)()
		}
	}
	err := writeArchives(ctx, image, running)
	for _, n := range running {
		if err != nil || n.writeErr != nil {
			n.session.CloseWrite() // the importer refuses the archive, which has no index yet
		}
	}
	each(running, func(n *nodeLoad) { n.finish(image) })
	return err
}

// watch makes the context of a load into a node: it ends with ctx, or when nothing has moved for that long.
func (n *nodeLoad) watch(ctx context.Context, patience time.Duration) (stop func()) {
	watched, moved, end := load.Watch(ctx, patience)
	free := context.AfterFunc(watched, n.session.CloseWrite) // a write that the node blocks
	n.ctx, n.moved = watched, moved
	return func() {
		free()
		end()
	}
}

// Write sends a part of the archive.
func (n *nodeLoad) Write(p []byte) (int, error) {
	n.moved()
	return n.session.Write(p)
}

// startImport makes the node expect the archive of the layers that it needs.
func (l *Loader) startImport(ctx context.Context, n *nodeLoad, image *load.Image) (err error) {
	if !n.session.Alive() {
		if n.session, err = openSession(ctx, l.docker, n.id); err != nil {
			return err
		}
	}
	n.session.send(image.Archive.OCISize(n.needs), n.verb(), image.Name, image.Project)
	return nil
}

// verb is what the node's script does with the archive.
func (n *nodeLoad) verb() string {
	if n.again {
		return "reload"
	}
	return "load"
}

// needs reports whether the node needs a layer.
func (n *nodeLoad) needs(layer v1.Hash) bool { return !n.state.layers[layer] }

// writeArchives writes to each node an archive of the layers that it needs.
//
// No node waits for another: of two loads of one layer, a node takes the second only after
// the first. Were each load held up in one node by the other, neither would end.
func writeArchives(ctx context.Context, image *load.Image, loads []*nodeLoad) error {
	var group errgroup.Group
	for _, n := range loads {
		group.Go(func() error {
			to := bufio.NewWriter(transfer.Writer(ctx, n, n.report.Name, image.Archive.OCISize(n.needs)))
			var err error
			n.sent, err = image.Archive.WriteOCI(ctx, to, n.needs)
			if err == nil {
				err = to.Flush()
			}
			if _, ok := errors.AsType[*imagetar.ContentError](err); ok {
				return err
			}
			n.writeErr = err
			return nil
		})
	}
	return group.Wait()
}

// finish waits for the importer and judges its proof. If a node was not sent everything, or its
// containerd stopped, a failure is only a doubt, since sending everything may help.
func (n *nodeLoad) finish(image *load.Image) {
	out, err := n.session.answer(n.ctx)
	status := parseStatus(out)
	problem := status.problem(image.Archive.Manifest.Digest.String())
	n.report.Sent += n.sent
	n.report.Skipped = max(0, image.Archive.Size()-n.sent)
	n.report.Took = time.Since(n.began)
	n.report.Proof = status.String()
	partial := len(n.state.layers) > 0
	switch {
	case err != nil && n.ctx.Err() == nil && !n.again && lostContainerd(err):
		n.doubt = "the node's containerd stopped"
	case err != nil && partial && !dockerapi.IsUnreachable(err) && n.ctx.Err() == nil:
		n.doubt = err.Error()
	case err != nil:
		n.err = err
	case partial:
		n.doubt = problem
	case problem != "":
		n.err = fmt.Errorf("verify the image on the node: %s", problem)
	}
}

// unavailable matches what ctr says when containerd ends, or is not there.
var unavailable = regexp.MustCompile(`(?i)code = unavailable|: unavailable|connection refused|error reading from server|transport is closing`)

// lostContainerd reports whether an import failed because containerd ended in the middle of it. Systemd starts it
// again.
func lostContainerd(err error) bool {
	exit, is := errors.AsType[*nodeexec.ExitError](err)
	return is && unavailable.MatchString(strings.Join(exit.Output, "\n"))
}
