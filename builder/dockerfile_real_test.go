package builder

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
)

func TestRealDockerfileFailures(t *testing.T) {
	docker := real.Docker(t)
	base(t, docker, "openjdk:17-jdk")
	for _, buildKit := range []string{"0", "1"} {
		for _, test := range brokenDockerfiles {
			t.Run(fmt.Sprintf("buildkit=%s/%s", buildKit, test.name), func(t *testing.T) {
				t.Setenv("DOCKER_BUILDKIT", buildKit)
				dir := t.TempDir()
				app := springboot.App{Dir: dir, Name: "devloop-test-broken",
					Dockerfile: write(t, dir, "Dockerfile", test.dockerfile),
					Jar:        write(t, dir, "build/libs/app-1.0.jar", "jar")}
				for _, f := range test.files {
					write(t, dir, f, "")
				}
				if test.ignore != "" {
					write(t, dir, ".dockerignore", test.ignore)
				}
				_, err := image.New(docker, image.Options{CacheDir: t.TempDir()}).Image(t.Context(), app, io.Discard)
				var e *image.Error
				if !errors.As(err, &e) || e.Code() != "image.failed" {
					t.Fatalf("got %v", err)
				}
				t.Log(e, "\nhints:", e.Hints(), "\nevidence:", strings.Join(e.Evidence(), "\n"))
				if e.Line != test.line {
					t.Errorf("line %d, want %d", e.Line, test.line)
				}
				if test.hint != "" && !strings.Contains(strings.Join(e.Hints(), "\n"), test.hint) {
					t.Errorf("no hint has %q", test.hint)
				}
			})
		}
	}
}

// TestRealDockerfileElsewhereInTheContext builds by one in a directory of its own, whose COPY and
// whose .dockerignore see the project's.
func TestRealDockerfileElsewhereInTheContext(t *testing.T) {
	docker := real.Docker(t)
	base(t, docker, "openjdk:17-jdk")
	for _, buildKit := range []string{"0", "1"} {
		t.Run("buildkit="+buildKit, func(t *testing.T) {
			t.Setenv("DOCKER_BUILDKIT", buildKit)
			dir := t.TempDir()
			app := springboot.App{Dir: dir, DockerOptions: dockerfile.Options{Context: dir},
				Name: "devloop-test-elsewhere", Jar: write(t, dir, "build/libs/app-1.0.jar", t.Name()),
				Dockerfile: write(t, dir, "docker/dev.Dockerfile",
					"FROM openjdk:17-jdk\nCOPY build /build\nRUN test ! -e /build/tmp\n")}
			write(t, dir, "build/tmp/a", "a")
			write(t, dir, ".dockerignore", "build\n")
			write(t, dir, "docker/dev.Dockerfile.dockerignore", "build/tmp\n")
			img := imageReal(t, image.New(docker, image.Options{CacheDir: t.TempDir()}), docker, app, "image")
			if img.Report.Dockerfile != "docker/dev.Dockerfile" {
				t.Errorf("it was built by %q", img.Report.Dockerfile)
			}
		})
	}
}

var brokenDockerfiles = []struct {
	name, dockerfile string
	files            []string
	ignore           string
	line             int
	hint             string
}{
	{name: "no jar matches", dockerfile: "FROM openjdk:17-jdk\nCOPY build/libs/*SNAPSHOT.jar app.jar\n", line: 2, hint: "write: COPY build/libs/app-1.0.jar app.jar"},
	{name: "two jars match", dockerfile: "FROM openjdk:17-jdk\nARG JAR=build/libs/*.jar\nCOPY ${JAR} app.jar\n", files: []string{"build/libs/other.jar"}, line: 3, hint: "2 files match"},
	{name: "ignored", dockerfile: "FROM openjdk:17-jdk\nCOPY build/libs/app-1.0.jar app.jar\n", ignore: "build\n", line: 2, hint: "!build/libs/app-1.0.jar"},
	{name: "a command fails", dockerfile: "FROM openjdk:17-jdk\n# no such file\nRUN ls \\\n  /nowhere\n", line: 3},
	{name: "unknown instruction", dockerfile: "FROM openjdk:17-jdk\nCOPPY a b\n", line: 2},
	{name: "no such base", dockerfile: "FROM openjdk:17-jkd\nCOPY build/libs/app-1.0.jar app.jar\n", line: 1, hint: "docker pull openjdk:17-jkd"},
}
