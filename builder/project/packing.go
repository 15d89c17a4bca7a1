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
	// Why is a clause that says why the archive has to be packed, "" if it need not.
	Why string
	springboot.Exploded
}

func (p *Project) packingFile() string { return filepath.Join(p.StateDir("models"), "packing.json") }

// packing returns how the build packs the archive, if that is known for these build files.
func (p *Project) packing(m model) (*packing, bool) {
	var k packing
	if !atomicfile.ReadJSON(p.packingFile(), &k) || !maps.Equal(k.Inputs, m.Inputs) {
		return nil, false
	}
	return &k, true
}

// analyzeArchive finds out how a build has packed the archive of one module.
func (p *Project) analyzeArchive(one buildtool.Module, app springboot.App, m model) (*packing, error) {
	if k, known := p.packing(m); known && k.Why != "" {
		return k, nil
	}
	k := &packing{Inputs: m.Inputs, Directory: one.Directory, Why: p.tool.PackagingReason(one, m.Modules)}
	if k.Why == "" {
		exploded, why, err := springboot.Explode(app, buildFiles(one))
		if err != nil {
			return nil, err
		}
		k.Exploded, k.Why = exploded, why
	}
	return k, atomicfile.WriteJSON(p.packingFile(), k)
}

// buildFiles returns the files of a module's application.
func buildFiles(m buildtool.Module) springboot.BuildFiles {
	return springboot.BuildFiles{Classes: m.Classes, Resources: m.Resources, Libraries: m.Libraries, Provided: m.Provided,
		Webapp: filepath.Join(m.Directory, "src", "main", "webapp"), Archive: m.Archive}
}

// App returns the exploded application of a module, false if its directories do not contain the
// main class and the libraries any more.
func (p *Project) App(e *springboot.Exploded, one buildtool.Module) (app springboot.App, found bool) {
	app, found = e.App(buildFiles(one), p.env)
	return p.describe(app, one.Directory), found
}
