package watch

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
)

func TestDroppingsOfEditors(t *testing.T) {
	for _, name := range []string{
		"4913", "5036", "App.java~", ".App.java.swp", ".App.java.swo", ".App.java.un~", ".a.swp", // vim
		".#App.java", "#App.java#", "flycheck_App.java", // emacs
		"App.java___jb_tmp___", "App.java___jb_old___", "settings.json.vsctmp", // IDEs
		"App.java.part", ".App.java.kate-swp", ".goutputstream-X3YZ12", ".~lock.a.odt#",
		".nfs000000000123", "hs_err_pid4711.log",
	} {
		if !isTemporary(name) {
			t.Errorf("%q should be a dropping", name)
		}
	}
	for _, name := range []string{
		"App.java", "4914", "~", "#", "##", ".swp", "part", "Part.java", ".env", "a.swift", ".x.swift", "hs_err.log", "flycheck.java",
	} {
		if isTemporary(name) {
			t.Errorf("%q should be a file as any other", name)
		}
	}
}

func TestOutputsCountBesideABuildFile(t *testing.T) {
	dir := newDir(t)
	for _, name := range []string{
		"build.gradle", "app/pom.xml", "web/package.json", "web/x.txt", "buildSrc/src/a.txt",
		"src/main/java/com/x/build/B.java", "notes/draft.txt", "notes/keep.txt", "docs/api.txt", "app/README.md",
	} {
		dir.write(name, "")
	}
	rules := must.Get(
		newRules(string(dir), Options{Ignore: []string{"docs", "**/*.md", "notes", "!notes/keep.txt"}}))(t)
	for _, name := range []string{
		"build", "out/a", "bin", "app/target/classes/A.class", "web/node_modules/x", "buildSrc/build/libs",
		".git/index", "app/.gradle", ".idea/workspace.xml", "app/app.iml",
		"docs/api.txt", "app/README.md", "notes/draft.txt", "run.log", "app/run.log",
	} {
		if !rules.skipsWithin(dir.path(name), string(dir)) {
			t.Errorf("%q should never trigger", name)
		}
	}
	for _, name := range []string{
		"src/main/java/com/x/build/B.java", "src/main/java/com/x/target/T.java", "app/src/main/java/out/O.java",
		"app/src/main/java/bin/B.java", "web/build/x", "node_modules/x", "app/generate", ".mvn/maven.config", ".env",
		"app/docs/a.txt", "notes/keep.txt", "builds/x", "app/src/main/resources/a.log",
	} {
		if rules.skipsWithin(dir.path(name), string(dir)) {
			t.Errorf("%q should trigger", name)
		}
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	dir := newDir(t)
	dir.write("file", "")
	for _, root := range []string{dir.path("missing"), dir.path("file")} {
		_, err := New(Options{Root: root})
		if fault.Of(err).Code != "watch.root" || !strings.Contains(err.Error(), strconv.Quote(root)) {
			t.Errorf("root %q: got error %v", root, err)
		}
	}
	_, err := New(Options{Root: string(dir), Ignore: []string{"a[", "b"}})
	if fault.Of(err).Code != "watch.pattern" {
		t.Errorf("a bad pattern: got error %v", err)
	}
}

func TestRootsWithinOthersAreLeftOut(t *testing.T) {
	dir := newDir(t)
	dir.write("project/app/pom.xml", "")
	dir.write("project-lib/pom.xml", "")
	w := must.Get(
		New(Options{Root: dir.path("project"), Dirs: []string{"app", "../project-lib", dir.path("project-lib/x")}}))(t)
	if want := 2; len(w.roots) != want || w.roots[1] != filepath.Join(string(dir), "project-lib") {
		t.Errorf("roots are %q", w.roots)
	}
}
