package dockerfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/devloop-cli/devloop/builder/internal/paths"
)

// ignoreFile returns the file that lists what the builder does not get. A file with the name
// of the Dockerfile takes precedence over that of the context
// (https://docs.docker.com/build/concepts/context/#filename-and-location).
func (f *File) ignoreFile() string {
	own := f.Path + ".dockerignore"
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return filepath.Join(f.Context, ".dockerignore")
}

// Ignored returns the patterns of .dockerignore. The builder always gets that file and the Dockerfile.
func (f *File) Ignored() ([]string, error) {
	file, err := os.Open(f.ignoreFile())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("read %q: %w", file.Name(), err)
	}
	return append(patterns, "!"+f.inContext(file.Name()), "!"+f.Name()), nil
}

// inContext returns the path of a file in the context, with slashes.
func (f *File) inContext(file string) string {
	return filepath.ToSlash(paths.Relative(file, f.Context))
}

// sent returns a function that reports whether the builder gets a file of the context. It gets
// none if .dockerignore cannot be read.
func (f *File) sent() func(name string) bool {
	ignored, err := f.Ignored()
	if err != nil {
		return func(string) bool { return false }
	}
	return noneOf(ignored)
}

// noneOf returns a function that reports whether no pattern matches a file or its directories.
func noneOf(patterns []string) func(name string) bool {
	matcher, err := patternmatcher.New(patterns)
	return func(name string) bool {
		if err != nil {
			return false
		}
		matched, err := matcher.MatchesOrParentMatches(name)
		return !matched && err == nil
	}
}

// glob returns the paths in the context that a pattern matches, including ignored ones.
func (f *File) glob(pattern string) []string {
	// The context is not part of the pattern: its name may contain brackets.
	found, _ := fs.Glob(os.DirFS(f.Context), path.Join(".", path.Clean("/" + filepath.ToSlash(pattern))[1:]))
	return found
}

// matches returns the paths in the context that a source of a COPY stands for.
func (f *File) matches(pattern string, exclude []string) []string {
	sent, kept := f.sent(), noneOf(exclude)
	return slices.DeleteFunc(f.glob(pattern), func(name string) bool { return !sent(name) || !kept(name) })
}

// Walk visits the files that the builder gets for a pattern. Root is the path that the
// pattern matched: the file itself, or a directory above it. All paths are absolute.
func (f *File) Walk(pattern string, visit func(root, file string, d fs.DirEntry) error) error {
	sent := f.sent()
	for _, match := range f.glob(pattern) {
		root := filepath.Join(f.Context, filepath.FromSlash(match))
		err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !sent(f.inContext(file)) {
				return err
			}
			return visit(root, file, d)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Roots returns the absolute paths that a pattern matches, including ignored ones.
func (f *File) Roots(pattern string) []string {
	found := f.glob(pattern)
	for i, match := range found {
		found[i] = filepath.Join(f.Context, filepath.FromSlash(match))
	}
	return found
}
