package project

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Maven copies resources into the classes, and leaves the copies there when their sources are gone:
// a page that was deleted, or a migration of another branch, would live on until "mvn clean". So we
// remember what was copied, and remove what a clean build would not make.

// removeStaleCopies removes copies whose sources are gone. If something else makes such a file, this build does again.
func (r records) removeStaleCopies() {
	var sources map[string]string
	if !atomicfile.ReadJSON(r.file("copies.json"), &sources) {
		return
	}
	for copied, source := range sources {
		if _, err := os.Lstat(source); os.IsNotExist(err) {
			_ = os.Remove(copied) // if it stays, so it is with Maven alone
		}
	}
}

// saveCopies records the sources of the resources that a build has copied, by their copies.
func (r records) saveCopies() error {
	m, _ := r.model()
	sources := map[string]string{}
	for _, one := range m.Modules {
		for _, dir := range one.ResourceSources {
			for _, classes := range paths.Existing(one.Classes) {
				addCopies(sources, dir, classes)
			}
		}
	}
	return atomicfile.WriteJSON(r.file("copies.json"), sources)
}

// pack packs the archives. Maven does not compile again for other settings of the compiler, such as another release of
// Java or another annotation processor: we take away the classes that were made with other settings, and build again.
func (p *Project) pack(ctx context.Context, b buildtool.Build, out io.Writer) ([]buildtool.Module, error) {
	began, outdated := time.Now(), false
	modules, err := p.tool.Package(ctx, b, out)
	if err != nil || p.tool.Name() != "maven" {
		return modules, err
	}
	for _, one := range p.builtNext() {
		last, _ := one.records().lastModel()
		for _, m := range modules {
			outdated = m.RemoveOutdated(last.in(m.Directory), began) || outdated
		}
	}
	if !outdated {
		return modules, nil
	}
	_, _ = fmt.Fprintln(out, "the settings of the compiler have changed: all is compiled again")
	return p.tool.Package(ctx, b, out)
}

func addCopies(sources map[string]string, dir, classes string) {
	_ = filepath.WalkDir(dir, func(source string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // what can't be read is not copied
		}
		rel, err := filepath.Rel(dir, source)
		if copied := filepath.Join(classes, rel); err == nil && len(paths.Existing([]string{copied})) > 0 {
			sources[copied] = source
		}
		return nil
	})
}
