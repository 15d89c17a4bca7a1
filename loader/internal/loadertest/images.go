package loadertest

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/must"
)

// Layer is an uncompressed layer of one random file, generated while it is read: a large one takes no memory.
type Layer struct {
	seed   [32]byte
	file   int64
	diffID v1.Hash
	size   int64

	// Opened counts how often the layer was opened.
	Opened atomic.Int32
	// AtHalf, if not nil, is called by the reader when half of the layer is read.
	AtHalf func()
	// short makes the layer one byte too short.
	short bool
}

// NewLayer returns a layer with a file of size bytes.
func NewLayer(t testing.TB, size int64) *Layer {
	t.Helper()
	l := &Layer{file: size}
	for i := range l.seed {
		l.seed[i] = byte(rand.Uint32())
	}
	digest, n, err := v1.SHA256(l.read())
	if err != nil {
		t.Fatal(err)
	}
	l.diffID, l.size = digest, n
	return l
}

// read returns the layer's tar: a header, the file, padding, and two empty blocks.
func (l *Layer) read() io.Reader {
	var header bytes.Buffer
	w := tar.NewWriter(&header)
	name := fmt.Sprintf("random-%x", l.seed[:4])
	_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: l.file, Typeflag: tar.TypeReg})
	const block = 512
	padding := (block-l.file%block)%block + 2*block
	random := rand.NewChaCha8(l.seed)
	return io.MultiReader(&header, io.LimitReader(random, l.file), bytes.NewReader(make([]byte, padding)))
}

// Digest returns the same as DiffID.
func (l *Layer) Digest() (v1.Hash, error) { return l.diffID, nil }

// DiffID returns the digest of the layer's tar.
func (l *Layer) DiffID() (v1.Hash, error) { return l.diffID, nil }

// Size returns the size of the layer's tar.
func (l *Layer) Size() (int64, error) { return l.size, nil }

// MediaType returns that of an uncompressed layer.
func (l *Layer) MediaType() (types.MediaType, error) { return types.OCIUncompressedLayer, nil }

// Compressed returns the same as Uncompressed.
func (l *Layer) Compressed() (io.ReadCloser, error) { return l.Uncompressed() }

// Uncompressed opens the layer.
func (l *Layer) Uncompressed() (io.ReadCloser, error) {
	l.Opened.Add(1)
	content := l.read()
	if l.short {
		content = io.LimitReader(content, l.size-1)
	}
	if l.AtHalf != nil {
		content = io.MultiReader(io.LimitReader(content, l.size/2), event(l.AtHalf), content)
	}
	return io.NopCloser(content), nil
}

// event is an empty reader. Reading it calls the function.
type event func()

func (e event) Read([]byte) (int, error) {
	e()
	return 0, io.EOF
}

// NewImage returns an image with the layers, for this machine's architecture.
func NewImage(t testing.TB, layers ...v1.Layer) v1.Image {
	t.Helper()
	img, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: runtime.GOARCH,
		Config: v1.Config{Cmd: []string{"/random"}}})
	if err != nil {
		t.Fatal(err)
	}
	img = must.Get(mutate.AppendLayers(img, layers...))(t)
	return img
}

// OfProject returns img with the label of an image that devloop built.
func OfProject(t testing.TB, project string, img v1.Image) v1.Image {
	t.Helper()
	img, err := mutate.Config(img,
		v1.Config{Cmd: []string{"/random"}, Labels: map[string]string{dockerapi.ProjectLabel: project}})
	if err != nil {
		t.Fatal(err)
	}
	return img
}
