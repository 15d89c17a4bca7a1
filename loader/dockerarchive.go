package loader

import (
	"archive/tar"
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// archiver writes an image, without the first omit layers, and returns how many bytes of
// content it wrote.
type archiver func(ctx context.Context, to io.Writer, omit int) (sent int64, err error)

// saved is an entry of the file manifest.json of an archive as docker save makes it
// (https://github.com/moby/docker-image-spec).
type saved struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// archive writes the image in docker save's form, without the first omit layers. An
// engine looks for a layer's file only if it doesn't know the chain of layers up to it. It
// returns how many bytes of content it wrote.
func (p *picture) archive(ctx context.Context, to io.Writer, omit int) (sent int64, err error) {
	entry := saved{Config: p.config.digest.Hex + ".json", RepoTags: []string{p.name}}
	for _, l := range p.layers {
		entry.Layers = append(entry.Layers, l.digest.Hex+"/layer.tar")
	}
	manifest, err := json.Marshal([]saved{entry})
	if err != nil {
		return 0, err
	}
	files, written := tar.NewWriter(to), map[string]bool{}
	put := func(name string, b blob) error {
		if written[name] {
			return nil
		}
		written[name] = true
		n, err := writeBlob(ctx, files, name, b)
		sent += n
		return err
	}
	if err := put(entry.Config, p.config); err != nil {
		return sent, err
	}
	for i, l := range p.layers[omit:] {
		if err := put(entry.Layers[omit+i], l.blob); err != nil {
			return sent, err
		}
	}
	// The list is the last file: without it, an archive that was cut off is refused.
	if err := files.WriteHeader(&tar.Header{Name: "manifest.json", Mode: 0o644, Size: int64(len(manifest))}); err != nil {
		return sent, err
	}
	if _, err := files.Write(manifest); err != nil {
		return sent, err
	}
	return sent, files.Close()
}

// writeBlob copies a blob into the archive. What goes wrong with the blob itself is an
// [*imageError].
func writeBlob(ctx context.Context, files *tar.Writer, name string, b blob) (n int64, err error) {
	content, err := b.open()
	if err != nil {
		return 0, &imageError{fmt.Errorf("open layer %v: %w", b.digest, err)}
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: b.size}); err != nil {
		return 0, err
	}
	source := &watched{Reader: &bound{ctx, content}}
	n, err = io.CopyBuffer(struct{ io.Writer }{files}, source, make([]byte, chunk))
	switch {
	case source.err != nil && !errors.Is(source.err, io.EOF):
		return n, &imageError{fmt.Errorf("read layer %v: %w", b.digest, source.err)}
	case errors.Is(err, tar.ErrWriteTooLong), err == nil && n != b.size:
		return n, &imageError{fmt.Errorf("read layer %v: it has another size than %d bytes", b.digest, b.size)}
	}
	return n, err
}

// watched remembers how a reader failed.
type watched struct {
	io.Reader
	err error
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	if err != nil {
		w.err = err
	}
	return n, err
}

// layout writes the image in OCI's form, without the first omit layers.
func (p *picture) layout(ctx context.Context, to io.Writer, omit int) (int64, error) {
	d := &delivery{to: to, lacks: map[v1.Hash]bool{}}
	for _, l := range p.layers[omit:] {
		d.lacks[l.digest] = true
	}
	if err := p.ship(ctx, []*delivery{d}); err != nil {
		return d.sent, &imageError{err}
	}
	return d.sent, d.err
}

// load has the engine read an archive, and returns how many bytes of content that had. The
// engine answers with status 200 before it has read it all: what fails is a message.
func (e engine) load(ctx context.Context, write archiver, omit int) (int64, error) {
	reader, writer := io.Pipe()
	written := make(chan error, 1)
	var sent int64
	go func() {
		buffered := bufio.NewWriterSize(writer, chunk)
		n, err := write(ctx, buffered, omit)
		if err == nil {
			err = buffered.Flush()
		}
		sent = n
		_ = writer.CloseWithError(err)
		written <- err
	}()
	answer, err := e.docker.ImageLoad(ctx, reader)
	if err == nil {
		err = loadResult(answer.Body)
		_ = answer.Body.Close()
	}
	_ = reader.CloseWithError(errors.New("the engine stopped reading"))
	broken := <-written
	if isImageError(broken) {
		return sent, broken
	}
	return sent, engineError(ctx, "load the image into the node's engine", err)
}

// unpackError begins what an engine with containerd's image store says of an image that it
// has taken, but can't run, as when a layer is missing (moby/moby,
// daemon/containerd/image_exporter.go).
const unpackError = "Error unpacking image "

// loadResult reads the engine's messages up to their end, or to one that tells of a failure.
func loadResult(answer io.Reader) error {
	for messages := json.NewDecoder(answer); ; {
		var m struct {
			Error  string `json:"error"`
			Stream string `json:"stream"`
		}
		switch err := messages.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read the engine's answer: %w", err)
		case m.Error != "":
			return errors.New(m.Error)
		case strings.HasPrefix(m.Stream, unpackError):
			return errors.New(strings.TrimSpace(m.Stream))
		}
	}
}

func isNotFound(err error) bool { return err != nil && cerrdefs.IsNotFound(err) }
