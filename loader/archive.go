package loader

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"
)

// chunk is how much of a layer is in memory at a time.
const chunk = 256 << 10

// layout is the content of the file "oci-layout", which makes a directory an image
// layout (https://github.com/opencontainers/image-spec/blob/main/image-layout.md).
const layout = `{"imageLayoutVersion":"1.0.0"}`

// delivery is the archive that one node gets.
type delivery struct {
	to    io.Writer
	lacks map[v1.Hash]bool // the layers to send

	tar  *tar.Writer
	buf  *bufio.Writer
	sent int64 // bytes of content, the archive's own not counted
	err  error // the node takes no more
}

// errDeserted says that the node takes no more.
var errDeserted = errors.New("the node takes no more")

// Write implements [io.Writer].
func (d *delivery) Write(b []byte) (int, error) {
	n, err := d.tar.Write(b)
	d.sent += int64(n)
	if d.err = err; err != nil {
		return n, errDeserted
	}
	return n, nil
}

// ship writes to every delivery an OCI archive of what its node lacks. A layer that no
// node lacks is not opened. An error of the image or of ctx is returned; an error of a
// node is kept in its delivery.
//
// No node waits for another: of two loads of one layer, a node takes the second only when
// it has the first, and if each load were held up in a node by the other, neither would end.
func (p *picture) ship(ctx context.Context, deliveries []*delivery) error {
	var group errgroup.Group
	for _, d := range deliveries {
		group.Go(func() error { return p.shipTo(ctx, d) })
	}
	return group.Wait()
}

// shipTo writes one archive. The index is the last file: without it, an archive that was cut
// off is refused by the importer, wherever the cut is.
func (p *picture) shipTo(ctx context.Context, d *delivery) error {
	d.buf = bufio.NewWriter(d.to)
	d.tar = tar.NewWriter(d.buf)
	d.file("oci-layout", []byte(layout))
	layers := len(p.digests())
	buffer := make([]byte, chunk)
	for i, b := range p.blobs() {
		if i < layers && !d.lacks[b.digest] {
			continue // what is no layer is small and always sent
		}
		if err := d.send(ctx, b, buffer); err != nil {
			return err
		}
	}
	d.file("index.json", p.index)
	d.finish()
	return nil
}

// length is how many bytes ship writes for a node that lacks those layers.
func (p *picture) length(lacks map[v1.Hash]bool) int64 {
	const end = 2 * block
	all := end + entry("oci-layout", int64(len(layout))) + entry("index.json", int64(len(p.index)))
	layers := len(p.digests())
	for i, b := range p.blobs() {
		if i >= layers || lacks[b.digest] {
			all += entry(b.path(), b.size)
		}
	}
	return all
}

// block is what files in a tar archive are rounded up to.
const block = 512

// entry is how long a file is in an archive, with its header.
func entry(name string, size int64) int64 {
	var h bytes.Buffer
	_ = tar.NewWriter(&h).WriteHeader(header(name, size))
	return int64(h.Len()) + (size+block-1)/block*block
}

func header(name string, size int64) *tar.Header {
	return &tar.Header{Name: name, Mode: 0o644, Size: size, Typeflag: tar.TypeReg}
}

// send copies b, unless the node takes no more.
func (d *delivery) send(ctx context.Context, b blob, buffer []byte) (err error) {
	if d.header(b.path(), b.size); d.err != nil {
		return nil
	}
	content, err := b.open()
	if err != nil {
		return fmt.Errorf("open layer %v: %w", b.digest, err)
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	n, err := io.CopyBuffer(d, &bound{ctx, content}, buffer)
	switch {
	case errors.Is(err, errDeserted):
		return nil // the delivery has its own error
	case err != nil:
		return fmt.Errorf("read layer %v: %w", b.digest, err)
	case n != b.size:
		return fmt.Errorf("read layer %v: it has %d bytes, not %d", b.digest, n, b.size)
	}
	return nil
}

// bound is a reader that ends with ctx.
type bound struct {
	ctx context.Context
	r   io.Reader
}

func (b *bound) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	return b.r.Read(p)
}

func (d *delivery) header(name string, size int64) {
	if d.err == nil {
		d.err = d.tar.WriteHeader(header(name, size))
	}
}

func (d *delivery) file(name string, content []byte) {
	d.header(name, int64(len(content)))
	if d.err == nil {
		_, d.err = d.tar.Write(content)
	}
}

func (d *delivery) finish() {
	if d.err == nil {
		d.err = errors.Join(d.tar.Close(), d.buf.Flush())
	}
}
