package ociimage

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/tempcontainer"
)

// extractLabel marks the containers from which layers are read. They never run.
const extractLabel = "devloop-cli.github.io/extract"

// extractLimit limits the reading of layers from a container. It takes some tenths of a second.
const extractLimit = time.Minute

var errNotCopied = errors.New("the layer was not made by a COPY")

// An engine exports only whole images, which takes three or four seconds even if an edit changed one jar. But it hands
// out single files of a container of the image, with the tar headers that it wrote into the layer. So a layer that a
// COPY made is rebuilt: the directories above the destination, and what lies there and not in lower layers. The digest
// says whether the result is the layer, byte for byte; if not, the image is exported.

// extract brings wanted layers into the cache, if the image's last COPY instructions made all of them.
func (e *exporter) extract(ctx context.Context, wanted map[v1.Hash]bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, extractLimit, fmt.Errorf("it took longer than %s", extractLimit))
	defer cancel()
	history, err := e.docker.ImageHistory(ctx, e.id)
	if err != nil {
		return err
	}
	places := CopyDestinations(history, e.workDir)
	beneath := len(e.layers) - len(places)
	if beneath < 0 || slices.ContainsFunc(e.layers[:beneath], func(h v1.Hash) bool { return wanted[h] }) {
		return errNotCopied
	}
	id, remove, err := tempcontainer.Create(ctx, e.docker,
		tempcontainer.Purpose{Label: extractLabel, Limit: extractLimit},
		&container.Config{Image: e.id, Entrypoint: []string{"never"}},
		&container.HostConfig{NetworkMode: "none"})
	if err != nil {
		return err
	}
	defer remove()
	x := &extraction{docker: e.docker, cache: e.cache, id: id}
	for i, place := range places {
		if h := e.layers[beneath+i]; wanted[h] {
			if err := x.layer(ctx, h, e.layers[:beneath+i], place); err != nil {
				return err
			}
		}
	}
	return nil
}

// CopyDestinations returns where the image's last instructions that made layers have copied
// to, the last one last, up to one that did something else. The engine tells a COPY as
//
//	/bin/sh -c #(nop) COPY file:917bd5d2… in app.jar
//	COPY build/libs/*.jar app.jar # buildkit
func CopyDestinations(history []image.HistoryResponseItem, workDir string) (places []string) {
	for _, step := range history { // the newest is first
		text := strings.TrimSpace(strings.TrimPrefix(step.CreatedBy, "/bin/sh -c #(nop)"))
		text = strings.TrimSpace(strings.TrimSuffix(text, "# buildkit"))
		word, _, _ := strings.Cut(text, " ")
		switch word {
		case "COPY", "ADD":
			place := text[strings.LastIndex(text, " ")+1:]
			if !path.IsAbs(place) {
				place = path.Join("/", workDir, place)
			}
			places = append(places, path.Clean(place))
		case "CMD", "ENTRYPOINT", "EXPOSE", "ENV", "ARG", "LABEL", "USER", "VOLUME", "STOPSIGNAL", "HEALTHCHECK",
			"ONBUILD", "SHELL":
		default:
			slices.Reverse(places)
			return places
		}
	}
	slices.Reverse(places)
	return places
}

// extraction reads layers from a container.
type extraction struct {
	docker client.ContainerAPIClient
	cache  *layercache.Cache
	id     string
}

// fileType are the bits of a mode that say what kind of file it is.
const fileType = 0o170000

// headerVariants are the ways in which headers in a layer differ from a container's: not at all; by the names of users
// and groups, which older engines look up; by a mode without the file type, with containerd's image store.
var headerVariants = []func(*tar.Header){
	func(*tar.Header) {},
	nameOwners,
	func(h *tar.Header) { h.Mode &^= fileType },
}

// nameOwners names a file's owners as this machine does, which in most cases is the engine's.
func nameOwners(h *tar.Header) {
	h.Uname, h.Gname = "", ""
	if owner, err := user.LookupId(strconv.Itoa(h.Uid)); err == nil {
		h.Uname = owner.Username
	}
	if group, err := user.LookupGroupId(strconv.Itoa(h.Gid)); err == nil {
		h.Gname = group.Name
	}
}

// layer brings the layer of a COPY to place into the cache. beneath are the layers below it.
func (x *extraction) layer(ctx context.Context, h v1.Hash, beneath []v1.Hash, place string) error {
	if place == "/" {
		return errNotCopied // what is there is the whole image
	}
	var err error
	for _, variant := range headerVariants {
		if err = x.try(ctx, h, beneath, place, variant); !errors.Is(err, errOther) {
			return err
		}
	}
	return fmt.Errorf("put together what was copied to %q: %w", place, err)
}

// errOther means that the layer that was put together has another digest than the wanted one.
var errOther = errors.New("it has another digest than the layer")

// try puts a layer together with one variant of headers, and keeps it if its digest is the wanted one.
func (x *extraction) try(ctx context.Context, h v1.Hash, beneath []v1.Hash, place string,
	variant func(*tar.Header)) error {
	found, err := x.cache.Keep(map[v1.Hash]bool{h: true},
		func(w io.Writer) error { return x.write(ctx, w, beneath, place, variant) })
	if err == nil && found != h {
		err = errOther
	}
	return err
}

func (x *extraction) write(ctx context.Context, to io.Writer, beneath []v1.Hash, place string,
	variant func(*tar.Header)) error {
	layer := &layerFiles{tar: tar.NewWriter(to), variant: variant, beneath: map[string]string{}}
	for dir := path.Dir(place); dir != "/"; dir = path.Dir(dir) {
		header, err := x.header(ctx, dir)
		if err != nil {
			return err
		}
		layer.above = slices.Insert(layer.above, 0, header)
	}
	for _, h := range beneath {
		if err := layer.skip(x.cache.Path(h), strings.TrimPrefix(place, "/")); err != nil {
			return err
		}
	}
	if err := x.walk(ctx, place, layer.add); err != nil {
		return err
	}
	return layer.tar.Close()
}

func (x *extraction) header(ctx context.Context, dir string) (found *tar.Header, err error) {
	err = x.walk(ctx, dir, func(header *tar.Header, _ io.Reader) error {
		found = header
		return io.EOF // the rest is not read
	})
	if err == nil && found == nil {
		err = fmt.Errorf("the engine sent nothing of %q", dir)
	}
	return found, err
}

// walk reads the files at a place from the engine, named as in a layer. It stops when visit returns [io.EOF].
func (x *extraction) walk(ctx context.Context, place string, visit func(*tar.Header, io.Reader) error) error {
	ctx, cancel := context.WithCancel(ctx) // the engine stops sending when we do
	defer cancel()
	stream, _, err := x.docker.CopyFromContainer(ctx, x.id, place)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	above := strings.TrimPrefix(path.Dir(place), "/")
	for files := tar.NewReader(stream); err == nil; {
		var header *tar.Header
		if header, err = files.Next(); err == nil {
			header.Name = joined(above, header.Name)
			err = visit(header, files)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// joined is path.Join, but keeps the slash at a directory's end.
func joined(above, name string) string {
	if above == "" {
		return name
	}
	return above + "/" + name
}

// layerFiles writes a layer's tar.
type layerFiles struct {
	tar     *tar.Writer
	variant func(*tar.Header) // one of [headerVariants]
	// above are the directories above the next file that are not written yet.
	above []*tar.Header
	// beneath are the files of the layers below, each with the content of its header.
	beneath map[string]string
}

// skip records the files that a cached layer has at a place or below it.
func (l *layerFiles) skip(layer, place string) error {
	file, err := os.Open(layer)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	for files := tar.NewReader(file); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if name := strings.TrimSuffix(header.Name, "/"); name == place || strings.HasPrefix(name, place+"/") {
			l.beneath[name] = headerKey(header)
		}
	}
}

// headerKey is the content of a header without the name and the type of the file.
func headerKey(h *tar.Header) string {
	return fmt.Sprint(h.Typeflag, h.Mode&^fileType, h.Uid, h.Gid, h.Size, h.ModTime.Unix(), h.Linkname)
}

// add writes a file unless a layer below has it. A directory is also written if a file in it is.
func (l *layerFiles) add(header *tar.Header, data io.Reader) error {
	l.above = slices.DeleteFunc(l.above,
		func(dir *tar.Header) bool { return !strings.HasPrefix(header.Name, dir.Name) })
	known := l.beneath[strings.TrimSuffix(header.Name, "/")] == headerKey(header)
	if header.Typeflag == tar.TypeDir {
		l.above = append(l.above, header)
	}
	if known {
		return nil
	}
	for _, dir := range l.above {
		if err := l.header(dir); err != nil {
			return err
		}
	}
	l.above = nil
	if header.Typeflag == tar.TypeDir {
		return nil
	}
	if err := l.header(header); err != nil {
		return err
	}
	_, err := io.Copy(l.tar, data)
	return err
}

// header writes a header as engines do: PAX only if it has to be.
func (l *layerFiles) header(h *tar.Header) error {
	h.Format = tar.FormatPAX
	l.variant(h)
	return l.tar.WriteHeader(h)
}
