package compiler

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
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
	return inside(source, []string{u.model.Output()})
}

// staysProven reports whether a build has made the classes that were there before it: it was for a resource, or for a
// module that is left to it. before are the modules, which the build has not changed.
func (c *Compiler) staysProven(before units) bool {
	for i, u := range c.units {
		m := before[i].module
		if m == nil && before[i].left != "" && before[i].built.SameFiles(u.built) {
			continue
		}
		if m == nil || !maps.Equal(c.server.libraries, c.units.libraries()) || len(before[i].affected) > 0 ||
			!m.HasCompiled(u.built) || m.CompareWithBuild() != nil {
			return false
		}
	}
	return true
}

func (c *Compiler) keepProven(before units) {
	for i, u := range c.units {
		u.module, u.left = before[i].module, before[i].left
	}
	c.checked = time.Now()
	c.ready()
}

// copyOutput copies what the build has made, and reports whether it could.
func (c *Compiler) copyOutput() bool {
	err := c.server.open()
	c.written = &springboot.Written{}
	for i, u := range c.units {
		if err == nil {
			u.copies, err = newResources(u.model, incremental.ClassesIn(c.server.moduleDir(i)),
				c.server.resourcesDir(i))
		}
		u.failed = err
	}
	return err == nil
}

// moduleDir is the directory of our copies of the i-th module, resourcesDir of those of its resources.
func (s *server) moduleDir(i int) string {
	return filepath.Join(s.dir, fmt.Sprintf("module%d", i))
}

func (s *server) resourcesDir(i int) string {
	return filepath.Join(s.dir, fmt.Sprintf("resources%d", i))
}

// bootstrapUnit compiles all sources of a module, and compares the result with the build's classes.
func (c *Compiler) bootstrapUnit(ctx context.Context, i int, javaHome string) error {
	u := c.units[i]
	u.module = nil
	model, own, err := buildmodel.Of(u.model)
	if err != nil {
		return err
	}
	if u.copies == nil {
		return cmp.Or(u.failed, incremental.ErrChanged)
	}
	if own != javaHome {
		return &incremental.UnsupportedError{Reason: "it has a JDK of its own"}
	}
	if err := c.server.start(javaHome, c.units.libraries()); err != nil {
		return err
	}
	model.Libraries, model.Uses = c.librariesOf(u)
	model.ClassPath, model.ModulePath = c.units.withCopies(model.ClassPath), c.units.withCopies(model.ModulePath)
	for built := range model.Foreign {
		model.Foreign[built] = u.copies.dirs[built]
	}
	m := incremental.New(model, c.server.process, c.server.moduleDir(i))
	if err := m.Bootstrap(ctx, u.built); err != nil {
		return err
	}
	u.module, u.left = m, ""
	return nil
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

// librariesOf returns the state of a module's libraries, and the modules that it uses. The state is "" if the build
// compiles one of these: then it has no classes of ours.
func (c *Compiler) librariesOf(u *unit) (state string, used []*incremental.Module) {
	var files []string
	for _, one := range u.model.Compilers {
		files = slices.Concat(files, one.ClassPath, one.ProcessorPath)
	}
	state = u.model.Name + "\n" // it may have no libraries
	for _, path := range files {
		state += fmt.Sprintf("%q %s\n", path, c.server.libraries[path])
		i := slices.IndexFunc(c.units, func(u *unit) bool { return slices.Contains(u.model.Classes, path) })
		switch {
		case i < 0:
		case c.units[i].module == nil:
			return "", nil
		default:
			used = append(used, c.units[i].module)
		}
	}
	return state, used
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

// compileUnits compiles what has changed in each module, and what depends on it in those after it.
func (c *Compiler) compileUnits(ctx context.Context, touched []string) (total incremental.Result, err error) {
	for i, u := range c.units {
		if u.module == nil && len(u.affected) > 0 {
			return total, &incremental.UnsupportedError{Reason: "the module " + u.model.Name +
				", which only the build compiles, may depend on it"}
		} else if u.module == nil {
			continue
		}
		result, err := u.module.Compile(ctx, touched, u.affected)
		c.noteWritten(result.Written)
		if err != nil {
			return total, c.orGone(u, err)
		}
		u.affected = nil
		for _, later := range c.units[i+1:] {
			later.affected = append(later.affected, result.Affected...)
		}
		total.Sources += result.Sources
		total.Warnings = append(total.Warnings, result.Warnings...)
	}
	return total, nil
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
	if c.used.irrelevant(file) {
		return nil, true
	}
	for _, u := range c.units {
		if incremental.IsSource(file) && inside(file, u.model.Sources) {
			return u, true
		}
		if u.copies.isCopied(file) {
			return nil, true
		}
	}
	return nil, false
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

// usedModules are the modules that the application uses, its own included.
type usedModules []buildtool.Module

// irrelevant reports whether a file cannot be part of the application: a test, documentation, or of a
// module that it does not use.
func (used usedModules) irrelevant(file string) bool {
	document := filepath.Ext(file) == ".md"
	for _, m := range used {
		if inside(file, []string{filepath.Join(m.Directory, "src", "test")}) {
			return true
		}
		document = document && !inside(file, m.ResourceSources) && !inside(file, m.Sources)
	}
	return document || used.foreign(file)
}

// sourceSet matches a path in a module whose directories are those of every build tool.
var sourceSet = regexp.MustCompile(`^(.*/)src/[^/]+/(?:java|kotlin|groovy|scala|resources)/`)

// foreign reports whether a file is a source, resource or pom.xml of a module that the application does not use.
// If it uses a pom.xml in another way than as a module, the project's model says so.
func (used usedModules) foreign(file string) bool {
	dir := filepath.Dir(file)
	if m := sourceSet.FindStringSubmatch(filepath.ToSlash(file)); m != nil {
		dir = filepath.FromSlash(m[1])
	} else if filepath.Base(file) != "pom.xml" {
		return false
	}
	dir = paths.Real(dir)
	return len(used) > 0 && !slices.ContainsFunc(used, func(u buildtool.Module) bool {
		// builds that this one includes are build files
		return paths.Real(u.Directory) == dir || inside(file, u.Sources) || inside(file, u.ResourceSources) ||
			inside(file, u.BuildFiles)
	})
}
