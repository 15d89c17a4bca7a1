package project

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/internal/paths"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// openShop opens a build of two applications and a library that one of them uses.
func openShop(t *testing.T, role, module string) *Project {
	t.Helper()
	p := openPlayed(t, role, module)
	testfile.Write(t, p.Dir, "settings.gradle", "rootProject.name = 'shop'\ninclude 'app', 'admin', 'lib'\n")
	testfile.Write(t, p.Dir, "app/src/main/java/App.java", "@SpringBootApplication class App { }")
	testfile.Write(t, p.Dir, "admin/src/main/kotlin/AdminMain.kt", "fun main() { SpringApplication.run() }")
	testfile.Write(t, p.Dir, "lib/src/main/java/Application.java", "class Application { }")
	lib := buildtool.Module{Name: ":lib", Directory: filepath.Join(p.Dir, "lib"),
		Archive: filepath.Join(p.Dir, "lib/build/lib.jar")}
	tell(t, lib, buildtool.Module{Name: ":app", Directory: filepath.Join(p.Dir, "app"), Application: true,
		Archive: "app.jar", Libraries: []string{lib.Archive}},
		buildtool.Module{Name: ":admin", Directory: filepath.Join(p.Dir, "admin"), Application: true,
			Archive: "admin.jar"})
	return p
}

func TestApplicationsOfABuild(t *testing.T) {
	p, out := openShop(t, "gradle", ""), &bytes.Buffer{}
	for i, runs := range []bool{true, false} { // the second time the model is known
		got, err := p.Applications(t.Context(), out)
		if err != nil || !slices.Equal(got, []string{":app", ":admin"}) || out.Len() > 0 != runs {
			t.Errorf("%d: got %q, %v after %s", i, got, err, out)
		}
		out.Reset()
	}
	if got, err := openShop(t, "gradle", ":app").Applications(t.Context(), out); got != nil || err != nil ||
		out.Len() > 0 {
		t.Errorf("with a module: got %q, %v after %s", got, err, out)
	}
	p = openShop(t, "gradle", "")
	testfile.Write(t, p.Dir, "admin/src/main/kotlin/AdminMain.kt", "class AdminMain")
	if got, err := p.Applications(t.Context(), out); got != nil || err != nil || out.Len() > 0 {
		t.Errorf("with one that starts Spring: got %q, %v after %s", got, err, out)
	}
}

func TestApplicationsOfABuildThatMakesOne(t *testing.T) {
	p := openShop(t, "gradle", "")
	tell(t, buildtool.Module{Name: ":app", Directory: filepath.Join(p.Dir, "app"), Application: true,
		Archive: jartest.Write(t, filepath.Join(p.Dir, "app.jar"), jartest.BootFiles())})
	if got, err := p.Applications(t.Context(), &bytes.Buffer{}); got != nil || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestApplicationsOfABuildThatFails: a mistake in one service keeps none from being found.
func TestApplicationsOfABuildThatFails(t *testing.T) {
	p := openShop(t, "fail", "")
	t.Setenv("PLAY_OUTPUT", filepath.Join(p.Dir, "app/src/main/java/App.java")+":1: error: ';' expected\n")
	if got, err := p.Applications(t.Context(), &bytes.Buffer{}); err != nil ||
		!slices.Equal(got, []string{":app", ":admin"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestModuleDirs(t *testing.T) {
	p := openShop(t, "gradle", "")
	if used, others := p.ModuleDirs(filepath.Join(p.Dir, "app")); used != nil || others != nil {
		t.Errorf("before a build: got %q and %q", used, others)
	}
	_, _ = p.Compile(t.Context(), &bytes.Buffer{}) // it fails, since there are several
	for module, want := range map[string][2]string{"app": {"lib app", "admin"}, "admin": {"admin", "app lib"}} {
		used, others := p.ModuleDirs(filepath.Join(p.Dir, module))
		for i, dirs := range [][]string{used, others} {
			var names []string
			for _, dir := range dirs {
				names = append(names, paths.Relative(dir, paths.Real(p.Dir)))
			}
			if got := strings.Join(names, " "); got != want[i] {
				t.Errorf("%s: got %q, want %q", module, got, want[i])
			}
		}
	}
}
