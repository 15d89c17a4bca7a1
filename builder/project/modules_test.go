package project

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestUsedModules: an annotation processor and what a used module uses count, others do not.
func TestUsedModules(t *testing.T) {
	t.Parallel()
	core := buildtool.Module{Name: "core", Directory: "/core", Archive: "/core/target/core.jar",
		Classes: []string{"/core/target/classes"}}
	service := buildtool.Module{Name: "service", Directory: "/service", Archive: "/service/target/service.jar",
		Libraries: []string{"/core/target/classes"}}
	processor := buildtool.Module{Name: "processor", Directory: "/processor",
		Archive: "/processor/target/processor.jar"}
	other := buildtool.Module{Name: "other", Directory: "/other", Archive: "/other/target/other.jar",
		Libraries: []string{"/core/target/core.jar"}}
	web := buildtool.Module{Name: "web", Directory: "/web", Archive: "/web/target/web.jar",
		Libraries: []string{"/m2/spring.jar", "/service/target/service-api.jar"},
		Compilers: []buildtool.Compiler{{ProcessorPath: []string{"/processor/target/processor.jar"}}}}
	m := model{Modules: []buildtool.Module{web, other, processor, service, core}}
	var names []string
	for _, one := range m.used(web) {
		names = append(names, one.Name)
	}
	if !slices.Equal(names, []string{"core", "service", "processor", "web"}) {
		t.Errorf("got %v", names)
	}
}

// TestModulesAreJoined: the classes of another module are the application's own in run, and a jar in deploy.
func TestModulesAreJoined(t *testing.T) {
	lib := jartest.Write(t, filepath.Join(t.TempDir(), "lib/build/libs/lib.jar"),
		[]jartest.File{{"a/Lib.class", "lib"}})
	text := testfile.Read(t, lib)
	files := slices.Clone(jartest.BootFiles())
	for i, f := range files {
		if f[0] == "BOOT-INF/lib/b-1.0.jar" {
			files[i][1] = string(text)
		}
	}
	p, m := unpackedProject(t, files)
	module := buildtool.Module{Name: ":lib", Directory: filepath.Dir(filepath.Dir(filepath.Dir(lib))), Archive: lib,
		Classes: []string{filepath.Join(t.TempDir(), "classes")}}
	testfile.Write(t, module.Classes[0], "a/Lib.class", "lib")
	for i, file := range m.Libraries {
		if strings.HasSuffix(file, "b-1.0.jar") {
			m.Libraries[i] = lib
		}
	}
	tell(t, module, m)
	packed, _ := compilePlayed(t, p)
	if !slices.Contains(packed.Libraries, lib) || len(packed.Modules) != 0 {
		t.Errorf("deploy has %+v", packed)
	}
	p.JoinModules = true
	if joined, _ := compilePlayed(t, p); slices.Contains(joined.Libraries, lib) ||
		!slices.Equal(joined.Modules, module.Classes) {
		t.Errorf("run has %+v", joined)
	}
	joined, _ := compilePlayed(t, p)
	if got := contents(t, joined); string(got.Own["a/Lib.class"]) != "lib" || joined.Jar != "" {
		t.Errorf("then it has %q, of %s", got.Own, joined.Jar)
	}
	if used, fresh := p.Modules(p.Dir); !fresh || len(used) != 2 || used[0].Name != ":lib" {
		t.Errorf("it uses %+v, %v", used, fresh)
	}
	dirs, above := p.Elsewhere("")
	if !slices.Equal(dirs, []string{module.Directory}) || len(above) != 0 {
		t.Errorf("elsewhere are %v, %v", dirs, above)
	}
}

// TestPomsOfUnusedModules: the model holds when one changes, and not when that of a used module, a parent or a bill
// of materials does.
func TestPomsOfUnusedModules(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for file, packaging := range map[string]string{"pom.xml": "pom", "web/pom.xml": "jar", "other/pom.xml": "",
		"bom/pom.xml": "pom"} {
		testfile.Write(t, dir, file, "<project><packaging>"+packaging+"</packaging></project>")
	}
	testfile.Write(t, dir, "mvnw", "")
	p := must.Get(Open(t.Context(), dir, Options{CacheDir: t.TempDir()}))(t)
	web := buildtool.Module{Name: "g:web", Directory: filepath.Join(dir, "web"),
		BuildFiles: []string{filepath.Join(dir, "web/pom.xml"), filepath.Join(dir, "pom.xml")}}
	other := buildtool.Module{Name: "g:other", Directory: filepath.Join(dir, "other"),
		BuildFiles: []string{filepath.Join(dir, "other/pom.xml"), filepath.Join(dir, "pom.xml")}}
	m, err := p.records().saveModel([]buildtool.Module{web, other}, nil)
	if err == nil {
		err = p.records().savePacking(&packing{Inputs: m.Inputs, Directory: web.Directory})
	}
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]bool{"other/pom.xml": true, "new/pom.xml": true, "web/pom.xml": false,
		"pom.xml": false, "bom/pom.xml": false} {
		path := filepath.Join(dir, file)
		before, missing := os.ReadFile(path)
		testfile.Write(t, dir, file,
			strings.Replace(string(before)+"<!-- edited -->", "<project>", "<project><name/>", 1))
		if missing != nil {
			testfile.Write(t, dir, file, "<project/>")
		}
		if _, fresh := p.records().model(); fresh != want {
			t.Errorf("%s: fresh is %v", file, fresh)
		}
		if err := os.WriteFile(path, before, 0o644); missing == nil && err != nil ||
			missing != nil && os.Remove(path) != nil {
			t.Fatal(err)
		}
	}
}
