package builder

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// packing is what was learned of how a build packs its archive, for a state of the build files.
type packing struct {
	// Inputs are those of the model that it belongs to, Directory is its module's.
	Inputs    map[string]string
	Directory string
	// Why is a clause that says why the archive has to be packed, "" if it need not.
	Why string
	springboot.Exploded
}

func (p *Project) packingFile() string { return filepath.Join(p.modelDir(), "packing.json") }

// packing returns what was learned of the archive of these build files.
func (p *Project) packing(m model) (*packing, bool) {
	var k packing
	if !atomicfile.ReadJSON(p.packingFile(), &k) || !maps.Equal(k.Inputs, m.Inputs) {
		return nil, false
	}
	return &k, true
}

// learn looks into the archive that a build has just made of one module of m.
func (p *Project) learn(one module, app App, m model) (*packing, error) {
	if k, known := p.packing(m); known && k.Why != "" {
		return k, nil
	}
	k := &packing{Inputs: m.Inputs, Directory: one.Directory, Why: p.packsMore(one, m)}
	if k.Why == "" {
		exploded, why, err := springboot.Explode(app, one.files())
		if err != nil {
			return nil, err
		}
		k.Exploded, k.Why = exploded, why
	}
	return k, atomicfile.WriteJSON(p.packingFile(), k)
}

// files returns what the build says of the files of a module's application.
func (m module) files() springboot.BuildFiles {
	return springboot.BuildFiles{Classes: m.Classes, Resources: m.Resources, Libraries: m.Libraries, Provided: m.Provided,
		Webapp: filepath.Join(m.Directory, "src", "main", "webapp"), Archive: m.Archive}
}

// app returns the exploded application of a module, see [springboot.Exploded.App].
func (p *Project) app(k *springboot.Exploded, one module) (app App, found bool) {
	return k.App(one.files(), p.env)
}

// earlyPhases are those of Maven's lifecycle that a build of the classes goes through.
// https://maven.apache.org/guides/introduction/introduction-to-the-lifecycle.html#lifecycle-reference
var earlyPhases = []string{"", "validate", "initialize", "generate-sources", "process-sources", "generate-resources", "process-resources", "compile", "process-classes"}

// packers are the goals of the later phases which change no class and no resource of the application.
var packers = []string{"maven-resources-plugin:testResources", "maven-compiler-plugin:testCompile", "maven-surefire-plugin:test",
	"maven-jar-plugin:jar", "maven-war-plugin:war", "spring-boot-maven-plugin:repackage", "maven-source-plugin:jar-no-fork",
	"kotlin-maven-plugin:test-compile", "gmavenplus-plugin:compileTests", "jacoco-maven-plugin:report", "maven-failsafe-plugin:integration-test"}

// packsMore says what a build does for the archive beyond packing classes and
// libraries, "" where it does nothing else.
func (p *Project) packsMore(one module, m model) string {
	for _, other := range m.Modules {
		if p.Tool.Name == "maven" && slices.Contains(one.Libraries, other.Archive) {
			return fmt.Sprintf("Maven has to pack the module %s", other.Name)
		}
	}
	for _, g := range one.Goals {
		if !slices.Contains(earlyPhases, g.Phase) && !slices.Contains(packers, g.Goal) {
			return fmt.Sprintf("%s runs for it in the phase %s", g.Goal, g.Phase)
		}
	}
	return ""
}
