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

	"github.com/devloop-cli/devloop/internal/paths"
)

// Context is what a builder gets with a Dockerfile: the files of a directory that .dockerignore does not exclude.
type Context struct {
	// Dir is the absolute directory whose files COPY can name.
	Dir string
	// Dockerfile is the absolute path of the Dockerfile, which need not be in Dir.
	Dockerfile string
}

// Name returns the path of the Dockerfile from the build context, with slashes.
func (c Context) Name() string { return c.inContext(c.Dockerfile) }

// ignoreFile returns the file that lists what the builder does not get. A file with the name of the Dockerfile takes
// precedence over that of the context (https://docs.docker.com/build/concepts/context/#filename-and-location).
func (c Context) ignoreFile() string {
	own := c.Dockerfile + ".dockerignore"
	if _, err := os.Stat(own); err == nil {
		return own
	}
	return filepath.Join(c.Dir, ".dockerignore")
}

// Ignored returns the patterns of .dockerignore. The builder always gets that file and the Dockerfile.
func (c Context) Ignored() ([]string, error) {
	file, err := os.Open(c.ignoreFile())
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
	return append(patterns, "!"+c.inContext(file.Name()), "!"+c.Name()), nil
}

// inContext returns the path of a file in the context, with slashes.
func (c Context) inContext(file string) string {
	return filepath.ToSlash(paths.Relative(file, c.Dir))
}

// sent returns a function that reports whether the builder gets a file: none if .dockerignore cannot be read.
func (c Context) sent() func(name string) bool {
	ignored, err := c.Ignored()
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
func (c Context) glob(pattern string) []string {
	// The context is not part of the pattern: its name may contain brackets.
	found, _ := fs.Glob(os.DirFS(c.Dir), path.Join(".", path.Clean("/" + filepath.ToSlash(pattern))[1:]))
	return found
}

// matches returns the paths in the context that a source of a COPY stands for.
func (c Context) matches(pattern string, exclude []string) []string {
	sent, kept := c.sent(), noneOf(exclude)
	return slices.DeleteFunc(c.glob(pattern), func(name string) bool { return !sent(name) || !kept(name) })
}

// Walk visits the files that the builder gets for a pattern. Root is the path that the
// pattern matched: the file itself, or a directory above it. All paths are absolute.
func (c Context) Walk(pattern string, visit func(root, file string, d fs.DirEntry) error) error {
	sent := c.sent()
	for _, match := range c.glob(pattern) {
		root := filepath.Join(c.Dir, filepath.FromSlash(match))
		err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !sent(c.inContext(file)) {
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
func (c Context) Roots(pattern string) []string {
	found := c.glob(pattern)
	for i, match := range found {
		found[i] = filepath.Join(c.Dir, filepath.FromSlash(match))
	}
	return found
}
