// Package layercache keeps uncompressed image layers on disk, named by their digest.
//
//	cache := layercache.Open(dir)
//	w, err := cache.Create()
//	defer w.Discard()
//	_, err = io.Copy(w, layer)
//	digest, err := w.Commit()
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
	"hash"
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
	// sizeLimit is the default limit, in bytes: ten base images and as many versions of the
	// applications that somebody works on.
	sizeLimit = 4 << 30
	// abandonedAfter is the age at which an unfinished file has no writer any more.
	abandonedAfter = time.Hour
	// inUse is how long after its last use a layer is certainly not needed any more: by then the image is on the
	// nodes. Any devloop of this machine may have used it.
	inUse = 15 * time.Minute
)

// Cache is a directory of layers. A layer appears under its name when it is complete, and is
// hashed before it is served, so that a damaged one is never used. The size of a layer is
// remembered after the layer is gone.
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

// Has reports whether the layer is there, and counts as a use of it. A truncated file, as after
// a power failure, is removed.
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

// Open returns a layer after checking its digest. A damaged one is removed and reported as
// missing (fs.ErrNotExist).
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

// Writer writes one layer. Commit or Discard ends it.
type Writer struct {
	cache *Cache
	file  *os.File
	hash  hash.Hash
	size  int64
}

// Create begins a layer whose digest is not known yet.
func (c *Cache) Create() (*Writer, error) {
	for _, dir := range []string{"sha256", "sizes", "new"} {
		if err := os.MkdirAll(filepath.Join(c.dir, dir), 0o700); err != nil {
			return nil, fmt.Errorf("make the layer cache: %w", err)
		}
	}
	file, err := os.CreateTemp(filepath.Join(c.dir, "new"), "layer-")
	if err != nil {
		return nil, fmt.Errorf("write to the layer cache: %w", err)
	}
	return &Writer{cache: c, file: file, hash: sha256.New()}, nil
}

func (w *Writer) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	_, _ = w.hash.Write(p[:n])
	w.size += int64(n)
	if err != nil {
		err = fmt.Errorf("write to the layer cache: %w", err)
	}
	return n, err
}

// Digest returns the digest of what was written so far.
func (w *Writer) Digest() v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(w.hash.Sum(nil))}
}

// Commit adds the layer to the cache.
func (w *Writer) Commit() (v1.Hash, error) {
	h := w.Digest()
	defer w.Discard()
	err := w.file.Close()
	if err == nil {
		err = os.WriteFile(w.cache.sizePath(h), strconv.AppendInt(nil, w.size, 10), 0o600)
	}
	if err == nil {
		err = os.Rename(w.file.Name(), w.cache.Path(h))
	}
	if err != nil {
		return h, fmt.Errorf("keep layer %s: %w", h, err)
	}
	w.cache.trim()
	return h, nil
}

// Discard removes what was not committed. After Commit it does nothing.
func (w *Writer) Discard() {
	_ = w.file.Close()
	_ = os.Remove(w.file.Name())
}

// trim drops the layers that were not used for longest until the rest is within the limit, and
// files whose writer was killed. What cannot be removed stays.
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
