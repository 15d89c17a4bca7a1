package project

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/internal/paths"
	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// model is what the tool reported of a build. It is valid as long as its inputs are the same.
type model struct {
	Modules []buildtool.Module `json:"modules"`
	Inputs  map[string]string  `json:"inputs"`
}

func (p *Project) modelFile() string { return filepath.Join(p.StateDir("models"), "model.json") }

// model returns what the last build reported, false if there was none, or if build files have
// changed since that the application depends on.
func (p *Project) model() (model, bool) {
	m, known := p.lastModel()
	return m, known && p.holds(m, p.inputs(m.Modules))
}

// lastModel returns what the last build reported, whatever has changed since.
func (p *Project) lastModel() (m model, known bool) {
	if !atomicfile.ReadJSON(p.modelFile(), &m) {
		return model{}, false
	}
	return m, true
}

// holds reports whether a model holds with these inputs: they are the same, apart from build files of modules
// that the application does not use.
func (p *Project) holds(m model, now map[string]string) bool {
	for _, file := range slices.Concat(slices.Collect(maps.Keys(m.Inputs)), slices.Collect(maps.Keys(now))) {
		if m.Inputs[file] != now[file] && !p.unused(m, file) {
			return false
		}
	}
	return true
}

// unused reports whether a build file is only about a module that the application does not use.
func (p *Project) unused(m model, file string) bool {
	k, known := p.packing(m)
	if !known || !p.tool.OnlyOwnModule(file) {
		return false
	}
	dir := paths.Real(filepath.Dir(file))
	return !slices.ContainsFunc(m.used(m.in(k.Directory)), func(one buildtool.Module) bool {
		return paths.Real(one.Directory) == dir || slices.ContainsFunc(one.BuildFiles, func(f string) bool { return paths.Real(f) == paths.Real(file) })
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

// saveModel saves the modules that a build has reported. They hold for the build files as they
// were before the build.
func (p *Project) saveModel(modules []buildtool.Module, before map[string]string) (model, error) {
	if modules == nil {
		return model{}, nil
	}
	m := model{Modules: modules, Inputs: p.inputs(modules)}
	maps.Copy(m.Inputs, before)
	return m, atomicfile.WriteJSON(p.modelFile(), m)
}
