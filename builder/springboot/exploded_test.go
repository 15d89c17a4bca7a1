package springboot

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// builtProject is a build that has left a jar and, on the disk, all that is in it.
func builtProject(t *testing.T) (App, BuildFiles) {
	t.Helper()
	dir := t.TempDir()
	b := BuildFiles{Classes: []string{filepath.Join(dir, "classes")}}
	for _, f := range jartest.BootFiles() {
		if name, own := strings.CutPrefix(f[0], "BOOT-INF/classes/"); own {
			testfile.Write(t, b.Classes[0], name, f[1])
		}
		if name, library := strings.CutPrefix(f[0], "BOOT-INF/lib/"); library {
			b.Libraries = append(b.Libraries, testfile.Write(t, dir, "repository/"+name, f[1]))
		}
	}
	app := must.Get(Open(jartest.Write(t, filepath.Join(dir, "shop.jar"), jartest.BootFiles())))(t)
	app.Classes, b.Archive = b.Classes, app.Jar
	return app, b
}

func TestExplodedApplicationHasTheFilesOfItsJar(t *testing.T) {
	t.Parallel()
	packed, built := builtProject(t)
	e, why, err := Explode(packed, built)
	if why != "" || err != nil {
		t.Fatalf("%s, %v", why, err)
	}
	app, found := e.App(built, nil, []string{"SERVER_PORT=7070"})
	if !found || app.MainClass != packed.MainClass || app.Java != packed.Java || app.Boot != packed.Boot ||
		app.Port != 7070 {
		t.Errorf("got %+v, %v", app, found)
	}
	want := must.Get(packed.Contents())(t)
	got, err := app.Contents()
	if err != nil || len(got.Own) != len(want.Own) {
		t.Fatalf("got %d files, want %d, %v", len(got.Own), len(want.Own), err)
	}
	for name, text := range want.Own {
		if string(got.Own[name]) != string(text) {
			t.Errorf("%s is %q, want %q", name, got.Own[name], text)
		}
	}
	order := Part{Kind: KindLibraryOrder}
	if got.Rest[order] != want.Rest[order] || got.Rest[order] != "b-1.0.jar\na-1.0.jar\nc-1.0-SNAPSHOT.jar\n" {
		t.Errorf("libraries %q, want %q", got.Rest[order], want.Rest[order])
	}
}

// TestADirectoryAmongTheLibraries: Boot's plugin for Gradle packs its files among the application's own.
func TestADirectoryAmongTheLibraries(t *testing.T) {
	t.Parallel()
	app, built := builtProject(t)
	dir := t.TempDir()
	testfile.Write(t, dir, "more.txt", "more")
	jartest.Write(t, app.Jar, append(jartest.BootFiles(), jartest.File{"BOOT-INF/classes/more.txt", "more"}))
	built.Libraries = append([]string{dir}, built.Libraries...)
	e, why, err := Explode(app, built)
	if why != "" || err != nil {
		t.Fatalf("%q, %v", why, err)
	}
	e.AddLibrary(dir, Dependencies)
	exploded, found := e.App(built, nil, nil)
	contents, err := exploded.Contents()
	if !found || err != nil || string(contents.Own["more.txt"]) != "more" {
		t.Errorf("found %v, %v, %q", found, err, contents.Own["more.txt"])
	}
	if slices.Contains(exploded.Libraries, dir) {
		t.Error("the image copies the directory like a jar")
	}
}

// TestALinkToNothing: an editor leaves one while a file is open.
func TestALinkToNothing(t *testing.T) {
	t.Parallel()
	app, built := builtProject(t)
	if err := os.Symlink("nowhere", filepath.Join(built.Classes[0], "static", ".#index.html")); err != nil {
		t.Skip(err)
	}
	e, why, err := Explode(app, built)
	if why != "" || err != nil {
		t.Fatalf("%q, %v", why, err)
	}
	exploded, found := e.App(built, nil, nil)
	if _, err := exploded.Contents(); !found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

// TestArchiveWithAClassifier: the archive is the one that was packed, whatever the module's main one is.
func TestArchiveWithAClassifier(t *testing.T) {
	t.Parallel()
	app, built := builtProject(t)
	built.Archive = filepath.Join(filepath.Dir(app.Jar), "main.jar")
	e, _, err := Explode(app, built)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := e.App(built, nil, nil); got.Archive != app.Jar {
		t.Errorf("got %s", got.Archive)
	}
}

func TestJarThatIsNotAllOnTheDiskIsNotExploded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(t *testing.T, b *BuildFiles)
		want   string
	}{
		"another class": {func(t *testing.T, b *BuildFiles) {
			testfile.Write(t, b.Classes[0], "com/example/App.class", jartest.Class(21))
		}, "is another file than"},
		"one more":        {func(t *testing.T, b *BuildFiles) { testfile.Write(t, b.Classes[0], "more.txt", "") }, "more.txt is not in it"},
		"one less":        {func(t *testing.T, b *BuildFiles) { _ = os.Remove(filepath.Join(b.Classes[0], "static", "index.html")) }, "is in no directory of the classes"},
		"no such library": {func(t *testing.T, b *BuildFiles) { b.Libraries = slices.Delete(b.Libraries, 0, 1) }, "is not among the build's libraries"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app, built := builtProject(t)
			test.change(t, &built)
			if _, why, err := Explode(app, built); !strings.Contains(why, test.want) || err != nil {
				t.Errorf("got %q, %v", why, err)
			}
		})
	}
}

func TestExplodedApplicationIsGoneWithItsMainClassOrALibrary(t *testing.T) {
	t.Parallel()
	app, built := builtProject(t)
	e, _, err := Explode(app, built)
	if err != nil {
		t.Fatal(err)
	}
	more := built
	more.Libraries = append(slices.Clone(built.Libraries), "/more.jar")
	if _, found := e.App(more, nil, nil); found {
		t.Error("the build has a library more")
	}
	must.Do(t, os.Remove(filepath.Join(built.Classes[0], "com", "example", "App.class")))
	if _, found := e.App(built, nil, nil); found {
		t.Error("there is no main class")
	}
}

func TestPreviewFeatures(t *testing.T) {
	t.Parallel()
	preview := func(java int) string { return jartest.Class(java)[:4] + "\xff\xff" + jartest.Class(java)[6:] }
	for text, want := range map[string]bool{preview(25): true, preview(11): false, jartest.Class(25): false, "": false,
		"\xff\xff\xff\xff\xff\xff\xff\xff": false} {
		if got := usesPreview([]byte(text)); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestManifestLinesOfMoreThan72BytesGoOn(t *testing.T) {
	t.Parallel()
	got := parseManifest(
		[]byte("Manifest-Version: 1.0\r\nStart-Class: com.exam\r\n ple.App\r\n\r\nName: other\r\nStart-Class: no\r\n"))
	if got["Start-Class"] != "com.example.App" || got["Name"] != "" {
		t.Errorf("got %v", got)
	}
}
