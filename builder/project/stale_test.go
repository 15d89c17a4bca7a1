package project

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestMavenForgetsDeletedResources has a Maven that copies resources and removes nothing, as Maven does.
func TestMavenForgetsDeletedResources(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	testfile.Write(t, dir, "pom.xml", "<project><artifactId>shop</artifactId></project>")
	report, err := json.Marshal([]buildtool.Module{{Name: "g:shop", Directory: dir,
		Classes: []string{in("target/classes")}, ResourceSources: []string{in("src/main/resources")}}})
	if err != nil {
		t.Fatal(err)
	}
	testfile.Write(t, dir, "mvnw", "#!/bin/sh\nmkdir -p target/classes; cp -r src/main/resources/* target/classes\nfor a; do case $a in -Ddevloop.model=*) echo '"+string(report)+"' >${a#*=};; esac; done\n")
	jartest.Write(t, in("target/shop-1.jar"), jartest.BootFiles())
	testfile.Write(t, dir, "src/main/resources/static/old.txt", "old")
	testfile.Write(t, dir, "src/main/resources/static/kept.txt", "kept")
	testfile.Write(t, dir, "target/classes/generated.txt", "by another plugin")
	cache := t.TempDir()
	for range 2 { // the second devloop knows what the first has seen
		p := must.Get(Open(t.Context(), dir, Options{CacheDir: cache}))(t)
		var out bytes.Buffer
		if _, err := p.Compile(t.Context(), &out); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		_ = os.Remove(in("src/main/resources/static/old.txt"))
	}
	for name, want := range map[string]bool{"static/old.txt": false, "static/kept.txt": true, "generated.txt": true} {
		if _, err := os.Stat(in("target/classes/" + name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestMavenCompilesAgainForOtherSettings has a Maven that compiles only what has no class, and reports what it was
// told.
func TestMavenCompilesAgainForOtherSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	report, err := json.Marshal([]buildtool.Module{{Name: "g:shop", Directory: dir,
		Classes:   []string{filepath.Join(dir, "target/classes")},
		Compilers: []buildtool.Compiler{{Plugin: "maven-compiler-plugin", Options: []string{"--release", "RELEASE"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	testfile.Write(t, dir, "mvnw", `#!/bin/sh
release=$(sed 's/.*<release>//; s/<.*//' pom.xml)
echo build >>builds.txt
mkdir -p target/classes
[ -e target/classes/A.class ] || echo $release >target/classes/A.class
for a; do case $a in -Ddevloop.model=*) echo '`+string(report)+`' | sed s/RELEASE/$release/ >${a#*=};; esac; done
`)
	jartest.Write(t, filepath.Join(dir, "target/shop-1.jar"), jartest.BootFiles())
	testfile.Write(t, dir, "target/classes/kept.txt", "kept")
	cache := t.TempDir()
	for n, want := range []struct{ release, builds string }{{"17", "1"}, {"21", "2"}, {"21", "1"}} {
		testfile.Write(t, dir, "pom.xml", "<project><artifactId>shop</artifactId><release>"+want.release+
			"</release></project><!-- "+strconv.Itoa(n)+" -->")
		testfile.Write(t, dir, "builds.txt", "")
		p, err := Open(t.Context(), dir, Options{CacheDir: cache})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := p.Compile(t.Context(), &out); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		made := strings.TrimSpace(string(testfile.Read(t, filepath.Join(dir, "target/classes/A.class"))))
		builds := bytes.Count(testfile.Read(t, filepath.Join(dir, "builds.txt")), []byte("\n"))
		if made != want.release || strconv.Itoa(builds) != want.builds {
			t.Errorf("build %d: the class is of Java %s after %d builds", n, made, builds)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "target/classes/kept.txt")); err != nil {
		t.Error(err)
	}
}
