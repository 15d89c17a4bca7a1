package loadertest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/internal/must"
)

// Scripts that inspect a node or break it. CONTAINERD_ROOT is only set in the nodes of an [Engine].
const (
	namesScript = `ctr -n k8s.io images ls -q`

	manifestScript = `
digest=$(ctr -n k8s.io images check "name==\"$1\"" | sed -n 2p | awk '{print $3}')
[ -z "$digest" ] || ctr -n k8s.io content get "$digest"`

	removeScript = `ctr -n k8s.io images rm --sync "$@" >&2`

	loseScript = `rm "${CONTAINERD_ROOT:-/var/lib/containerd}/io.containerd.content.v1.content/blobs/sha256/$1"`

	dropScript = `ctr -n k8s.io content rm "$1" >&2`

	fillScript = `
if [ -n "$CONTAINERD_ROOT" ]; then touch "$CONTAINERD_ROOT/full"
else mount -t tmpfs -o size=1m none /var/lib/containerd/io.containerd.content.v1.content/ingest; fi`

	emptyScript = `
if [ -n "$CONTAINERD_ROOT" ]; then rm "$CONTAINERD_ROOT/full"
else umount /var/lib/containerd/io.containerd.content.v1.content/ingest; fi`

	createScript = `ctr -n k8s.io containers create "$1" "$2" >&2`

	destroyScript = `ctr -n k8s.io containers rm "$1" >&2`

	contentScript = `ctr -n k8s.io content ls -q`

	// The brackets keep the pattern from matching its own shell.
	importersScript = `pgrep -f "[d]ocker.io/library/$1" || true`

	// The connection buffers a large part of the archive, so the importer may not have started.
	killScript = `
tries=0
until importer=$(pgrep -f "[d]ocker.io/library/$1" | head -n 1) && [ -n "$importer" ] &&
  children=$(pgrep -P "$importer"); do
  tries=$((tries + 1))
  [ $tries -lt 500 ] || exit 1
  sleep 0.02
done
kill -9 $children`

	// Removing a lease with --sync waits for a garbage collection.
	ingestsScript = `
ctr -n k8s.io leases rm --sync "$(ctr -n k8s.io leases create)" >&2
ctr -n k8s.io content active | sed 1d`
)

func shell(t *testing.T, n Node, script string, args ...string) string {
	t.Helper()
	out, err := n.Shell(context.WithoutCancel(t.Context()), script, args...)
	if err != nil {
		t.Fatalf("node %s: %v", n.Name(), err)
	}
	return out
}

func imagesOf(t *testing.T, n Node) []string { return strings.Fields(shell(t, n, namesScript)) }

// configOf returns the digest of the configuration of the image with that name, or "".
func configOf(t *testing.T, n Node, name string) string {
	t.Helper()
	out := shell(t, n, manifestScript, name)
	if out == "" {
		return ""
	}
	var manifest v1.Manifest
	must.Do(t, json.Unmarshal([]byte(out), &manifest))
	return manifest.Config.Digest.String()
}

// remove removes images and content from a node: names, and IDs under which the kubelet's image service knows them.
func remove(t *testing.T, n Node, ids []v1.Hash, names ...string) {
	t.Helper()
	for _, id := range ids {
		names = append(names, id.String())
	}
	here := imagesOf(t, n)
	names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(here, name) })
	if len(names) > 0 {
		shell(t, n, removeScript, names...)
	}
}

// sweep removes what the case put on the nodes.
func (b *bench) sweep(t *testing.T) {
	for _, n := range b.Nodes {
		var names []string
		var ids []v1.Hash
		for _, name := range imagesOf(t, n) {
			if strings.HasPrefix(name, full(b.prefix)) {
				id, err := v1.NewHash(configOf(t, n, name))
				names = append(names, name)
				if err == nil {
					ids = append(ids, id)
				}
			}
		}
		remove(t, n, ids, names...)
	}
}

// hold creates a container of an image in a node, and removes it at release.
func (b *bench) hold(t *testing.T, n Node, tag string) (release func()) {
	t.Helper()
	shell(t, n, createScript, full(b.ref(tag)), b.prefix)
	var once sync.Once
	release = func() { once.Do(func() { shell(t, n, destroyScript, b.prefix) }) }
	t.Cleanup(release)
	return release
}

// collected waits until a node has removed an image.
func (b *bench) collected(t *testing.T, n Node, tag string) {
	t.Helper()
	eventually(t, n, tag+" is gone", func() bool { return !b.has(t, n, tag) })
}

// contentCollected waits for a layer's content to go, which follows the name.
func contentCollected(t *testing.T, n Node, digest v1.Hash) {
	t.Helper()
	eventually(t, n, digest.String()+" is gone", func() bool { return !hasContent(t, n, digest) })
}

func eventually(t *testing.T, n Node, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("node %s: after 20 s, it does not hold that %s", n.Name(), what)
		}
	}
}

func (b *bench) has(t *testing.T, n Node, tag string) bool {
	t.Helper()
	return slices.Contains(imagesOf(t, n), full(b.ref(tag)))
}

func hasContent(t *testing.T, n Node, digest v1.Hash) bool {
	t.Helper()
	return slices.Contains(strings.Fields(shell(t, n, contentScript)), digest.String())
}

// idle checks that no importer of the case still runs, and that no node keeps a partial layer.
func (b *bench) idle(t *testing.T, layers ...*Layer) {
	t.Helper()
	for _, n := range b.Nodes {
		if pids := shell(t, n, importersScript, b.prefix); pids != "" {
			t.Errorf("node %s: an importer still runs: %s", n.Name(), pids)
		}
		ingests := shell(t, n, ingestsScript)
		for _, l := range layers {
			if strings.Contains(ingests, l.diffID.Hex) {
				t.Errorf("node %s: half received: %s", n.Name(), ingests)
			}
		}
	}
}

func (b *bench) kill(n Node) error {
	_, err := n.Shell(context.Background(), killScript, b.prefix)
	if err != nil {
		return errors.Join(errors.New("kill the importer"), err)
	}
	return nil
}
