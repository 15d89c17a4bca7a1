package builder

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/devloop-cli/devloop/builder/incremental"
	"github.com/devloop-cli/devloop/builder/internal/paths"
	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// resources are those files of a module that its build copies into the application as they are,
// which is what most builds do with most of them. Such a file is copied without the build when it
// has changed: into copies of the build's directories, as the kept compiler's classes are.
type resources struct {
	// dirs are the copies by the build's own directories.
	dirs map[string]string
	// copies are by the absolute path of what they are made of.
	copies map[string]resourceCopy
}

// resourceCopy is where a resource lies in the build's output, and in the copy of that.
type resourceCopy struct{ built, kept string }

// largestResource is the size in bytes above which a file is left to the build: whether
// it is copied as it is takes a reading of it.
const largestResource = 4 << 20

// newResources looks which resources of m the build has copied as they are. classes is the
// copy of the directory with the module's classes, the others are copied to dir.
func newResources(m module, classes, dir string) (*resources, error) {
	r := &resources{dirs: map[string]string{}, copies: map[string]resourceCopy{}}
	for i, built := range paths.Existing(m.Resources) {
		kept := classes
		if !slices.Contains(m.Classes, built) {
			kept = filepath.Join(dir, strconv.Itoa(i))
			if err := incremental.Mirror(built, kept); err != nil {
				return nil, err
			}
		}
		r.dirs[built] = kept
	}
	for _, source := range m.ResourceSources {
		if err := r.find(source); err != nil {
			return nil, fmt.Errorf("look for resources: %w", err)
		}
	}
	return r, nil
}

// find notes the files of a source directory that lie in the output as they are.
func (r *resources) find(source string) error {
	return filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Size() > largestResource {
			return nil
		}
		rel, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		for built, kept := range r.dirs {
			c := resourceCopy{filepath.Join(built, rel), filepath.Join(kept, rel)}
			if sameContent(path, c.kept) {
				r.copies[path] = c
			}
		}
		return nil
	})
}

// sameContent says whether two files can be read and hold the same.
func sameContent(one, other string) bool {
	a, err := os.ReadFile(one)
	if err != nil {
		return false
	}
	b, err := os.ReadFile(other)
	return err == nil && bytes.Equal(a, b)
}

// placeholders are what builds replace in resources: Maven's filtering by Spring Boot's
// parent and by its own default, Gradle's expand and its ReplaceTokens.
// https://docs.spring.io/spring-boot/maven-plugin/using.html
// https://docs.gradle.org/current/userguide/working_with_files.html#sec:filtering_files
var placeholders = []*regexp.Regexp{regexp.MustCompile(`@[\w.-]+@`), regexp.MustCompile(`\$`), regexp.MustCompile(`<%`), regexp.MustCompile(`\\`)}

// copied says whether the build would copy a file which has changed as it is: it did so
// before, and the file has nothing by now that a build could replace, and that it had not then.
func (r *resources) copied(file string) bool {
	c, known := r.of(file)
	if !known {
		return false
	}
	before, err := os.ReadFile(c.kept)
	if err != nil {
		return false
	}
	now, err := os.ReadFile(file)
	if err != nil || len(now) > largestResource {
		return false
	}
	return !slices.ContainsFunc(placeholders, func(p *regexp.Regexp) bool { return p.Match(now) && !p.Match(before) })
}

// of returns what is known of a file.
func (r *resources) of(file string) (c resourceCopy, known bool) {
	if r == nil {
		return c, false
	}
	if c, known = r.copies[file]; !known {
		c, known = r.copies[realPath(file)]
	}
	return c, known
}

// take copies a file that has changed, whole or not at all.
func (r *resources) take(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	c, _ := r.of(file)
	return atomicfile.Write(c.kept, text)
}

// same says in an [incremental.Unfit] which copy is not what the build, which has run
// since, has made of the same file.
func (r *resources) same() error {
	for file, c := range r.copies {
		if sameContent(file, c.kept) && !sameContent(c.built, c.kept) {
			return &incremental.Unfit{Why: "the build does not copy " + filepath.Base(file) + " as it is"}
		}
	}
	return nil
}
