package project

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
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
