package loader

import (
	"bytes"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

// A node is told beforehand how long its archive is: it would wait for a byte that is
// missing, and take one too many for the next command.
func TestLengthIsWhatIsShipped(t *testing.T) {
	img, err := random.Image(1000, 3)
	if err != nil {
		t.Fatal(err)
	}
	p, err := look("app:1", img)
	if err == nil {
		err = p.compose(img)
	}
	if err != nil {
		t.Fatal(err)
	}
	lacks := map[v1.Hash]bool{}
	for _, next := range append(p.digests(), v1.Hash{}) {
		var archive bytes.Buffer
		if err := p.ship(t.Context(), []*delivery{{to: &archive, lacks: lacks}}); err != nil {
			t.Fatal(err)
		}
		if got := p.length(lacks); got != int64(archive.Len()) {
			t.Errorf("with %d layers: length %d, shipped %d", len(lacks), got, archive.Len())
		}
		lacks[next] = true
	}
}

// Files of 8 GiB and more have a longer header.
func TestLengthOfAHugeFile(t *testing.T) {
	if small, huge := entry("x", 0), entry("x", 8<<30); huge != 8<<30+small+2*block {
		t.Errorf("headers of %d and %d bytes, want two blocks more", small, huge-8<<30)
	}
}
