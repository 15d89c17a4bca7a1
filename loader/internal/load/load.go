// Package load has what all loaders share: the interface and the report, the errors, the
// image as a node stores it, and the containers of a cluster that the Docker engine has.
//
// Package loader shows the interface and the report to others; the loaders are containerd, dockerd and minikube.
package load

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/internal/fault"
)

// Loader loads images into the nodes of one cluster.
type Loader interface {
	// Load loads img into every node under the name ref.
	Load(ctx context.Context, ref string, img v1.Image) (Report, error)
	// Close ends what Load keeps running to be faster the next time.
	Close() error
}

// NopCloser is the Close of a loader that keeps nothing running.
type NopCloser struct{}

func (NopCloser) Close() error { return nil }

// Report says what a load did.
type Report struct {
	// Nodes are those that have the image now, by name.
	Nodes []NodeReport
	// Sent is how many bytes of content went to all nodes together. 0: every node had the whole image under that name.
	Sent int64
}

// NodeReport says what a load did to one node.
type NodeReport struct {
	Name string
	// Sent and Skipped are bytes of content, mostly uncompressed: what went to the node, and what it had already.
	Sent, Skipped int64
	// Took is the time from the first question to the proof.
	Took time.Duration
	// Proof says how the node proved that it has the image: "complete (5/5), unpacked, manifest sha256:3f2a90c1d4e5".
	Proof string
	// Note says why everything was sent again, if it was.
	Note string
}

// Add adds a node to the report.
func (r *Report) Add(n NodeReport) {
	r.Nodes = append(r.Nodes, n)
	r.Sent += n.Sent
}

// CodeFailed is the code of a node that did not take an image.
const CodeFailed = "load.failed"

// NodeError is the error of one node. Output is what its command wrote.
func NodeError(node string, err error, output []string, hints ...string) *fault.Error {
	return &fault.Error{Code: CodeFailed, Op: fmt.Sprintf("load image into node %q", node), Err: err,
		Evidence: output, Hints: hints}
}

// IsFullDisk reports whether an error, or the output of a command, says that the disk is full.
func IsFullDisk(text string) bool { return strings.Contains(text, "no space left on device") }

// Result returns the report with the end of ctx as its error if that has ended.
func Result(ctx context.Context, ref string, r Report, errs ...error) (Report, error) {
	if ctx.Err() != nil {
		return r, fmt.Errorf("load image %q: %w", ref, context.Cause(ctx))
	}
	return r, errors.Join(errs...)
}
