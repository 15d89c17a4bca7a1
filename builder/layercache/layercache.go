// Package layercache keeps uncompressed image layers on disk, named by their digest.
//
//	cache := layercache.Open(dir)
//	digest, err := cache.Keep(nil, func(w io.Writer) error { _, err := io.Copy(w, layer); return err })
//	data, err := cache.Open(digest) // checked against the digest just now
//
// Any number of processes may share a directory. The cache keeps itself within a limit by
// dropping what was not used for longest, and not just now; whoever needs a layer must be able to make it again.
// Where layers come from, and which image has them, it does not know.
package layercache

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	// sizeLimit is the default limit in bytes: ten base images, and as many versions of the applications in work.
	sizeLimit = 4 << 30
	// abandonedAfter is the age at which an unfinished file has no writer any more.
	abandonedAfter = time.Hour
	// inUse is how long after its last use a layer is certainly not needed any more: by then the image is on the
	// nodes. Any devloop of this machine may have used it.
	inUse = 15 * time.Minute
)

// Cache is a directory of layers. A layer appears under its name when it is complete, and is hashed before it is
// served, so that a damaged one is never used. The size of a layer is remembered after the layer is gone.
//
//	DIR/sha256/HEX       the layer
//	DIR/sizes/HEX        its size in bytes, in digits
type Cache struct {
	dir   string
	limit int64
}

// Open returns the cache in the directory "layers" of dir. It need not exist.
func Open(dir string) *Cache {
	return &Cache{dir: filepath.Join(dir, "layers"), limit: sizeLimit}
}

// Path returns where a layer lies, if the cache has it. Unlike Open it checks nothing.
func (c *Cache) Path(h v1.Hash) string { return filepath.Join(c.dir, h.Algorithm, h.Hex) }

func (c *Cache) sizePath(h v1.Hash) string { return filepath.Join(c.dir, "sizes", h.Hex) }

// Has reports whether the layer is there, and counts as a use of it. A file cut off by a power failure is removed.
func (c *Cache) Has(h v1.Hash) bool {
	now := time.Now()
	if info, err := os.Stat(c.Path(h)); err == nil && info.Size() != c.committed(h, info.Size()) {
		_ = os.Remove(c.Path(h))
	}
	return os.Chtimes(c.Path(h), now, now) == nil
}

// Size returns the size of a layer that is in the cache, or was once.
func (c *Cache) Size(h v1.Hash) (int64, bool) {
	if info, err := os.Stat(c.Path(h)); err == nil {
		return info.Size(), true
	}
	size := c.committed(h, -1)
	return size, size >= 0
}

// committed returns the size with which a layer was committed, or unknown.
func (c *Cache) committed(h v1.Hash, unknown int64) int64 {
	text, err := os.ReadFile(c.sizePath(h))
	if err != nil {
		return unknown
	}
	size, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return unknown
	}
	return size
}

// Open returns a layer after checking its digest. A damaged one is removed and reported as missing (fs.ErrNotExist).
func (c *Cache) Open(h v1.Hash) (io.ReadCloser, error) {
	file, err := os.Open(c.Path(h))
	if err != nil {
		return nil, err
	}
	found, _, err := v1.SHA256(file)
	if err == nil && found != h {
		err = fmt.Errorf("layer %s is damaged: %w", h, fs.ErrNotExist)
		_ = os.Remove(c.Path(h))
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	c.Has(h)
	return file, nil
}

// Keep adds the layer that write writes, unless its digest is not among the wanted ones; nil wants any.
func (c *Cache) Keep(wanted map[v1.Hash]bool, write func(io.Writer) error) (h v1.Hash, err error) {
	for _, dir := range []string{"sha256", "sizes", "new"} {
		if err := os.MkdirAll(filepath.Join(c.dir, dir), 0o700); err != nil {
			return h, fmt.Errorf("make the layer cache: %w", err)
		}
	}
	file, err := os.CreateTemp(filepath.Join(c.dir, "new"), "layer-")
	if err != nil {
		return h, fmt.Errorf("write to the layer cache: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }() // unless it was kept
	sum := sha256.New()
	err = write(io.MultiWriter(file, sum))
	size, _ := file.Seek(0, io.SeekCurrent)
	if err := errors.Join(err, file.Close()); err != nil {
		return h, err
	}
	h = v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(sum.Sum(nil))}
	if wanted != nil && !wanted[h] {
		return h, nil
	}
	if err = os.WriteFile(c.sizePath(h), strconv.AppendInt(nil, size, 10), 0o600); err == nil {
		err = os.Rename(file.Name(), c.Path(h))
	}
	if err != nil {
		return h, fmt.Errorf("keep layer %s: %w", h, err)
	}
	c.trim()
	return h, nil
}

// trim drops the layers that were not used for longest, down to the limit, and files of killed writers.
func (c *Cache) trim() {
	for _, f := range c.files("new") {
		if time.Since(f.ModTime()) > abandonedAfter {
			_ = os.Remove(filepath.Join(c.dir, "new", f.Name()))
		}
	}
	layers, total := c.files("sha256"), int64(0)
	for _, f := range layers {
		total += f.Size()
	}
	slices.SortFunc(layers, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, f := range layers {
		if total <= c.limit || time.Since(f.ModTime()) < inUse {
			return
		}
		if os.Remove(filepath.Join(c.dir, "sha256", f.Name())) == nil {
			total -= f.Size()
		}
	}
}

// files returns the files in a directory of the cache.
func (c *Cache) files(dir string) []fs.FileInfo {
	var infos []fs.FileInfo
	entries, _ := os.ReadDir(filepath.Join(c.dir, dir))
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			infos = append(infos, info)
		}
	}
	return infos
}
