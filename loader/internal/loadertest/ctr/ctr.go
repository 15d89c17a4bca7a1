// Command ctr plays containerd's ctr for tests, with a directory in place of containerd.
//
//	CONTAINERD_ROOT=DIRECTORY ctr -n k8s.io images ls -q
//
// It knows only the commands, and only their forms, that the loader and its suite use. It stores images and content as
// containerd does, and so finds an archive without one of its layers, content that is listed but gone, and a full disk.
package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// containerd is the directory that stands for containerd:
//
//	io.containerd.content.v1.content/blobs/sha256/…  the content
//	listed/…                                         the content that the metadata lists
//	ingest/PID-…                                     what an import is receiving
//	images/…                                         one image each, as JSON
//	starting                                         one byte for each ctr that will find no containerd
//	ending                                           exists if containerd ends during the next import
//	full                                             exists if the disk is full
//	containers/ID                                    the name of the container's image
//	leases                                           locked by imports and removals
//	gate                                             locked to delay the listing of containers
//
// As in the real one, content whose file is gone is still listed.
type containerd struct{ root string }

// image is an entry of the image store.
type image struct {
	Name   string
	Target v1.Hash
	Labels []string
}

func (c containerd) blob(digest v1.Hash) string {
	return filepath.Join(c.root, "io.containerd.content.v1.content/blobs/sha256", digest.Hex)
}

func (c containerd) dir(name string) string { return filepath.Join(c.root, name) }

func main() {
	if err := run(os.Getenv("CONTAINERD_ROOT"), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ctr:", err)
		os.Exit(1)
	}
}

// run runs one command, with the directory root in place of containerd.
func run(root string, args []string, in io.Reader, out io.Writer) error {
	c := containerd{root}
	if len(args) < 3 || args[0] != "-n" || args[1] != "k8s.io" {
		return fmt.Errorf("unknown arguments %q", args)
	}
	if starting, _ := os.ReadFile(c.dir("starting")); len(starting) > 0 {
		_ = os.WriteFile(c.dir("starting"), starting[1:], 0o644)
		return errors.New(`failed to dial "/run/containerd/containerd.sock": connection refused`)
	}
	if args[2] == "version" {
		return nil
	}
	if len(args) < 4 {
		return fmt.Errorf("unknown arguments %q", args)
	}
	command, rest := strings.Join(args[2:4], " "), args[4:]
	switch args[2] {
	case "content", "leases":
		return c.contentCommand(command, rest, out)
	case "images":
		return c.imageCommand(command, rest, in, out)
	case "containers":
		return c.containerCommand(command, rest, out)
	}
	return fmt.Errorf("unknown command %q", args)
}

func (c containerd) contentCommand(command string, args []string, out io.Writer) error {
	switch command {
	case "content ls":
		return c.contentList(args, out)
	case "content get":
		return c.contentGet(args[0], out)
	case "content rm":
		_ = os.Remove(c.dir("listed/" + strings.TrimPrefix(args[0], "sha256:")))
		return os.Remove(c.blob(v1.Hash{Algorithm: "sha256", Hex: strings.TrimPrefix(args[0], "sha256:")}))
	case "content active":
		return c.contentActive(out)
	case "leases create", "leases rm":
		return nil
	}
	return fmt.Errorf("unknown command %q", command)
}

func (c containerd) imageCommand(command string, args []string, in io.Reader, out io.Writer) error {
	switch command {
	case "images ls":
		return c.imagesList(args, out)
	case "images check":
		return c.imagesCheck(args[0], out)
	case "images rm":
		return c.imagesRemove(args)
	case "images label":
		return c.imagesLabel(args[0], args[1:])
	case "images import":
		return c.imagesImport(in)
	}
	return fmt.Errorf("unknown command %q", command)
}

func (c containerd) containerCommand(command string, args []string, out io.Writer) error {
	switch command {
	case "containers create":
		return os.WriteFile(c.dir("containers/"+args[1]), []byte(args[0]), 0o644)
	case "containers rm":
		return os.Remove(c.dir("containers/" + args[0]))
	case "containers ls":
		return c.containersList(out)
	}
	return fmt.Errorf("unknown command %q", command)
}

func (c containerd) contentList(args []string, out io.Writer) error {
	entries, err := os.ReadDir(c.dir("listed"))
	for _, e := range entries {
		digest := "sha256:" + e.Name()
		if len(args) <= 1 || slices.Contains(args, "digest=="+digest) {
			fmt.Fprintln(out, digest)
		}
	}
	return err
}

func (c containerd) contentGet(digest string, out io.Writer) error {
	hash, err := v1.NewHash(digest)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(c.blob(hash))
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	return err
}

func (c containerd) contentActive(out io.Writer) error {
	entries, err := os.ReadDir(c.dir("ingest"))
	fmt.Fprintln(out, "REF\tSIZE\tAGE")
	for _, e := range entries {
		pid, _, _ := strings.Cut(e.Name(), "-")
		if n, convErr := strconv.Atoi(pid); convErr == nil && lives(n) { // its importer
			fmt.Fprintln(out, e.Name())
		}
	}
	return err
}

func lives(pid int) bool {
	p, err := os.FindProcess(pid)
	return err == nil && p.Signal(syscall.Signal(0)) == nil
}

func (c containerd) images() []image {
	var all []image
	entries, _ := os.ReadDir(c.dir("images"))
	for _, e := range entries {
		var i image
		content, err := os.ReadFile(filepath.Join(c.dir("images"), e.Name()))
		if err == nil && json.Unmarshal(content, &i) == nil {
			all = append(all, i)
		}
	}
	return all
}

// selected reads the filters name=="NAME", maybe with more after a comma, target.digest==D and labels."KEY"=="VALUE".
func (c containerd) selected(filter string) []image {
	subject, value, _ := strings.Cut(filter, "==")
	value, _, _ = strings.Cut(strings.Trim(value, `"`), `"`)
	return slices.DeleteFunc(c.images(), func(i image) bool {
		switch key, isLabel := strings.CutPrefix(subject, "labels."); {
		case isLabel:
			return !slices.Contains(i.Labels, strings.Trim(key, `"`)+"="+value)
		case subject == "target.digest":
			return i.Target.String() != value
		default:
			return i.Name != value
		}
	})
}

// imagesList prints names with -q, else a table, of all images or the selected ones.
func (c containerd) imagesList(args []string, out io.Writer) error {
	quiet := len(args) > 0 && args[0] == "-q"
	if quiet {
		args = args[1:]
	}
	images := c.images()
	if len(args) > 0 {
		images = c.selected(args[0])
	}
	for _, i := range images {
		if quiet {
			fmt.Fprintln(out, i.Name)
			continue
		}
		fmt.Fprintln(out, i.Name, "application/vnd.oci.image.manifest.v1+json", i.Target, "1.0 MiB linux/amd64",
			strings.Join(i.Labels, ","))
	}
	return nil
}

func (c containerd) imagesLabel(name string, labels []string) error {
	for _, i := range c.images() {
		if i.Name == name {
			i.Labels = append(i.Labels, labels...)
			return c.store(i)
		}
	}
	return fmt.Errorf("image %q: not found", name)
}

// store replaces an image's entry in one step, since other processes read it.
func (c containerd) store(i image) error {
	content, err := json.Marshal(i)
	if err != nil {
		return err
	}
	temporary := c.dir(fmt.Sprintf("image-%d", os.Getpid()))
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, c.imageFile(i.Name))
}

func (c containerd) containersList(out io.Writer) error {
	gate := flock.New(c.dir("gate"))
	if err := gate.RLock(); err != nil {
		return err
	}
	defer func() { _ = gate.Unlock() }()
	fmt.Fprintln(out, "CONTAINER IMAGE RUNTIME")
	entries, err := os.ReadDir(c.dir("containers"))
	for _, e := range entries {
		name, err := os.ReadFile(filepath.Join(c.dir("containers"), e.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintln(out, e.Name(), string(name), "io.containerd.runc.v2")
	}
	return err
}

func (c containerd) imagesCheck(filter string, out io.Writer) error {
	fmt.Fprintln(out, "REF TYPE DIGEST STATUS SIZE UNPACKED")
	for _, i := range c.selected(filter) {
		manifest, err := c.manifest(i.Target)
		if err != nil {
			return err
		}
		present, required, status := 0, 1+len(manifest.Layers), "complete"
		for _, d := range append(manifest.Layers, manifest.Config) {
			if _, err := os.Stat(c.blob(d.Digest)); err == nil {
				present++
			}
		}
		if present < required {
			status = "incomplete"
		}
		fmt.Fprintf(out, "%s %s %s %s (%d/%d) 1 B/1 B true\n", i.Name, manifest.MediaType, i.Target, status,
			present, required)
	}
	return nil
}

func (c containerd) manifest(digest v1.Hash) (m v1.Manifest, err error) {
	content, err := os.ReadFile(c.blob(digest))
	if err == nil {
		err = json.Unmarshal(content, &m)
	}
	return m, err
}

// imagesRemove removes images and, as with --sync, the content that no other image needs.
func (c containerd) imagesRemove(args []string) error {
	lock := flock.New(c.dir("leases"))
	if err := lock.Lock(); err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	for _, name := range args {
		_ = os.Remove(c.imageFile(name))
	}
	needed := map[string]bool{}
	for _, i := range c.images() {
		needed[i.Target.Hex] = true
		manifest, err := c.manifest(i.Target)
		if err != nil {
			return err
		}
		for _, d := range append(manifest.Layers, manifest.Config) {
			needed[d.Digest.Hex] = true
		}
	}
	entries, err := os.ReadDir(c.dir("listed"))
	for _, e := range entries {
		if !needed[e.Name()] {
			_ = os.Remove(filepath.Join(c.dir("listed"), e.Name()))
			_ = os.Remove(c.blob(v1.Hash{Algorithm: "sha256", Hex: e.Name()}))
		}
	}
	return err
}

func (c containerd) imageFile(name string) string {
	digest, _, _ := v1.SHA256(strings.NewReader(name))
	return filepath.Join(c.dir("images"), digest.Hex)
}

// imagesImport reads an OCI archive. A lease protects its content until an image needs it.
func (c containerd) imagesImport(in io.Reader) error {
	if os.Remove(c.dir("ending")) == nil {
		_ = os.WriteFile(c.dir("starting"), make([]byte, 3), 0o644)
		return errors.New("rpc error: code = Unavailable desc = error reading from server: EOF")
	}
	lease := flock.New(c.dir("leases"))
	if err := lease.RLock(); err != nil {
		return err
	}
	defer func() { _ = lease.Unlock() }()
	archive, isLayout := tar.NewReader(in), false
	var index v1.IndexManifest
	for {
		header, err := archive.Next()
		switch {
		case err == io.EOF && isLayout && len(index.Manifests) == 1:
			return c.name(index.Manifests[0])
		case err == io.EOF:
			return errors.New("missing index.json in OCI layout")
		case err != nil:
			return err
		}
		switch header.Name {
		case "oci-layout":
			isLayout = true
		case "index.json":
			err = json.NewDecoder(archive).Decode(&index)
		default:
			err = c.ingest(archive)
		}
		if err != nil {
			return fmt.Errorf("ingest %q: %w", header.Name, err)
		}
	}
}

// ingest stores content under its digest. Like containerd, it drops content that was cut off.
func (c containerd) ingest(content io.Reader) error {
	file, err := os.CreateTemp(c.dir("ingest"), fmt.Sprintf("%d-*-", os.Getpid()))
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	defer func() { _ = file.Close() }()
	digest, _, err := v1.SHA256(io.TeeReader(content, file))
	if _, full := os.Stat(c.dir("full")); full == nil {
		return syscall.ENOSPC
	}
	if err != nil {
		return err
	}
	if err := os.Rename(file.Name(), c.blob(digest)); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.dir("listed"), digest.Hex), nil, 0o644)
}

// name adds the image to the image store under its name and, as the kubelet's image service does, under its ID. It must
// have all layers; the real containerd needs only those that it has not unpacked before.
func (c containerd) name(d v1.Descriptor) error {
	manifest, err := c.manifest(d.Digest)
	if err != nil {
		return err
	}
	for _, l := range manifest.Layers {
		if _, err := os.Stat(c.blob(l.Digest)); err != nil {
			return fmt.Errorf("content digest %v: not found", l.Digest)
		}
	}
	for _, name := range []string{manifest.Config.Digest.String(), d.Annotations["io.containerd.image.name"]} {
		if err := c.store(image{name, d.Digest, []string{"io.cri-containerd.image=managed"}}); err != nil {
			return err
		}
	}
	return nil
}
