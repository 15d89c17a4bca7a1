package compiler

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/compiler/buildmodel"
	"github.com/devloop-cli/devloop/builder/incremental"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/paths"
)

// unit is a module of the build whose classes are the application's own.
type unit struct {
	model  buildtool.Module
	built  incremental.State   // the sources that the last build compiled
	module *incremental.Module // nil until it is proven
	copies *resources          // of what the last build made, nil if that could not be copied
	failed error               // why it could not
	// left says why saves in this module are left to the build, though not those in all, "" if they are not.
	left string
	// affected are the classes of other modules that changed since this one was compiled.
	affected []string
}

// units are the modules that the application is made of, each after those that it uses, its own at the end.
type units []*unit

// own returns the application's own module, an empty one before the first build.
func (all units) own() *unit {
	if len(all) == 0 {
		return &unit{}
	}
	return all[len(all)-1]
}

// proven returns the module nearest to the application that is compiled incrementally, nil until it is known of all
// whether they are.
func (all units) proven() (nearest *incremental.Module) {
	for _, u := range all {
		switch {
		case u.module != nil:
			nearest = u.module
		case u.left == "":
			return nil
		}
	}
	return nearest
}

func (all units) forget() units {
	var before units
	for _, u := range all {
		proven := *u
		before = append(before, &proven)
		u.module, u.copies, u.failed, u.affected = nil, nil, nil, nil
	}
	return before
}

// newUnits returns the modules that the application is made of: those that it uses, and its own at the
// end. Others stay jars.
func newUnits(app springboot.App, models []buildtool.Module) units {
	joined := func(m buildtool.Module) bool {
		return app.Exploded != nil && slices.ContainsFunc(app.Exploded.Modules,
			func(x springboot.ExplodedModule) bool { return x.Name == m.Name })
	}
	var all units
	for i, m := range models {
		if i == len(models)-1 || joined(m) {
			m.Compilers = slices.Clone(m.Compilers)
			for i, c := range m.Compilers {
				m.Compilers[i].ClassPath = withoutJars(c.ClassPath, all)
			}
			all = append(all, &unit{model: m})
		}
	}
	return all
}

// withoutJars returns a class path on which modules are the directories of their classes. Their jars may be old.
func withoutJars(classPath []string, all units) []string {
	var path []string
	for _, file := range classPath {
		if i := slices.IndexFunc(all, func(u *unit) bool { return u.model.Archive == file }); i >= 0 {
			path = append(path, paths.Existing(all[i].model.Classes)...)
		} else {
			path = append(path, file)
		}
	}
	return path
}

// sources returns the state of a module's sources, or an error if the incremental compiler does not support them.
func (u *unit) sources() (incremental.State, error) {
	model, _, err := buildmodel.Of(u.model)
	if err != nil {
		return nil, err
	}
	return incremental.Sources(model)
}

// builtSources returns the sources that a build has compiled: those of the project as they were before it,
// those that it generates as they are after it. It returns nil if it can't tell, such as after the first build, which
// finds out where the sources are, if one was saved meanwhile.
func (u *unit) builtSources(before incremental.State, known bool, began time.Time) incremental.State {
	after, err := u.sources()
	if err != nil || known && before == nil {
		return nil
	}
	generated, built := after.Partition(u.isGenerated)
	if known {
		_, built = before.Partition(u.isGenerated)
	} else if built.ChangedSince(began) {
		return nil
	}
	maps.Copy(built, generated)
	return built
}

// isGenerated reports whether a source is in the build's output, such as target or build.
func (u *unit) isGenerated(source string) bool {
	return paths.Inside(source, u.model.Output())
}

func (c *Compiler) keepProven(before units) {
	for i, u := range c.units {
		u.module, u.left = before[i].module, before[i].left
	}
	c.checked = time.Now()
	c.ready()
}

// foreign says which sources beside Java are left to the build.
func (all units) foreign(tool string) (left []string) {
	for _, u := range all {
		if u.module != nil && u.module.Foreign() != "" {
			left = append(left, fmt.Sprintf("each save of a source in %s runs %s, not the incremental compiler: it compiles only Java in a module of several languages", u.module.Foreign(), tool))
		}
	}
	return slices.Compact(left)
}

// withCopies returns a class path with our copies of modules.
func (all units) withCopies(classPath []string) []string {
	copies, path := all.copies(), slices.Clone(classPath)
	for i, file := range path {
		path[i] = cmp.Or(copies[file], file)
	}
	return path
}

// libraries returns the state of everything that javac reads apart from sources and our copies, by path.
func (all units) libraries() map[string]string {
	states := map[string]string{}
	for _, u := range all {
		for _, compiler := range u.model.Compilers {
			for _, path := range compiler.ProcessorPath {
				states[path] = stateOf([]string{path})
			}
			for _, path := range compiler.ClassPath {
				if !slices.ContainsFunc(all, func(u *unit) bool { return slices.Contains(u.model.Classes, path) }) {
					states[path] = stateOf([]string{path})
				}
			}
		}
	}
	return states
}

// copies returns our copies of the build's directories.
func (all units) copies() map[string]string {
	copies := map[string]string{}
	for _, u := range all {
		if u.copies != nil {
			maps.Copy(copies, u.copies.dirs)
		}
	}
	return copies
}

// handler returns the module that has a file among its sources, nil for a resource and for a file that the application
// is not made of. It reports false for a file that only the build knows what to do with.
func (c *Compiler) handler(file string) (source *unit, known bool) {
	if c.irrelevant(file) {
		return nil, true
	}
	return c.modules.handler(file)
}

// irrelevant reports whether a file cannot be part of the application, or only says how the image is made: the
// Dockerfile, unless it is gone, or its .dockerignore.
func (c *Compiler) irrelevant(file string) bool {
	_, err := os.Stat(c.app.Dockerfile)
	return c.used.Irrelevant(file) || err == nil &&
		(file == c.app.Dockerfile || filepath.Base(file) == ".dockerignore" || file == c.app.Dockerfile+".dockerignore")
}

// needsBuildFor says why the build has to compile because of a file, "" if it need not.
func (c *Compiler) needsBuildFor(path string) string {
	switch u, known := c.handler(c.absolute(path)); {
	case !known:
		return path + " changed"
	case u != nil && u.left != "":
		return fmt.Sprintf("only the build compiles %s: %s", filepath.Base(path), u.left)
	}
	return ""
}

// needsOnlyBuild reports whether a save is for the build, whether the incremental compiler is ready or not.
func (c *Compiler) needsOnlyBuild(changed []string) bool {
	c.copying.Lock()
	defer c.copying.Unlock()
	return changed == nil || slices.ContainsFunc(changed, func(path string) bool {
		_, known := c.handler(c.absolute(path))
		return !known
	})
}

// orGone returns the error of a compilation. If the classes of the module are gone, its sources may be right.
func (u *unit) orGone(err error) error {
	if _, failed := errors.AsType[*incremental.CompileError](err); !failed {
		return fmt.Errorf("compile: %w", err)
	}
	if _, missing := os.Stat(u.module.Classes()); missing != nil {
		return &incremental.UnsupportedError{Reason: "the incremental compiler's classes are gone"}
	}
	return err
}
