package project

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/gradle"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// unpackedProject is a project whose build has left both an archive and the files in it.
func unpackedProject(t *testing.T, files []jartest.File) (*Project, buildtool.Module) {
	t.Helper()
	p := openPlayed(t, "gradle", "")
	m := buildtool.Module{Name: ":", Directory: p.Dir, Application: true,
		Archive:   jartest.Write(t, filepath.Join(p.Dir, "build/libs/app.jar"), files),
		Classes:   []string{filepath.Join(p.Dir, "build/classes")},
		Resources: []string{filepath.Join(p.Dir, "build/resources"), ""}}
	for _, f := range files {
		switch {
		case strings.HasSuffix(f[0], ".jar"):
			m.Libraries = append(m.Libraries, testfile.Write(t, t.TempDir(), filepath.Base(f[0]), f[1]))
		case strings.HasPrefix(f[0], "BOOT-INF/classes/") && strings.HasSuffix(f[0], ".class"):
			testfile.Write(t, m.Classes[0], strings.TrimPrefix(f[0], "BOOT-INF/classes/"), f[1])
		case strings.HasPrefix(f[0], "BOOT-INF/classes/"):
			testfile.Write(t, m.Resources[0], strings.TrimPrefix(f[0], "BOOT-INF/classes/"), f[1])
		}
	}
	tell(t, m)
	return p, m
}

// compilePlayed compiles and returns the task that Gradle was asked for too.
func compilePlayed(t *testing.T, p *Project) (springboot.App, string) {
	t.Helper()
	var out bytes.Buffer
	app, err := p.Compile(t.Context(), &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	line, _, _ := strings.Cut(out.String(), "]\n")
	return app, line[strings.LastIndex(line, " ")+1:] + strings.TrimPrefix(out.String(), line+"]\n")
}

func TestCompileStopsToPack(t *testing.T) {
	p, m := unpackedProject(t, jartest.BootFiles())
	packed, task := compilePlayed(t, p)
	if task != gradle.ArchiveTask || packed.Jar == "" {
		t.Errorf("first %s", task)
	}
	unpacked, task := compilePlayed(t, p)
	if task != gradle.ClassesTask || unpacked.Jar != "" || !slices.Equal(unpacked.Classes, m.Classes) ||
		!slices.Equal(unpacked.Resources, m.Resources[:1]) ||
		unpacked.Libraries[0] != m.Libraries[0] || unpacked.MainClass != "com.example.App" || unpacked.Java != 17 ||
		unpacked.Port != 9090 || unpacked.Boot != "3.5.7" {
		t.Errorf("then %s: %+v", task, unpacked)
	}
	if got, want := contents(t, unpacked), contents(t, packed); !reflect.DeepEqual(got.Own, want.Own) {
		t.Errorf("got %v, want %v", got, want)
	}
	testfile.Write(t, p.Dir, "build.gradle", "// edited")
	if _, task := compilePlayed(t, p); task != gradle.ArchiveTask {
		t.Errorf("after an edit of build.gradle: %s", task)
	}
	testfile.Write(t, p.Dir, "Dockerfile", "FROM scratch")
	if _, task := compilePlayed(t, p); task != gradle.ArchiveTask {
		t.Errorf("with a Dockerfile: %s", task)
	}
}

// classified is a tool whose executable archive is not the module's main one.
type classified struct {
	tool
	archive string
}

func (c classified) Application(b buildtool.Build, modules []buildtool.Module) (buildtool.Module, error) {
	one, err := c.tool.Application(b, modules)
	one.Archive = c.archive
	return one, err
}

// TestArchiveWithAClassifier: what a Dockerfile copies is the executable archive, by which it is asked whether it needs
// one.
func TestArchiveWithAClassifier(t *testing.T) {
	p, m := unpackedProject(t, jartest.BootFiles())
	executable := m.Archive
	m.Archive = filepath.Join(p.Dir, "build/libs/main.jar")
	tell(t, m)
	p.tool = classified{p.tool, executable}
	testfile.Write(t, p.Dir, "Dockerfile", "FROM scratch")
	p.NeedsJar = func(app springboot.App) bool {
		if app.Archive != executable {
			t.Errorf("asked about %q", app.Archive)
		}
		return false
	}
	for _, want := range []string{gradle.ArchiveTask, gradle.ClassesTask} {
		if app, task := compilePlayed(t, p); task != want || app.Archive != executable {
			t.Errorf("%s: got %s, %s", want, task, app.Archive)
		}
	}
}

// TestPackingOfAnEarlierDevloop: it did not note which archive was packed. That costs the build that each session
// begins with.
func TestPackingOfAnEarlierDevloop(t *testing.T) {
	p, m := unpackedProject(t, jartest.BootFiles())
	executable := m.Archive
	m.Archive = filepath.Join(p.Dir, "build/libs/main.jar")
	tell(t, m)
	p.tool = classified{p.tool, executable}
	testfile.Write(t, p.Dir, "Dockerfile", "FROM scratch")
	needed := true
	p.NeedsJar = func(springboot.App) bool { return needed }
	compilePlayed(t, p)
	var packing map[string]any
	file := p.records().file("packing.json")
	if !atomicfile.ReadJSON(file, &packing) || packing["Archive"] != executable {
		t.Fatalf("got %v", packing)
	}
	delete(packing, "Archive")
	must.Do(t, atomicfile.WriteJSON(file, packing))
	for _, want := range []string{gradle.ArchiveTask, gradle.ClassesTask} {
		if app, task := compilePlayed(t, p); task != want || app.Archive != executable || app.Exploded == nil {
			t.Errorf("%s: got %s, %s", want, task, app.Archive)
		}
		needed = false // its image is made
	}
}

func TestCompileLooksAgain(t *testing.T) {
	for what, change := range map[string]func(p *Project, m buildtool.Module){
		"the main class is gone": func(p *Project, m buildtool.Module) {
			_ = os.Remove(filepath.Join(m.Classes[0], "com/example/App.class"))
		},
		"a library is gone":    func(p *Project, m buildtool.Module) { _ = os.Remove(m.Libraries[1]) },
		"a library is another": func(p *Project, m buildtool.Module) { m.Libraries = m.Libraries[1:]; tell(t, m) },
	} {
		p, m := unpackedProject(t, jartest.BootFiles())
		compilePlayed(t, p)
		change(p, m)
		var out bytes.Buffer
		_, _ = p.Compile(t.Context(), &out)
		if got := out.String(); strings.Count(got, gradle.ClassesTask) != 1 ||
			strings.Count(got, gradle.ArchiveTask) != 1 {
			t.Errorf("%s: got %s", what, got)
		}
	}
}

func TestCompileGoesOnPacking(t *testing.T) {
	for why, change := range map[string]func(m buildtool.Module){
		"BOOT-INF/classes/static/index.html is in no directory of the classes": func(m buildtool.Module) { _ = os.Remove(filepath.Join(m.Resources[0], "static/index.html")) },
		"BOOT-INF/classes/application.properties is another file than": func(m buildtool.Module) {
			testfile.Write(t, m.Resources[0], "application.properties", "server.port=1")
		},
		"secret.txt is not in it":                                   func(m buildtool.Module) { testfile.Write(t, m.Resources[0], "secret.txt", "") },
		"BOOT-INF/lib/a-1.0.jar is not among the build's libraries": func(m buildtool.Module) { testfile.Write(t, filepath.Dir(m.Libraries[1]), "a-1.0.jar", "x") },
	} {
		p, m := unpackedProject(t, jartest.BootFiles())
		change(m)
		for range 2 {
			app, task := compilePlayed(t, p)
			if !strings.Contains(task, gradle.ArchiveTask+"the archive is packed at each build: ") ||
				!strings.Contains(task, why) || app.Jar == "" || app.Exploded != nil {
				t.Errorf("%s: got %q, %+v", why, task, app)
			}
		}
	}
}

// The module-info.class of an archive may differ from the one of the classes: neither is on a class path.
func TestModuleInfoNeedsNoPacking(t *testing.T) {
	p, m := unpackedProject(t, append(jartest.BootFiles(), jartest.File{"module-info.class", "with a main class"}))
	testfile.Write(t, m.Classes[0], "module-info.class", "as compiled")
	if app, task := compilePlayed(t, p); task != gradle.ArchiveTask || app.Exploded == nil {
		t.Errorf("first: %s", task)
	}
	if _, task := compilePlayed(t, p); task != gradle.ClassesTask {
		t.Errorf("then: %s", task)
	}
}

// What is kept of a build may be damaged; then it is asked again.
func TestDamagedKnowledge(t *testing.T) {
	for _, name := range []string{"model.json", "packing.json"} {
		p, _ := unpackedProject(t, jartest.BootFiles())
		compilePlayed(t, p)
		testfile.Write(t, p.StateDir("models"), name, "{\"Inputs\": cut")
		if app, task := compilePlayed(t, p); task != gradle.ArchiveTask || app.Exploded == nil {
			t.Errorf("%s: got %s", name, task)
		}
		if _, task := compilePlayed(t, p); task != gradle.ClassesTask {
			t.Errorf("%s: then %s", name, task)
		}
	}
}

// contents reads what an application consists of, from its jar if it has one.
func contents(t *testing.T, app springboot.App) springboot.Contents {
	t.Helper()
	if app.Jar != "" {
		app.Exploded = nil
	}
	return must.Get(app.Contents())(t)
}
