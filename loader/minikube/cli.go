package minikube

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/proc"
	"github.com/devloop-cli/devloop/loader/internal/load"
)

// cliNote says why images go through minikube's own command.
func (p profile) cliNote() string {
	return fmt.Sprintf("the whole image goes through the minikube command each time, since neither its containerd nor its engine can be reached (driver %s, runtime %s)", p.Driver, p.runtime())
}

// cli is the loader of last resort: the minikube program gets a file with the whole image, and copies it to all nodes.
type cli struct {
	load.NopCloser
	profile  string
	patience time.Duration // see [load.Patience]
}

func newCLI(profile string) *cli { return &cli{profile: profile, patience: load.Patience} }

// slowestCopy is how many bytes a second reach the nodes at least. The command says nothing of how far it has come.
const slowestCopy = 1 << 20

// run loads a file into the nodes. It returns what the command printed.
func (c *cli) run(ctx context.Context, program, file string, size int64) (output string, err error) {
	limit := c.patience + time.Duration(size/slowestCopy)*time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, limit,
		fmt.Errorf("the minikube command has not ended within %v", limit))
	defer cancel()
	return proc.Command{Args: []string{program, "--profile", c.profile, "image", "load", "--overwrite=true",
		file}}.Run(ctx, io.Discard)
}

// tempPrefix begins the names of directories for one image, which can have a gigabyte.
const tempPrefix = "devloop-image-"

// removeAbandoned removes the directories of processes that were killed. No load takes an hour.
func removeAbandoned() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), tempPrefix+"*")) // the pattern is right
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > time.Hour {
			_ = os.RemoveAll(dir) // another user's stays
		}
	}
}

func (c *cli) Load(ctx context.Context, ref string, img v1.Image) (load.Report, error) {
	began := time.Now()
	program, err := exec.LookPath("minikube")
	if err != nil {
		return load.Report{}, load.Unsupported(c.profile,
			"its nodes can only be reached by the minikube command, which is not on the PATH",
			"install it: https://minikube.sigs.k8s.io/docs/start")
	}
	described, err := load.Describe(ref, img)
	if err == nil {
		err = described.Measure(img)
	}
	if err != nil {
		return load.Report{}, err
	}
	removeAbandoned()
	dir, err := os.MkdirTemp("", tempPrefix)
	if err != nil {
		return load.Report{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "image.tar")
	sent, err := atomicfile.WriteFrom(file,
		func(w io.Writer) (int64, error) { return described.Archive.WriteDocker(ctx, w, 0) })
	var output string
	if err == nil {
		output, err = c.run(ctx, program, file, sent)
	}
	if err != nil {
		err = load.NodeError(c.profile, err, proc.LastLines(output, 10),
			"check the cluster: minikube status --profile "+c.profile)
		return load.Result(ctx, described.Name, load.Report{}, err)
	}
	var r load.Report
	r.Add(load.NodeReport{
		Name: c.profile, Sent: sent, Took: time.Since(began), Proof: "minikube image load succeeded",
		Note: "everything was sent, by the minikube command",
	})
	return r, nil
}
