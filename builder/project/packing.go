package project

import (
	"maps"
	"path/filepath"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// packing is how a build packs its archive. It is valid as long as the model's inputs are the same.
type packing struct {
	Inputs    map[string]string
	Directory string // of the module
	// Why is a clause that says why the application can't be read from the directories of the build,
	// and Packs one that says why the build has to pack all the same; "" if it is not so.
	Why, Packs string
	// Joined says whether other modules may be a part of the application; see [Project.JoinModules].
	Joined bool
	springboot.Exploded
}

// packing returns how the build packs the archive, if that is known for these build files.
func (r records) packing(m model) (*packing, bool) {
	var k packing
	if !atomicfile.ReadJSON(r.file("packing.json"), &k) || k.Joined != r.join || !maps.Equal(k.Inputs, m.Inputs) {
		return nil, false
	}
	return &k, true
}

func (r records) savePacking(k *packing) error {
	return atomicfile.WriteJSON(r.file("packing.json"), k)
}

// analyzeArchive finds out how a build has packed the archive of one module.
func (p *Project) analyzeArchive(one buildtool.Module, app springboot.App, m model) (*packing, error) {
	if k, known := p.records().packing(m); known && k.Why != "" {
		return k, nil
	}
	k := &packing{Inputs: m.Inputs, Directory: one.Directory, Joined: p.JoinModules, Why: p.tool.PackagingReason(one)}
	if k.Why == "" {
		var err error
		if k.Exploded, k.Why, err = springboot.Explode(app, buildFiles(one)); err == nil && k.Why == "" {
			err = p.joinModules(k, one, m)
		}
		if err != nil {
			return nil, err
		}
	}
	return k, p.records().savePacking(k)
}

func buildFiles(m buildtool.Module) springboot.BuildFiles {
	return springboot.BuildFiles{Classes: m.Classes, Resources: m.Resources, Libraries: m.Libraries,
		Provided: m.Provided,
		Webapp:   filepath.Join(m.Directory, "src", "main", "webapp"), Archive: m.Archive}
}

// App returns the exploded application of a module, false if its directories do not contain the
// main class and the libraries any more. copies are directories used instead of the build's.
func (p *Project) App(e *springboot.Exploded, one buildtool.Module,
	copies map[string]string) (app springboot.App, found bool) {
	app, found = e.App(buildFiles(one), copies, p.env)
	return p.describe(app, one.Directory), found
}
