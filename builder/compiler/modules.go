package compiler

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/devloop-cli/devloop/builder/compiler/buildmodel"
	"github.com/devloop-cli/devloop/builder/incremental"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/paths"
)

// modules are those that the application is made of, with our copies of what the build has made of them, and the
// process that compiles into these.
type modules struct {
	used    buildmodel.Used // what the last build reported of the modules that the application uses, its own at the end
	units   units           // those of them that can be compiled
	server  server
	written *springboot.Written // to our copies since they were made
}

// handler returns the module that has a file among its sources, nil for a resource. It reports false for a file that
// only the build knows what to do with.
func (a *modules) handler(file string) (source *unit, known bool) {
	for _, u := range a.units {
		if incremental.IsSource(file) && paths.Inside(file, u.model.Sources...) {
			return u, true
		}
		if u.copies.isCopied(file) {
			return nil, true
		}
	}
	return nil, false
}

// staysProven reports whether a build has made the classes that were there before it: it was for a resource, or for a
// module that is left to it. before are the modules, which the build has not changed.
func (a *modules) staysProven(before units) bool {
	for i, u := range a.units {
		m := before[i].module
		if m == nil && before[i].left != "" && before[i].built.SameFiles(u.built) {
			continue
		}
		if m == nil || !maps.Equal(a.server.libraries, a.units.libraries()) || len(before[i].affected) > 0 ||
			!m.HasCompiled(u.built) || m.CompareWithBuild() != nil {
			return false
		}
	}
	return true
}

// copyOutput copies what the build has made, and reports whether it could.
func (a *modules) copyOutput() bool {
	err := a.server.open()
	a.written = &springboot.Written{}
	for i, u := range a.units {
		if err == nil {
			u.copies, err = newResources(u.model, incremental.ClassesIn(a.server.moduleDir(i)),
				a.server.resourcesDir(i))
		}
		u.failed = err
	}
	return err == nil
}

// bootstrapUnit compiles all sources of the i-th module, and compares the result with the build's classes.
func (a *modules) bootstrapUnit(ctx context.Context, i int, javaHome string) error {
	u := a.units[i]
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
	if err := a.server.start(javaHome, a.units.libraries()); err != nil {
		return err
	}
	model.Libraries, model.Uses = a.librariesOf(u)
	model.ClassPath, model.ModulePath = a.units.withCopies(model.ClassPath), a.units.withCopies(model.ModulePath)
	for built := range model.Foreign {
		model.Foreign[built] = u.copies.dirs[built]
	}
	m := incremental.New(model, a.server.process, a.server.moduleDir(i))
	if err := m.Bootstrap(ctx, u.built); err != nil {
		return err
	}
	u.module, u.left = m, ""
	return nil
}

// librariesOf returns the state of a module's libraries, and the modules that it uses. The state is "" if the build
// compiles one of these: then it has no classes of ours.
func (a *modules) librariesOf(u *unit) (state string, used []*incremental.Module) {
	var files []string
	for _, one := range u.model.Compilers {
		files = slices.Concat(files, one.ClassPath, one.ProcessorPath)
	}
	state = u.model.Name + "\n" // it may have no libraries
	for _, path := range files {
		state += fmt.Sprintf("%q %s\n", path, a.server.libraries[path])
		i := slices.IndexFunc(a.units, func(u *unit) bool { return slices.Contains(u.model.Classes, path) })
		switch {
		case i < 0:
		case a.units[i].module == nil:
			return "", nil
		default:
			used = append(used, a.units[i].module)
		}
	}
	return state, used
}

// compileSources compiles what has changed in each module, and what depends on it in those after it.
func (a *modules) compileSources(ctx context.Context, touched []string) (total incremental.Result, err error) {
	for i, u := range a.units {
		if u.module == nil && len(u.affected) > 0 {
			return total, &incremental.UnsupportedError{Reason: "the module " + u.model.Title() +
				", which only the build compiles, may depend on it"}
		} else if u.module == nil {
			continue
		}
		result, err := u.module.Compile(ctx, touched, u.affected)
		a.noteWritten(result.Written)
		if err != nil {
			return total, u.orGone(err)
		}
		u.affected = nil
		for _, later := range a.units[i+1:] {
			later.affected = append(later.affected, result.Affected...)
		}
		total.Sources += result.Sources
		total.Warnings = append(total.Warnings, result.Warnings...)
	}
	return total, nil
}

// noteWritten records what was, or is about to be, written to our copies.
func (a *modules) noteWritten(files []string) {
	if len(files) > 0 {
		a.written = a.written.Then(files)
	}
}

// stop leaves the compiler process, without which nothing is proven.
func (a *modules) stop() {
	a.server.stop()
	for _, u := range a.units {
		u.module, u.affected = nil, nil
	}
}
