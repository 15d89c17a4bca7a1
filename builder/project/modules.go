package project

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Modules returns what the last build reported of the modules that the application in dir is made of:
// each one after those that it uses, and that of dir last. fresh is false if build files have changed since.
func (p *Project) Modules(dir string) (used []buildtool.Module, fresh bool) {
	m, fresh := p.records().model()
	return m.used(m.in(dir)), fresh
}

// used returns a module and those that it uses, each after those that it uses itself.
func (m model) used(one buildtool.Module) []buildtool.Module {
	var found []buildtool.Module
	seen := map[string]bool{}
	var visit func(x buildtool.Module)
	visit = func(x buildtool.Module) {
		seen[x.Directory] = true
		files := slices.Concat(x.Libraries, x.Provided)
		for _, c := range x.Compilers {
			files = slices.Concat(files, c.ClassPath, c.ProcessorPath)
		}
		for _, file := range files {
			if other, found := m.maker(file); found && !seen[other.Directory] {
				visit(other)
			}
		}
		found = append(found, x)
	}
	visit(one)
	return found
}

// maker returns the module that makes a jar, or a directory of classes. A module may make several jars.
func (m model) maker(file string) (buildtool.Module, bool) {
	i := slices.IndexFunc(m.Modules, func(x buildtool.Module) bool {
		return x.Archive == file || slices.Contains(x.Classes, file) || slices.Contains(x.Resources, file)
	})
	if i < 0 {
		i = slices.IndexFunc(m.Modules,
			func(x buildtool.Module) bool { return x.Archive != "" && filepath.Dir(x.Archive) == filepath.Dir(file) })
	}
	if i < 0 {
		return buildtool.Module{}, false
	}
	return m.Modules[i], true
}

// joinModules makes the classes of other modules the application's own where that changes nothing. Those
// that stay jars have to be packed by each build, if the tool leaves that to its last phase.
func (p *Project) joinModules(k *packing, one buildtool.Module, m model) error {
	for _, l := range slices.Clone(k.Exploded.Libraries) {
		other, found := m.maker(l.File)
		if !found || other.Directory == one.Directory {
			continue
		}
		why, err := p.joinModule(k, l.File, other, one)
		if err != nil {
			return err
		}
		if why != "" && p.tool.PacksLate() {
			k.Packs = cmp.Or(k.Packs, fmt.Sprintf("the module %s stays a jar, as %s", other.Title(), why))
		}
	}
	return nil
}

// joinModule says why another module stays a jar, "" if it does not.
func (p *Project) joinModule(k *packing, jar string, other, one buildtool.Module) (why string, err error) {
	switch {
	case !p.JoinModules:
		return "it is one in the archive", nil
	case jar != other.Archive:
		return filepath.Base(jar) + " is not its main one", nil
	case declaresModule(one) || declaresModule(other):
		return "a module-info.java may need it", nil
	}
	if why := p.tool.PackagingReason(other); why != "" {
		return why, nil
	}
	dirs := paths.Existing(slices.Compact(slices.Concat(other.Classes, other.Resources)))
	return k.JoinModule(jar, springboot.ExplodedModule{Name: other.Name, Dirs: dirs},
		paths.Existing(slices.Concat(one.Classes, one.Resources)))
}

// declaresModule reports whether a module is one of Java's, too.
func declaresModule(m buildtool.Module) bool {
	return slices.ContainsFunc(m.Sources, func(dir string) bool {
		_, found := paths.FirstFile(dir, "module-info.java")
		return found
	})
}

// Elsewhere returns what the application in dir ("" for the last build's) is made of outside of the project's
// directory, by the last build's report: directories of other modules, and build files above.
func (p *Project) Elsewhere(dir string) (dirs, files []string) {
	m, dir := p.records().lastModelOf(dir)
	for _, one := range m.used(m.in(dir)) {
		for _, path := range append([]string{one.Directory}, one.BuildFiles...) {
			if paths.IsDir(path) && !paths.Within(paths.Real(path), paths.Real(p.Dir)) {
				dirs = append(dirs, path)
			}
		}
	}
	for file := range m.Inputs {
		above := filepath.Dir(file)
		if above == p.build.Root && above != p.Dir ||
			paths.Within(p.Dir, above) && paths.Within(above, p.build.Root) && above != p.Dir {
			files = append(files, file)
		}
	}
	slices.Sort(dirs)
	slices.Sort(files)
	return slices.Compact(dirs), files
}
