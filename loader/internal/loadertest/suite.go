// Package loadertest is the suite that every loader must pass, with a fake Docker engine to run it without a cluster.
//
// [Run] loads images into a [Target] in many ways: again, changed, after the node has lost content, interrupted, twice
// at once. It inspects the nodes through one method, [Node.Shell], so the same suite works for every kind of cluster:
//
//	loadertest.Run(t, loadertest.Target{Loader: containerd.NewKind(docker, name), Nodes: nodes})
//
// [Engine] is an HTTP server with the part of the engine's API that the loader uses. Commands in its nodes run in a
// shell of this machine where the test binary plays ctr (see [Main]): scripts and archives are the real ones.
package loadertest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/loader/internal/load"
)

// Node is a node of the cluster under test.
type Node interface {
	Name() string
	// Shell runs a script in the node, with positional arguments, and returns its output.
	Shell(ctx context.Context, script string, args ...string) (string, error)
}

// Target is a cluster and its loader.
type Target struct {
	Loader load.Loader
	Nodes  []Node
	// Spare means that nothing else uses the nodes, which are [Breakable]: they may be restarted and their disks full.
	Spare bool
	// Large is the size of the large image in bytes; 0 means a size that takes a few seconds.
	Large int64
}

// Breakable is a node of a spare target.
type Breakable interface {
	// Restart restarts the node. It does not wait for the services in it.
	Restart(ctx context.Context) error
}

// cases are the tests of the suite.
var cases = []struct {
	name string
	run  func(*testing.T, *bench)
}{
	{"a fresh image is sent whole", freshImage},
	{"the same image again sends nothing", sameAgain},
	{"another name sends no layer", anotherName},
	{"one changed layer is sent alone", changedLayer},
	{"a changed base is sent alone", changedBase},
	{"a layer that occurs twice is sent once", repeatedLayer},
	{"compressed layers arrive too", compressedLayers},
	{"an image removed from the node is sent again", removedImage},
	{"content lost under a present name is sent again", lostContent},
	{"content that is listed but gone is sent again", lostFile},
	{"a load cancelled half-way leaves nothing, and can be repeated", cancelled},
	{"an importer that dies is the node's error", diedImporter},
	{"an importer that dies after a thin archive gets everything", diedThin},
	{"two loads at once", twoAtOnce},
	{"a node that was restarted has what it had", restarted},
	{"a full disk is said to be full, and then recovered from", fullDisk},
	{"the last two images of a project stay, and those in use", oldImages},
	{"an image that lies about a layer is refused", lyingLayer},
	{"a large image takes little memory", largeImage},
}

// Run runs the suite. It removes everything that it put on the nodes, and closes the loader.
func Run(t *testing.T, target Target) {
	t.Cleanup(func() { must.Do(t, target.Loader.Close()) })
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, newBench(t, target)) })
	}
}

// bench is the environment of one case: the target, and a prefix for the names of its images.
type bench struct {
	Target
	prefix string
}

func newBench(t *testing.T, target Target) *bench {
	b := &bench{target, fmt.Sprintf("devloop-conformance-%08x", rand.Uint32())}
	t.Cleanup(func() { b.sweep(t) })
	return b
}

// ref returns an image reference that only this case uses.
func (b *bench) ref(tag string) string { return b.prefix + ":" + tag }

// full returns the name of ref in containerd.
func full(ref string) string { return "docker.io/library/" + ref }

// load loads an image, which must succeed, and checks the result.
func (b *bench) load(t *testing.T, tag string, img v1.Image) load.Report {
	t.Helper()
	report, err := b.Loader.Load(t.Context(), b.ref(tag), img)
	if err != nil {
		t.Fatalf("load %s: %v", tag, err)
	}
	b.check(t, tag, img, report)
	return report
}

// check compares the report with what the nodes have.
func (b *bench) check(t *testing.T, tag string, img v1.Image, report load.Report) {
	t.Helper()
	var sent int64
	var reported []string
	for _, n := range report.Nodes {
		sent += n.Sent
		reported = append(reported, n.Name)
		if !strings.HasPrefix(n.Proof, "complete (") {
			t.Errorf("node %s: proof %q", n.Name, n.Proof)
		}
	}
	if sent != report.Sent {
		t.Errorf("the report says %d bytes, its nodes %d", report.Sent, sent)
	}
	id := must.Get(img.ConfigName())(t)
	for _, n := range b.Nodes {
		if !slices.Contains(reported, n.Name()) {
			t.Errorf("node %s is not in the report", n.Name())
		}
		if got := configOf(t, n, full(b.ref(tag))); got != id.String() {
			t.Errorf("node %s: %s has the ID %q, want %v", n.Name(), tag, got, id)
		}
	}
}

// wantSent checks how many bytes each node was sent, not counting the small files (at most 4 kB).
func (b *bench) wantSent(t *testing.T, report load.Report, each int64) {
	t.Helper()
	for _, n := range report.Nodes {
		if n.Sent < each || n.Sent > each+4<<10 {
			t.Errorf("node %s: %d bytes sent, want %d and the configuration", n.Name, n.Sent, each)
		}
	}
}
