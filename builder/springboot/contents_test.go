package springboot_test

import (
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/builder/springboot"
)

func TestContents(t *testing.T) {
	t.Parallel()
	app, err := springboot.Open(jartest.Write(t, filepath.Join(t.TempDir(), "app.jar"), append(jartest.BootFiles(), jartest.File{"module-info.class", "m"})))
	if err != nil {
		t.Fatal(err)
	}
	if app.MainClass != "com.example.App" || app.Java != 17 || app.Port != 9090 || app.Boot != "3.5.7" {
		t.Errorf("got %+v", app)
	}
	c, err := app.Contents()
	if err != nil {
		t.Fatal(err)
	}
	if string(c.Own["static/index.html"]) != "<p>hello" || c.Own["module-info.class"] != nil || len(c.Own["com/example/App.class"]) == 0 {
		t.Errorf("own files %q", c.Own)
	}
	for part, want := range map[springboot.Part]string{
		{Kind: springboot.KindMainClass}: "com.example.App", {Kind: springboot.KindPort}: "9090",
		{Kind: springboot.KindLibraryOrder}:                  "b-1.0.jar\na-1.0.jar\nc-1.0-SNAPSHOT.jar\n",
		{Kind: springboot.KindManifest, Name: "Start-Class"}: "com.example.App",
	} {
		if got := c.Rest[part]; got != want {
			t.Errorf("%v: got %q, want %q", part, got, want)
		}
	}
	if c.Rest[springboot.Part{Kind: springboot.KindLibrary, Name: "a-1.0.jar"}] == "" {
		t.Error("a library is missing")
	}
}

func TestOpenRefusesOtherJars(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]jartest.File{
		"no manifest":    {{"a", "a"}},
		"no start class": {{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n\n"}},
	} {
		if _, err := springboot.Open(jartest.Write(t, filepath.Join(t.TempDir(), "app.jar"), files)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestDuplicateClass(t *testing.T) {
	t.Parallel()
	lib := func(name string) []jartest.File {
		path := jartest.Write(t, filepath.Join(t.TempDir(), "lib.jar"), []jartest.File{{name, ""}})
		return append(jartest.Without(jartest.BootFiles(), ".jar", ".idx"), jartest.File{"BOOT-INF/lib/lib.jar", jartest.Read(t, path)})
	}
	for name, want := range map[string]string{
		"com/example/App.class":                      "com/example/App.class",
		"META-INF/versions/11/com/example/App.class": "com/example/App.class",
		"com/example/Other.class":                    "",
		"static/index.html":                          "",
	} {
		app, err := springboot.Open(jartest.Write(t, filepath.Join(t.TempDir(), "app.jar"), lib(name)))
		if err != nil {
			t.Fatal(err)
		}
		files, err := app.Files()
		if err != nil {
			t.Fatal(err)
		}
		defer files.Close()
		if got, _, err := files.DuplicateClass(); err != nil || got != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}
