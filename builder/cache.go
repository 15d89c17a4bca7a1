package builder

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
	// cacheLimit bounds the layers on disk, in bytes: ten base images and as many
	// versions of an application as one works on.
	cacheLimit = 4 << 30
	// abandoned is the age at which an unfinished file has no writer any more.
	abandoned = time.Hour
)

// layerCache keeps uncompressed layers as files named by their digest. A file
// appears under its name only when it is whole (written beside, then renamed), and
// is hashed before it is served, so that a damaged one is never used. Any number of
// processes may share it. The size of a layer is remembered after the layer is gone.
//
//	DIR/sha256/HEX       the layer
//	DIR/sizes/HEX        its size in bytes, in digits
type layerCache struct {
	dir   string
	limit int64
	began time.Time // layers used since are never dropped
}

func newLayerCache(dir string) *layerCache {
	return &layerCache{dir: filepath.Join(dir, "layers"), limit: cacheLimit, began: time.Now()}
}

func (c *layerCache) path(h v1.Hash) string { return filepath.Join(c.dir, h.Algorithm, h.Hex) }

func (c *layerCache) sizePath(h v1.Hash) string { return filepath.Join(c.dir, "sizes", h.Hex) }

// has says whether the layer is there, and counts that as a use. One that was cut, as
// by a machine that lost its power, counts as missing.
func (c *layerCache) has(h v1.Hash) bool {
	now := time.Now()
	if info, err := os.Stat(c.path(h)); err == nil && info.Size() != c.committed(h, info.Size()) {
		_ = os.Remove(c.path(h))
	}
	return os.Chtimes(c.path(h), now, now) == nil
}

// size returns the size of a layer that is there or was once.
func (c *layerCache) size(h v1.Hash) (int64, bool) {
	if info, err := os.Stat(c.path(h)); err == nil {
		return info.Size(), true
	}
	size := c.committed(h, -1)
	return size, size >= 0
}

// committed returns the size with which a layer was committed, unknown where that isn't known.
func (c *layerCache) committed(h v1.Hash, unknown int64) int64 {
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

// open returns a layer whose content has been hashed just now. What does not match
// its name is removed and reported as missing (fs.ErrNotExist).
func (c *layerCache) open(h v1.Hash) (io.ReadCloser, error) {
	file, err := os.Open(c.path(h))
	if err != nil {
		return nil, err
	}
	found, _, err := v1.SHA256(file)
	if err == nil && found != h {
		err = fmt.Errorf("layer %s is damaged: %w", h, fs.ErrNotExist)
		_ = os.Remove(c.path(h))
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	c.has(h)
	return file, nil
}

// layerWriter takes one layer; commit or discard ends it.
type layerWriter struct {
	cache *layerCache
	file  *os.File
	hash  hash.Hash
	size  int64
}

// create begins a layer whose digest is not known yet.
func (c *layerCache) create() (*layerWriter, error) {
	for _, dir := range []string{"sha256", "sizes", "new"} {
		if err := os.MkdirAll(filepath.Join(c.dir, dir), 0o755); err != nil {
			return nil, fmt.Errorf("make the layer cache: %w", err)
		}
	}
	file, err := os.CreateTemp(filepath.Join(c.dir, "new"), "layer-")
	if err != nil {
		return nil, fmt.Errorf("write to the layer cache: %w", err)
	}
	return &layerWriter{cache: c, file: file, hash: sha256.New()}, nil
}

func (w *layerWriter) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	_, _ = w.hash.Write(p[:n])
	w.size += int64(n)
	if err != nil {
		err = fmt.Errorf("write to the layer cache: %w", err)
	}
	return n, err
}

// digest returns that of what has been written.
func (w *layerWriter) digest() v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(w.hash.Sum(nil))}
}

// commit gives the layer its name.
func (w *layerWriter) commit() (v1.Hash, error) {
	h := w.digest()
	defer w.discard()
	err := w.file.Close()
	if err == nil {
		err = os.WriteFile(w.cache.sizePath(h), strconv.AppendInt(nil, w.size, 10), 0o644)
	}
	if err == nil {
		err = os.Rename(w.file.Name(), w.cache.path(h))
	}
	if err != nil {
		return h, fmt.Errorf("keep layer %s: %w", h, err)
	}
	w.cache.trim()
	return h, nil
}

// discard removes what was written and not committed.
func (w *layerWriter) discard() {
	_ = w.file.Close()
	_ = os.Remove(w.file.Name())
}

// trim drops the layers that have not been used for longest until the rest is
// within the limit, and files whose writer was killed. What can't be removed stays.
func (c *layerCache) trim() {
	for _, f := range c.files("new") {
		if time.Since(f.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(c.dir, "new", f.Name()))
		}
	}
	layers, total := c.files("sha256"), int64(0)
	for _, f := range layers {
		total += f.Size()
	}
	slices.SortFunc(layers, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, f := range layers {
		if total <= c.limit || f.ModTime().After(c.began) {
			return
		}
		if os.Remove(filepath.Join(c.dir, "sha256", f.Name())) == nil {
			total -= f.Size()
		}
	}
}

// files returns what lies in a directory of the cache.
func (c *layerCache) files(dir string) []fs.FileInfo {
	var infos []fs.FileInfo
	entries, _ := os.ReadDir(filepath.Join(c.dir, dir))
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			infos = append(infos, info)
		}
	}
	return infos
}
