package compiler

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
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/compiler/buildmodel"
	"github.com/devloop-cli/devloop/builder/incremental"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/mirror"
	"github.com/devloop-cli/devloop/internal/paths"
)

// resources are copies of what a build has made of a module, and the files that the build copies
// without a change, as most builds do with most of them. Such a file needs no build when it changes.
type resources struct {
	// dirs are the copies by the build's directories.
	dirs map[string]string
	// copies are by the absolute path of their source, updated those that were made since the build.
	copies, updated map[string]resourceCopy
	// neighbours has a copy of each directory and kind of file, and altered those that have a file
	// which the build has changed or left out.
	neighbours map[string]resourceCopy
	altered    map[string]bool
	// tops has a place for files in each source directory of which the build has copied a file.
	tops map[string]resourceCopy
	// sources counts the files that are copied to one place.
	sources map[string]int
	// generates means that the build makes sources of other files: perhaps of one of these.
	generates bool
}

// resourceCopy is a resource in the build's output, and in the copy of that.
type resourceCopy struct{ built, copied string }

// largestResource is the size in bytes above which a file is left to the build: we read each file
// to see whether the build changes it.
const largestResource = 4 << 20

// newResources copies what the build has made of m, its classes into the directory classes, if there is
// one of javac's, and the rest into dir.
func newResources(m buildtool.Module, classes, dir string) (*resources, error) {
	r := &resources{dirs: map[string]string{}, copies: map[string]resourceCopy{}, updated: map[string]resourceCopy{},
		neighbours: map[string]resourceCopy{}, altered: map[string]bool{}, tops: map[string]resourceCopy{},
		sources: map[string]int{}, generates: buildmodel.GeneratesSources(m)}
	own, _ := buildmodel.Classes(m)
	for i, built := range paths.Existing(slices.Concat(m.Classes, m.Resources)) {
		copied := filepath.Join(dir, strconv.Itoa(i))
		if built == own {
			copied = classes
		}
		if r.dirs[built] != "" {
			continue
		}
		if err := mirror.Make(built, copied); err != nil {
			return nil, fmt.Errorf("copy the build's classes: %w", err)
		}
		r.dirs[built] = copied
	}
	for _, source := range m.ResourceSources {
		if err := r.find(source); err != nil {
			return nil, fmt.Errorf("look for resources: %w", err)
		}
	}
	return r, nil
}

// find records the files of a source directory that are in the output without a change.
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
		r.add(path, rel)
		return nil
	})
}

// add records a file of a source directory, below which it is called rel.
func (r *resources) add(path, rel string) {
	for built, copied := range r.dirs {
		c := resourceCopy{filepath.Join(built, rel), filepath.Join(copied, rel)}
		r.sources[c.copied]++
		if sameContent(path, c.copied) {
			r.copies[path], r.neighbours[kindOf(path)] = c, c
			r.tops[strings.TrimSuffix(path, string(filepath.Separator)+rel)] = resourceCopy{filepath.Join(built, "*"),
				filepath.Join(copied, "*")}
		}
	}
	if _, copied := r.copies[path]; !copied {
		r.altered[kindOf(path)] = true
	}
}

// kindOf returns what neighbours have in common: the directory, and the extension.
func kindOf(path string) string { return filepath.Join(filepath.Dir(path), "*"+filepath.Ext(path)) }

// sameContent reports whether two files can be read and have the same content.
func sameContent(one, other string) bool {
	a, err := os.ReadFile(one)
	if err != nil {
		return false
	}
	b, err := os.ReadFile(other)
	return err == nil && bytes.Equal(a, b)
}

// placeholders match what builds replace in resources: Maven's filtering by Spring Boot's parent and by its own
// default, Gradle's expand and its ReplaceTokens; and, as \x{FFFD}, bytes that are not UTF-8, which they replace in
// what they filter, or at which they fail.
// https://docs.spring.io/spring-boot/maven-plugin/using.html
// https://docs.gradle.org/current/userguide/working_with_files.html#sec:filtering_files
var placeholders = []*regexp.Regexp{regexp.MustCompile(`@[\w.-]+@`), regexp.MustCompile(`\$`), regexp.MustCompile(`<%`),
	regexp.MustCompile(`\\`), regexp.MustCompile(`\x{FFFD}`)}

// pages are the extensions of files that no code is generated from.
var pages = []string{".html", ".css", ".js", ".ftl", ".ftlh", ".mustache", ".txt", ".properties", ".png",
	".jpg", ".svg", ".ico"}

// isCopied reports whether the build would copy a changed file without a change: it did so before, and the file has no
// new kind of placeholder. A new file is copied if its neighbours are, and one that is gone is not.
func (r *resources) isCopied(file string) bool {
	if r == nil || r.generates && !slices.Contains(pages, filepath.Ext(file)) {
		return false
	}
	c, known := r.of(file)
	if !known {
		_, known = r.newCopy(file)
		return known
	}
	before, err := os.ReadFile(c.copied)
	if err != nil {
		return false
	}
	now, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return r.sources[c.copied] == 1
	}
	if err != nil || len(now) > largestResource {
		return false
	}
	return !slices.ContainsFunc(placeholders, func(p *regexp.Regexp) bool { return p.Match(now) && !p.Match(before) })
}

func (r *resources) of(file string) (c resourceCopy, known bool) {
	if r == nil {
		return c, false
	}
	if c, known = r.copies[file]; !known {
		c, known = r.copies[paths.Real(file)]
	}
	return c, known
}

// newCopy returns where the build would copy a new file: beside the copies of its neighbours, if it
// copies all of them as they are.
func (r *resources) newCopy(file string) (c resourceCopy, known bool) {
	neighbour, known := r.neighbour(file)
	if !known {
		return c, false
	}
	text, err := os.ReadFile(file)
	if err != nil || len(text) > largestResource || slices.ContainsFunc(placeholders,
		func(p *regexp.Regexp) bool { return p.Match(text) && !r.keeps(p, kindOf(file)) }) {
		return c, false
	}
	name := filepath.Base(file)
	c = resourceCopy{filepath.Join(filepath.Dir(neighbour.built), name),
		filepath.Join(filepath.Dir(neighbour.copied), name)}
	_, err = os.Lstat(c.copied)
	return c, errors.Is(err, fs.ErrNotExist) // else something else makes it
}

// settingsFile matches the names of Spring Boot's settings. Those of a profile are not among them: a build may leave
// application-local.yml out of what it packs.
var settingsFile = regexp.MustCompile(`^application\.(?:properties|ya?ml)$`)

// neighbour returns the copy of a file beside a new one, if the build copies as they are all of its kind. For Spring
// Boot's settings, which no build leaves out, other files in their directory will do.
func (r *resources) neighbour(file string) (c resourceCopy, known bool) {
	if c, known = r.neighbours[kindOf(file)]; known || !settingsFile.MatchString(filepath.Base(file)) {
		return c, known && !r.altered[kindOf(file)]
	}
	c, known = r.tops[filepath.Dir(file)]
	for kind := range r.altered {
		known = known && !paths.Inside(kind, filepath.Dir(file))
	}
	return c, known
}

// keeps reports whether the build has left a placeholder in a file of some kind as it was.
func (r *resources) keeps(placeholder *regexp.Regexp, kind string) bool {
	for path, c := range r.copies {
		if kindOf(path) == kind {
			if text, err := os.ReadFile(c.copied); err == nil && placeholder.Match(text) {
				return true
			}
		}
	}
	return false
}

// update copies those files that are resources, and removes the copies of those that are gone. It returns the copies.
func (r *resources) update(files []string) (copies []string, err error) {
	for _, file := range files {
		c, known := r.of(file)
		if !known {
			if c, known = r.newCopy(file); !known {
				continue
			}
			r.copies[file] = c
			r.sources[c.copied]++
		}
		r.updated[file] = c
		copies = append(copies, c.copied)
		if err := r.copy(file, c); err != nil {
			return copies, err
		}
	}
	return copies, nil
}

// copy copies a file, or removes its copy if it is gone.
func (r *resources) copy(file string, c resourceCopy) error {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		delete(r.copies, file)
		delete(r.copies, paths.Real(file))
		r.sources[c.copied]--
		return os.Remove(c.copied)
	}
	if err != nil {
		return err
	}
	return atomicfile.Write(c.copied, text)
}

// compareWithBuild returns an [incremental.UnsupportedError] if the build, which has run since, has
// copied a resource with a change that was copied without one here. A save waits while it compares.
func (r *resources) compareWithBuild() error {
	for file, c := range r.updated {
		if sameContent(file, c.copied) && !sameContent(c.built, c.copied) {
			return &incremental.UnsupportedError{Reason: "the build does not copy " + filepath.Base(file) + " as it is"}
		}
	}
	return nil
}

// updateCopies copies the resources among files, and returns their number.
func (c *Compiler) updateCopies(files []string) (copied int, err error) {
	for _, u := range c.units {
		if u.copies == nil {
			continue
		}
		copies, err := u.copies.update(files)
		c.noteWritten(copies)
		if err != nil {
			return copied, fmt.Errorf("copy a resource: %w", err)
		}
		copied += len(copies)
	}
	return copied, nil
}

// copyResources does a save of nothing but resources, if all before it are done. It waits for neither the build nor
// the incremental compiler: what they do meanwhile concerns other files. It reports false if there is more to do.
func (c *Compiler) copyResources(changed []string) (app springboot.App, done bool) {
	c.copying.Lock()
	defer c.copying.Unlock()
	if !c.current || len(changed) == 0 || c.needsArchive() {
		return app, false
	}
	var files []string
	for _, path := range changed {
		file := c.absolute(path)
		if source, known := c.handler(file); source != nil || !known {
			return app, false
		}
		if !c.irrelevant(file) {
			files = append(files, file)
		}
	}
	if _, fresh := c.project.Modules(c.app.Dir); !fresh {
		return app, false
	}
	if len(files) == 0 {
		c.latest.CompiledBy, c.latest.BuildReason = "no file of the application changed", ""
		return c.latest, true
	}
	copied, err := c.updateCopies(files)
	if err == nil {
		app, err = c.patchedApp(summary(0, copied))
	}
	if err != nil {
		return app, false // the build says what is wrong
	}
	c.dirty.Store(true)
	c.latest = app
	return app, true
}
