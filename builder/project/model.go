package project

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/paths"
)

// records are what the last builds reported, in files of devloop's cache.
type records struct {
	buildtool.Build      // as it is configured now
	tool            tool // that runs it
	join            bool // see [Project.JoinModules]
}

func (p *Project) records() records { return records{p.request(), p.tool, p.JoinModules} }

func (r records) file(name string) string { return filepath.Join(r.StateDir("models"), name) }

// model is what the tool reported of a build. It is valid as long as its inputs are the same.
type model struct {
	Modules []buildtool.Module `json:"modules"`
	Inputs  map[string]string  `json:"inputs"`
}

// model returns what the last build reported, false without one, or if its build files have changed since.
func (r records) model() (model, bool) {
	m, known := r.lastModel()
	return m, known && r.holds(m, r.inputs(m.Modules))
}

// lastModel returns what the last build reported, whatever has changed since.
func (r records) lastModel() (m model, known bool) {
	if !atomicfile.ReadJSON(r.file("model.json"), &m) {
		return model{}, false
	}
	return m, true
}

// lastModelOf returns what the last build reported and dir, or the directory of the module that it found if dir is
// empty.
func (r records) lastModelOf(dir string) (model, string) {
	m, _ := r.lastModel()
	if k, known := r.packing(m); known && dir == "" {
		dir = k.Directory
	}
	return m, dir
}

// holds reports whether a model holds with these inputs: at most build files of unused modules are different.
func (r records) holds(m model, now map[string]string) bool {
	for _, file := range slices.Concat(slices.Collect(maps.Keys(m.Inputs)), slices.Collect(maps.Keys(now))) {
		if m.Inputs[file] != now[file] && !r.unused(m, file) {
			return false
		}
	}
	return true
}

// unused reports whether a build file is only about a module that the application does not use.
func (r records) unused(m model, file string) bool {
	k, known := r.packing(m)
	if !known || !r.tool.OnlyOwnModule(file) {
		return false
	}
	dir := paths.Real(filepath.Dir(file))
	return !slices.ContainsFunc(m.used(m.in(k.Directory)), func(one buildtool.Module) bool {
		return paths.Real(one.Directory) == dir ||
			slices.ContainsFunc(one.BuildFiles, func(f string) bool { return paths.Real(f) == paths.Real(file) })
	})
}

// in returns the module in dir, with no more than its directory if the build reported none.
func (m model) in(dir string) buildtool.Module {
	for _, one := range m.Modules {
		if paths.Real(one.Directory) == paths.Real(dir) {
			return one
		}
	}
	return buildtool.Module{Directory: dir}
}

// saveModel saves the modules that a build has reported. They hold for the build files as they were before the build.
func (r records) saveModel(modules []buildtool.Module, before map[string]string) (model, error) {
	if modules == nil {
		return model{}, nil
	}
	m := model{Modules: modules, Inputs: r.inputs(modules)}
	maps.Copy(m.Inputs, before)
	return m, atomicfile.WriteJSON(r.file("model.json"), m)
}
