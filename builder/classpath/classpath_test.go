package classpath_test

import (
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/builder/classpath"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/must"
)

func TestHidden(t *testing.T) {
	t.Parallel()
	lib := func(name string) []jartest.File {
		path := jartest.Write(t, filepath.Join(t.TempDir(), "lib.jar"), []jartest.File{{name, ""}})
		return append(jartest.Without(jartest.BootFiles(), ".jar", ".idx"),
			jartest.File{"BOOT-INF/lib/lib.jar", jartest.Read(t, path)})
	}
	for name, want := range map[string]string{
		"com/example/App.class":                      "com/example/App.class",
		"META-INF/versions/11/com/example/App.class": "com/example/App.class",
		"com/example/Other.class":                    "",
		"static/index.html":                          "",
	} {
		app := must.Get(springboot.Open(jartest.Write(t, filepath.Join(t.TempDir(), "app.jar"), lib(name))))(t)
		files := must.Get(app.Files())(t)
		defer files.Close()
		if got, _, err := classpath.Hidden(files); err != nil || got != want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}
