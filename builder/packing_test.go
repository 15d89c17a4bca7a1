package builder

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/internal/enginetest"
)

// unpackedProject is a project whose build has left both an archive and the files in it.
func unpackedProject(t *testing.T, files []file) (*Project, module) {
	t.Helper()
	p := openPlayed(t, "gradle", "")
	m := module{Name: ":", Directory: p.Dir, Application: true, Archive: jarOf(t, filepath.Join(p.Dir, "build/libs/app.jar"), files),
		Classes: []string{filepath.Join(p.Dir, "build/classes")}, Resources: []string{filepath.Join(p.Dir, "build/resources"), ""}}
	for _, f := range files {
		switch {
		case strings.HasSuffix(f[0], ".jar"):
			m.Libraries = append(m.Libraries, write(t, t.TempDir(), filepath.Base(f[0]), f[1]))
		case strings.HasPrefix(f[0], "BOOT-INF/classes/") && strings.HasSuffix(f[0], ".class"):
			write(t, m.Classes[0], strings.TrimPrefix(f[0], "BOOT-INF/classes/"), f[1])
		case strings.HasPrefix(f[0], "BOOT-INF/classes/"):
			write(t, m.Resources[0], strings.TrimPrefix(f[0], "BOOT-INF/classes/"), f[1])
		}
	}
	tell(t, m)
	return p, m
}

// compilePlayed compiles and returns the task that Gradle was asked for too.
func compilePlayed(t *testing.T, p *Project) (App, string) {
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
	p, m := unpackedProject(t, bootFiles())
	packed, task := compilePlayed(t, p)
	if task != archiveTask || packed.Jar == "" {
		t.Errorf("first %s", task)
	}
	unpacked, task := compilePlayed(t, p)
	if task != classesTask || unpacked.Jar != "" || !slices.Equal(unpacked.Classes, m.Classes) || !slices.Equal(unpacked.Resources, m.Resources[:1]) ||
		unpacked.Libraries[0] != m.Libraries[0] || unpacked.MainClass != "com.example.App" || unpacked.Java != 17 || unpacked.Port != 9090 || unpacked.Boot != "3.5.7" {
		t.Errorf("then %s: %+v", task, unpacked)
	}
	e := baseEngine(t)
	packed.Exploded = nil
	if one, other := makeImage(t, e, t.TempDir(), packed), makeImage(t, e, t.TempDir(), unpacked); one.ID != other.ID {
		t.Errorf("%s and %s", one.ID, other.ID)
	}
	write(t, p.Dir, "build.gradle", "// edited")
	if _, task := compilePlayed(t, p); task != archiveTask {
		t.Errorf("after an edit of build.gradle: %s", task)
	}
	write(t, p.Dir, "Dockerfile", "FROM scratch")
	if _, task := compilePlayed(t, p); task != archiveTask {
		t.Errorf("with a Dockerfile: %s", task)
	}
}

func TestCompileLooksAgain(t *testing.T) {
	for what, change := range map[string]func(p *Project, m module){
		"the main class is gone": func(p *Project, m module) { _ = os.Remove(filepath.Join(m.Classes[0], "com/example/App.class")) },
		"a library is gone":      func(p *Project, m module) { _ = os.Remove(m.Libraries[1]) },
		"a library is another":   func(p *Project, m module) { m.Libraries = m.Libraries[1:]; tell(t, m) },
	} {
		p, m := unpackedProject(t, bootFiles())
		compilePlayed(t, p)
		change(p, m)
		var out bytes.Buffer
		_, _ = p.Compile(t.Context(), &out)
		if got := out.String(); strings.Count(got, classesTask) != 1 || strings.Count(got, archiveTask) != 1 {
			t.Errorf("%s: got %s", what, got)
		}
	}
}

func TestCompileGoesOnPacking(t *testing.T) {
	for why, change := range map[string]func(m module){
		"BOOT-INF/classes/static/index.html is in no directory of the classes": func(m module) { _ = os.Remove(filepath.Join(m.Resources[0], "static/index.html")) },
		"BOOT-INF/classes/application.properties is another file than":         func(m module) { write(t, m.Resources[0], "application.properties", "server.port=1") },
		"secret.txt is not in it":                                 func(m module) { write(t, m.Resources[0], "secret.txt", "") },
		"BOOT-INF/lib/a-1.0.jar is none of the build's libraries": func(m module) { write(t, filepath.Dir(m.Libraries[1]), "a-1.0.jar", "x") },
	} {
		p, m := unpackedProject(t, bootFiles())
		change(m)
		for range 2 {
			app, task := compilePlayed(t, p)
			if !strings.Contains(task, archiveTask+"the archive is packed at each build: ") || !strings.Contains(task, why) || app.Jar == "" || app.Exploded != nil {
				t.Errorf("%s: got %q, %+v", why, task, app)
			}
		}
	}
}

func TestPackingByMaven(t *testing.T) {
	p := &Project{Tool: Tool{Name: "maven"}}
	lib, web := module{Name: "g:lib", Archive: "/lib.jar"}, module{Name: "g:web"}
	for want, one := range map[string]module{
		"":                                   {Goals: []goal{{"maven-compiler-plugin:compile", "compile"}, {"maven-jar-plugin:jar", "package"}}},
		"Maven has to pack the module g:lib": {Libraries: []string{"/lib.jar"}},
		"proguard-maven-plugin:proguard runs for it in the phase package": {Goals: []goal{{"proguard-maven-plugin:proguard", "package"}}},
	} {
		if got := p.packsMore(one, model{Modules: []module{lib, web}}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// baseEngine is an engine that has the default base.
func baseEngine(t *testing.T) *enginetest.Engine {
	t.Helper()
	e := enginetest.New(t)
	e.AddRandom(t, "eclipse-temurin:17-jre", 2)
	return e
}

func makeImage(t *testing.T, e *enginetest.Engine, cache string, app App) Image {
	t.Helper()
	img, err := NewImager(e, ImagerOptions{CacheDir: cache}).Image(t.Context(), app, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return img
}
