package image

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/internal/paths"
	"github.com/devloop-cli/devloop/builder/springboot"
)

var errUnpacked = errors.New("it copies what was unpacked of an older jar: the image would have old code")

// staleCopy refuses a Dockerfile that copies a jar's content from a directory where somebody unpacked
// it by hand, as in COPY target/dependency/BOOT-INF/classes, if the build has made other content
// since. Nothing else would show that the image has old code.
func (k *maker) staleCopy() error {
	for _, c := range k.file.Copies() {
		for _, pattern := range c.Sources {
			old, err := k.staleDir(pattern)
			if err != nil {
				return err
			}
			if old == "" {
				continue
			}
			jar, err := filepath.Rel(old, k.app.Jar)
			if err != nil {
				jar = k.app.Jar
			}
			return k.failure(dockerfile.Failure{Line: c.Line, Instruction: c.Text, Reason: errUnpacked, Hints: []string{
				fmt.Sprintf("unpack the jar that the build made: cd %s && jar -xf %s", paths.Relative(old, k.app.Dir), filepath.ToSlash(jar)),
				"or let devloop make the image: --dockerfile none"}}, nil)
		}
	}
	return nil
}

// staleDir returns the directory in which a source of a COPY has content of another jar than the
// build's, "" for none. A jar that cannot be read is left to the builder.
func (k *maker) staleDir(pattern string) (dir string, err error) {
	jar, err := zip.OpenReader(k.app.Jar)
	if err != nil {
		return "", nil
	}
	defer func() { _ = jar.Close() }()
	entries := map[string]*zip.File{}
	for _, f := range jar.File {
		entries[f.Name] = f
	}
	err = k.file.Walk(pattern, func(_, file string, _ fs.DirEntry) error {
		at := unpackedAt(file)
		if at == "" || dir != "" {
			return nil
		}
		if entry := entries[filepath.ToSlash(paths.Relative(file, at))]; entry == nil || !springboot.SameFile(entry, file) {
			dir = at
			return filepath.SkipAll
		}
		return nil
	})
	if dir != "" || err != nil {
		return dir, err
	}
	for _, root := range k.file.Roots(pattern) {
		if at := unpackedAt(root + "/"); at != "" && missing(at, filepath.ToSlash(paths.Relative(root, at))+"/", entries) {
			return at, nil
		}
	}
	return "", nil
}

// unpackedAt returns the directory into which a file was unpacked from a jar, "" if it was not. It is
// the one with BOOT-INF, of which a directory of layers has several.
func unpackedAt(file string) string {
	dir, _, found := strings.Cut(filepath.ToSlash(file), "/BOOT-INF/")
	if !found {
		return ""
	}
	return filepath.FromSlash(dir)
}

// missing reports whether dir does not have a file that the jar has below prefix.
func missing(dir, prefix string, entries map[string]*zip.File) bool {
	for name := range entries {
		if strings.HasPrefix(name, prefix) && !strings.HasSuffix(name, "/") {
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				return true
			}
		}
	}
	return false
}
