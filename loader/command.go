package loader

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// commandWay says why images go through minikube's own command.
func (p profile) commandWay() string {
	return fmt.Sprintf("the whole image goes through the minikube command each time, since neither its containerd nor its engine can be reached (driver %s, runtime %s)", p.Driver, p.runtime())
}

// command is the loader of last resort: minikube's own program, which is given a file with
// all of the image, and copies it to all nodes.
type command struct {
	closed
	profile string
}

// Load implements [Loader].
func (c *command) Load(ctx context.Context, ref string, img v1.Image) (Report, error) {
	began := time.Now()
	program, err := exec.LookPath("minikube")
	if err != nil {
		return Report{}, unsupported(c.profile, "its nodes can only be reached by the minikube command, which is not on the PATH", "install it: https://minikube.sigs.k8s.io/docs/start")
	}
	p, err := look(ref, img)
	if err == nil {
		err = p.compose(img)
	}
	if err != nil {
		return Report{}, err
	}
	file, sent, err := p.archiveFile(ctx)
	if err != nil {
		return Report{}, c.failed(ctx, p, err, nil)
	}
	defer func() { _ = os.Remove(file) }()
	said, err := exec.CommandContext(ctx, program, "--profile", c.profile, "image", "load", "--overwrite=true", file).CombinedOutput()
	if err != nil {
		return Report{}, c.failed(ctx, p, err, said)
	}
	return Report{Sent: sent, Nodes: []Node{{
		Name: c.profile, Sent: sent, Took: time.Since(began), Proof: "minikube image load ended well",
		Note: "everything was sent, by the minikube command",
	}}}, nil
}

// archiveFile writes the whole image into a temporary file.
func (p *picture) archiveFile(ctx context.Context) (name string, sent int64, err error) {
	file, err := os.CreateTemp("", "devloop-image-*.tar")
	if err != nil {
		return "", 0, err
	}
	buffered := bufio.NewWriterSize(file, chunk)
	sent, err = p.archive(ctx, buffered, 0)
	if err == nil {
		err = buffered.Flush()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(file.Name())
	}
	return file.Name(), sent, err
}

func (c *command) failed(ctx context.Context, p *picture, err error, said []byte) error {
	if ctx.Err() != nil {
		return fmt.Errorf("load image %q: %w", p.name, context.Cause(ctx))
	}
	kept := &tail{}
	_, _ = kept.Write(said)
	return &NodeError{Node: c.profile, Err: err, Command: "minikube image load", Output: kept.lines(),
		Advice: []string{"see whether the cluster is well: minikube status --profile " + c.profile}}
}
