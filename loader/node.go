package loader

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// nodeScript is what runs in a node: "survey NAME CONFIG LAYER..." says what the node has,
// "load NAME [PROJECT]" imports the archive on its standard input and proves the image. The
// kubelet's containers live in containerd's namespace k8s.io.
//
// A node that was just started is given 15 s for its containerd to answer. An image is
// looked for only if the content store has its configuration.
//
// The kubelet's image service learns of an image by an event, some milliseconds later, and
// then labels it; a Pod that starts before that would try to pull it. Nobody waits for the
// collection of old images: its outputs are redirected by exec, since a shell that redirects
// a function keeps open what it had.
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
` + collection + `
"$@"
`

// survey is what a node says of an image before anything is sent.
type survey struct {
	// has are those of the image's layers that the content store lists.
	has map[v1.Hash]bool
	// proof is of the image that has the name, if one has; manifest is what it is.
	proof    proof
	manifest v1.Manifest
}

// proof is containerd's word on an image.
type proof struct {
	manifest string // the digest of its manifest
	status   string // "complete"
	parts    string // "(3/3)"
	unpacked bool
	noticed  bool // the kubelet's image service knows it
}

func (p proof) String() string {
	return fmt.Sprintf("%s %s, unpacked, manifest %.19s", p.status, p.parts, p.manifest)
}

// doubt says what is missing in a proof of the image with that manifest; "" is nothing.
func (p proof) doubt(manifest string) string {
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
		return "the node's kubelet has not taken notice of it"
	}
	return ""
}

// holds says whether the node has the image id, whole, under the name already.
func (s survey) holds(id v1.Hash) bool {
	return s.manifest.Config.Digest == id && s.proof.doubt(s.proof.manifest) == ""
}

// size is how large the image is that the node has under the name.
func (s survey) size() int64 {
	total := s.manifest.Config.Size
	for _, l := range s.manifest.Layers {
		total += l.Size
	}
	return total
}

// ask surveys a node. A session that waited there may have ended with the node, or with its
// connection: then another one is asked.
func (k *Containers) ask(ctx context.Context, v *visit, p *picture) error {
	words := []string{"survey", p.name, p.id.String()}
	for _, d := range p.digests() {
		words = append(words, d.String())
	}
	for {
		waited, err := k.enter(ctx, v)
		if err != nil {
			return err
		}
		out, err := v.session.ask(ctx, words...)
		if err == nil {
			v.survey = parseSurvey(out)
			delete(v.survey.has, p.id) // a configuration is always sent
			return nil
		}
		if !waited || ctx.Err() != nil {
			return err
		}
	}
}

// enter gives the visit a session, and says whether it is one that waited in the node.
func (k *Containers) enter(ctx context.Context, v *visit) (waited bool, err error) {
	if v.session, waited = k.sessions.take(v.id); !waited {
		v.session, err = openSession(ctx, k.docker, v.id)
	}
	return waited, err
}

// parseSurvey reads what a survey wrote. What can't be understood is as if it
// weren't there: then more is sent than need be.
func parseSurvey(out string) survey {
	s := survey{has: map[v1.Hash]bool{}, proof: parseProof(out)}
	for line := range strings.Lines(out) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "has":
			if h, err := v1.NewHash(rest); err == nil {
				s.has[h] = true
			}
		case "manifest":
			if json.Unmarshal([]byte(rest), &s.manifest) != nil {
				s.manifest = v1.Manifest{}
			}
		}
	}
	return s
}

// parseProof reads a row of ctr's table, which has the columns
// REF TYPE DIGEST STATUS SIZE UNPACKED, as in
// "x:1 application/vnd… sha256:… complete (2/2) 1.4 MiB/1.4 MiB true".
func parseProof(out string) proof {
	var p proof
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
