package containerd

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/loader/internal/load"
)

// nodeScript runs in a node: "survey NAME CONFIG LAYER..." says what the node has, "load
// NAME [PROJECT]" imports the archive on its standard input and checks the image, and "reload" does
// so after a load that failed. The kubelet's images are in containerd's namespace k8s.io.
//
// The containerd of a node that was just started, or of one that it has been restarted in, has 15 s
// to answer. An image is looked for only if the content store has its configuration.
//
// The kubelet's image service learns of an image some milliseconds later; an earlier Pod would try to pull it.
//
// Old images are removed in the background. exec redirects the outputs of that, since a
// shell that redirects a function keeps the original ones open, and the session would wait.
const nodeScript = `
ctr() { command ctr -n k8s.io "$@"; }
await() {
  tries=0
  until ctr version >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 150 ] || return
    sleep 0.1
  done
}
has() { ctr content ls -q $(printf 'digest==%s ' "$@"); }
check() {
  row=$(ctr images check "name==\"$1\"" | sed -n 2p)
  [ -z "$row" ] || echo "check $row"
}
noticed() { [ -n "$(ctr images ls -q "name==\"$1\",labels.\"io.cri-containerd.image\"==managed")" ] && echo kubelet; }
survey() {
  name=$1 config=$2
  shift
  found=$(has "$@") || { await && found=$(has "$@"); } || exit
  printf 'has %s\n' $found
  case $found in *"$config"*) ;; *) return ;; esac
  noticed "$name"
  check "$name"
  [ -n "$row" ] || return 0
  set -- $row
  echo "manifest $(ctr content get "$3" | tr -d '\n')"
}
load() {
  ctr images import --all-platforms - >/dev/null || exit
  check "$1" &
  tries=0
  until noticed "$1" || [ $tries = 50 ]; do
    tries=$((tries + 1))
    sleep 0.02
  done
  wait
  [ -z "$2" ] || (exec >/dev/null 2>&1; collect "$1" "$2") &
}
reload() {
  await
  load "$@"
}
` + gcScript + `
"$@"
`

// nodeState is what a node has of an image before anything is sent.
type nodeState struct {
	// layers are those of the image that the content store lists.
	layers map[v1.Hash]bool
	// status and manifest are of the image that has the name, if there is one.
	status   imageStatus
	manifest v1.Manifest
}

// imageStatus is what containerd says of an image.
type imageStatus struct {
	manifest string // its digest
	status   string // "complete"
	parts    string // "(3/3)"
	unpacked bool
	noticed  bool // the kubelet's image service knows it
}

func (p imageStatus) String() string {
	return fmt.Sprintf("%s %s, unpacked, manifest %.19s", p.status, p.parts, p.manifest)
}

// problem says why this is not the image with that manifest, whole; "" if it is.
func (p imageStatus) problem(manifest string) string {
	switch {
	case p.manifest == "":
		return "the node has no image of that name"
	case p.manifest != manifest:
		return fmt.Sprintf("the node's manifest is %s, not %s", p.manifest, manifest)
	case p.status != "complete":
		return fmt.Sprintf("the node's content is %s %s", p.status, p.parts)
	case !p.unpacked:
		return "the node has not unpacked it"
	case !p.noticed:
		return "the node's kubelet does not know it yet"
	}
	return ""
}

// holds reports whether the node has the whole image id under the name.
func (s nodeState) holds(id v1.Hash) bool {
	return s.manifest.Config.Digest == id && s.status.problem(s.status.manifest) == ""
}

// size is the size of the image that has the name.
func (s nodeState) size() int64 {
	total := s.manifest.Config.Size
	for _, l := range s.manifest.Layers {
		total += l.Size
	}
	return total
}

// survey asks a node what it has. A session that waited may have ended with the node; then a new one is asked.
func (l *Loader) survey(ctx context.Context, n *nodeLoad, image *load.Image) error {
	words := []string{"survey", image.Name, image.ID.String()}
	for _, d := range image.Digests() {
		words = append(words, d.String())
	}
	ctx, cancel := context.WithTimeoutCause(ctx, l.patience, load.NotResponding(l.patience))
	defer cancel()
	for {
		waited, err := l.attach(ctx, n)
		if err != nil {
			return err
		}
		out, err := n.session.call(ctx, words...)
		if err == nil {
			n.state = parseState(out)
			delete(n.state.layers, image.ID) // a configuration is always sent
			return nil
		}
		if !waited || ctx.Err() != nil {
			return err
		}
	}
}

// attach gives the load a session, and reports whether that one had waited in the node.
func (l *Loader) attach(ctx context.Context, n *nodeLoad) (waited bool, err error) {
	if n.session, waited = l.sessions.take(n.id); !waited {
		n.session, err = openSession(ctx, l.docker, n.id)
	}
	return waited, err
}

// parseState reads what a survey wrote. It ignores what it cannot parse: then more is sent than necessary.
func parseState(out string) nodeState {
	s := nodeState{layers: map[v1.Hash]bool{}, status: parseStatus(out)}
	for line := range strings.Lines(out) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "has":
			if h, err := v1.NewHash(rest); err == nil {
				s.layers[h] = true
			}
		case "manifest":
			if json.Unmarshal([]byte(rest), &s.manifest) != nil {
				s.manifest = v1.Manifest{}
			}
		}
	}
	return s
}

// parseStatus reads a row of ctr's table, which has the columns REF TYPE DIGEST STATUS SIZE UNPACKED, as in "x:1
// application/vnd… sha256:… complete (2/2) 1.4 MiB/1.4 MiB true".
func parseStatus(out string) imageStatus {
	var p imageStatus
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		switch {
		case len(fields) >= 7 && fields[0] == "check":
			p.manifest, p.status, p.parts = fields[3], fields[4], fields[5]
			p.unpacked = fields[len(fields)-1] == "true"
		case len(fields) == 1 && fields[0] == "kubelet":
			p.noticed = true
		}
	}
	return p
}
