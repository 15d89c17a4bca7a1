package builder

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// countingEngine counts how often the engine exports an image.
type countingEngine struct {
	*client.Client
	exports int
}

func (e *countingEngine) ImageSave(ctx context.Context, ids []string,
	o ...client.ImageSaveOption) (io.ReadCloser, error) {
	e.exports++
	return e.Client.ImageSave(ctx, ids, o...)
}

// copies are Dockerfiles as people write them, with how many exports a changed file
// costs after the first: none, where a COPY made the layers that are new.
var copies = []struct {
	name, dockerfile string
	changed          string
	exports          int
}{
	{"jar in the root", "FROM openjdk:17-jdk\nCOPY build/libs/*.jar app.jar\nENTRYPOINT [\"java\", \"-jar\", \"/app.jar\"]\n", "build/libs/app.jar", 0},
	{"jar in a directory", "FROM openjdk:17-jdk\nWORKDIR /srv/app\nARG JAR=build/libs/*.jar\nCOPY ${JAR} application.jar\nEXPOSE 8080\nUSER 1000\nCMD java -jar application.jar\n", "build/libs/app.jar", 0},
	{"jar of a user", "FROM openjdk:17-jdk\nCOPY --chown=1000:1000 build/libs/app.jar /opt/deep/down/app.jar\n", "build/libs/app.jar", 0},
	{"classes beside libraries", "FROM openjdk:17-jdk\nWORKDIR /app\nCOPY lib /app/lib\nCOPY classes /app\n", "classes/com/example/App.class", 0},
	{"all layers of a jar", "FROM openjdk:17-jdk\nCOPY lib /app/lib\nCOPY classes /classes\nCOPY build/libs/app.jar /app.jar\n", "classes/com/example/App.class", 0},
	{"from another stage", "FROM openjdk:17-jdk AS unpacked\nCOPY . /all\nRUN mv /all/lib /all/dependencies\nFROM openjdk:17-jdk\nWORKDIR /app\nCOPY --from=unpacked /all/dependencies/ ./\nCOPY --from=unpacked /all/classes/ ./\n", "classes/com/example/App.class", 0},
	{"a command at the end", "FROM openjdk:17-jdk\nCOPY classes /app\nRUN date > /app/built\n", "classes/com/example/App.class", 1},
	{"a file into the root directory", "FROM openjdk:17-jdk\nCOPY build/libs/app.jar .\n", "build/libs/app.jar", 1},
}

// shortCopies are those that the short tier has.
var shortCopies = []string{"jar in the root", "classes beside libraries", "from another stage", "a command at the end"}

// TestRealLayersOfCopiesNeedNoExport: a layer that devloop puts together is the engine's own, as its digest is the
// same.
func TestRealLayersOfCopiesNeedNoExport(t *testing.T) {
	docker := &countingEngine{Client: real.Docker(t)}
	base(t, docker.Client, "openjdk:17-jdk")
	cache := t.TempDir()
	for _, buildKit := range []string{"0", "1"} {
		for i, c := range copies {
			t.Run(fmt.Sprintf("buildkit=%s/%s", buildKit, c.name), func(t *testing.T) {
				// BuildKit makes layers in another way, and they are read in the same
				real.Tier(t, buildKit == "1" && i > 0 || !slices.Contains(shortCopies, c.name))
				t.Setenv("DOCKER_BUILDKIT", buildKit)
				app := copiedProject(t, c.dockerfile)
				readLayers(t, docker, cache, app)
				write(t, app.Dir, c.changed, "changed by "+t.Name())
				docker.exports = 0
				timed(t, "from the edit to the layers", func() { readLayers(t, docker, cache, app) })
				if docker.exports != c.exports {
					t.Errorf("%d exports, want %d", docker.exports, c.exports)
				}
			})
		}
	}
}

// copiedProject has a jar, libraries and classes, as a build leaves them.
func copiedProject(t *testing.T, dockerfile string) springboot.App {
	t.Helper()
	dir := t.TempDir()
	app := springboot.App{Dir: dir, Name: "devloop-test-copies", Dockerfile: write(t, dir, "Dockerfile", dockerfile),
		Jar: write(t, dir, "build/libs/app.jar", t.Name()+strings.Repeat("jar", 1<<20))}
	write(t, dir, "lib/a.jar", "a")
	write(t, dir, "lib/deeper/b.jar", "b")
	write(t, dir, "classes/com/example/App.class", t.Name())
	write(t, dir, "classes/com/example/Other.class", "other")
	must.Do(t, os.Symlink("example/App.class", filepath.Join(dir, "classes/com/link")))
	return app
}

// readLayers makes the image and reads each of its layers, whose content is checked against its digest when it is read.
func readLayers(t *testing.T, docker client.APIClient, cache string, app springboot.App) {
	t.Helper()
	real.RemoveImages(t, docker)
	img := must.Get(image.New(docker, image.Options{CacheDir: cache}).Image(t.Context(), app, testWriter{T: t}))(t)
	layers := must.Get(img.Content.Layers())(t)
	for _, l := range layers {
		must.Get(l.Size())(t)
		content := must.Get(l.Uncompressed())(t)
		_ = content.Close()
	}
}
