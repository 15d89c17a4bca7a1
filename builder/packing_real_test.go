package builder

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// TestRealUnpacked builds real projects both ways and compares the images.
func TestRealUnpacked(t *testing.T) {
	t.Parallel()
	for _, project := range []struct{ name, tool string }{{"spring-server", "gradle"}, {"spring-maven", "maven"}} {
		t.Run(project.tool, func(t *testing.T) {
			t.Parallel()
			real.Tier(t, project.tool == "gradle") // what is compared is the same with both
			if project.tool == "gradle" {
				real.Gradle(t)
			} else {
				real.Maven(t)
			}
			dir := sample(t, project.name)
			for _, name := range []string{"Dockerfile"} {
				_ = os.Remove(filepath.Join(dir, name))
			}
			write(t, dir, "src/main/resources/application.properties", "server.port = 8181\n")
			write(t, dir, "src/main/resources/META-INF/extra.txt", "extra\n")
			unpackedReal(t, dir)
		})
	}
}

// unpackedReal edits a project, builds it with and without its archive, and compares.
func unpackedReal(t *testing.T, dir string) {
	t.Helper()
	p := openReal(t, dir)
	first := compileReal(t, p, "archive, first")
	if first.Jar == "" || first.Exploded == nil {
		k, _ := os.ReadFile(filepath.Join(p.StateDir("models"), "packing.json"))
		t.Fatalf("nothing was learned of %s: %s", first.Jar, k[bytes.Index(k, []byte("Why")):])
	}
	edit(t, dir, "Hello, World", "Hello, unpacked")
	unpacked := compileReal(t, p, "classes, one line changed")
	if unpacked.Jar != "" || unpacked.Exploded == nil {
		t.Fatalf("packed again: %s", unpacked.Jar)
	}
	e := baseEngine(t)
	one := makeImage(t, e, t.TempDir(), unpacked)
	enginetest.CheckImage(t, one.Content)
	var out bytes.Buffer
	var packed springboot.App
	timed(t, "archive of the same", func() {
		var err error
		if packed, err = p.Package(t.Context(), &out); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
	})
	packed.Exploded = nil
	other := makeImage(t, e, t.TempDir(), packed)
	if one.ID != other.ID {
		t.Errorf("the image of the classes is %s, that of the archive %s\n%+v\n%+v", one.ID, other.ID,
			one.Report, other.Report)
	}
	if unpacked.Java != packed.Java || unpacked.Port != packed.Port || unpacked.MainClass != packed.MainClass ||
		unpacked.Boot != packed.Boot || strings.Join(unpacked.Libraries, ":") == "" {
		t.Errorf("%+v\n%+v", unpacked, packed)
	}
}

// baseEngine is an engine that has the default base.
func baseEngine(t *testing.T) *enginetest.Engine {
	t.Helper()
	e := enginetest.New(t)
	e.AddRandom(t, "eclipse-temurin:17-jre", 2)
	return e
}

func makeImage(t *testing.T, e *enginetest.Engine, cache string, app springboot.App) image.Image {
	t.Helper()
	return must.Get(image.New(e, image.Options{CacheDir: cache}).Image(t.Context(), app, io.Discard))(t)
}
