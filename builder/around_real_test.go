package builder

import (
	"archive/tar"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/client"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"github.com/devloop-cli/devloop/builder/compiler"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/internal/buildtest"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// developed opens spring-maven with a Dockerfile, to be changed while it runs.
func developed(t *testing.T, docker *client.Client,
	dockerfile string) (*compiler.Compiler, *project.Project, *image.Imager) {
	t.Helper()
	dir := sample(t, "spring-maven")
	write(t, dir, "Dockerfile", dockerfile)
	p := openReal(t, dir)
	m := image.New(docker, image.Options{CacheDir: dir + "-cache", Develop: true})
	p.NeedsJar = m.NeedsJar
	c := compiler.New(p, true)
	t.Cleanup(func() { _ = c.Close() })
	return c, p, m
}

// fileNames are those of all layers together.
func fileNames(t *testing.T, img image.Image) (names []string) {
	t.Helper()
	whole := mutate.Extract(img.Content)
	defer func() { _ = whole.Close() }()
	for files := tar.NewReader(whole); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
	}
}

// TestRealDockerfileIsTakenApart follows an image from the Dockerfile's to those in its surroundings,
// and lets both serve.
func TestRealDockerfileIsTakenApart(t *testing.T) {
	real.Maven(t)
	docker := real.Docker(t)
	base(t, docker, "eclipse-temurin:17-jre")
	for _, buildKit := range []string{"0", "1"} {
		t.Run("buildkit="+buildKit, func(t *testing.T) {
			real.Tier(t, buildKit == "1") // what is taken apart does not tell who built it
			t.Setenv("DOCKER_BUILDKIT", buildKit)
			const dockerfile = `FROM eclipse-temurin:17-jre
WORKDIR /srv
RUN echo kept > before.txt
ENV GREETING=hi
EXPOSE 8080
COPY target/*.jar app.jar
COPY extra.txt .
USER 1234
ENTRYPOINT ["java", "-Dsome.option=1", "-XX:+UseParallelGC", "-jar", "app.jar", "--some.argument=2"]
`
			c, p, m := developed(t, docker, dockerfile)
			write(t, p.Dir, "extra.txt", "one")
			app := compileIncrementally(t, c, nil)
			first := imageReal(t, m, docker, app, "image")
			x := first.Report
			if app.Jar == "" || !x.Supervised || x.Dockerfile != "Dockerfile" || x.Base != app.Name+":dockerfile" {
				t.Fatalf("got %+v of %q", x, app.Jar)
			}
			config := must.Get(first.Content.ConfigFile())(t)
			command := strings.Join(config.Config.Entrypoint, " ")
			if !strings.Contains(command, "-Dsome.option=1 -XX:+UseParallelGC -cp /app/") ||
				!strings.HasSuffix(command, "Application --some.argument=2") ||
				strings.Contains(command[strings.Index(command, "Supervise"):], "SerialGC") {
				t.Errorf("it starts %s", command)
			}
			if config.Config.User != "1234" || config.Config.WorkingDir != "/srv" ||
				!slices.Contains(config.Config.Env, "GREETING=hi") {
				t.Errorf("it is configured as %+v", config.Config)
			}
			files := fileNames(t, first)
			if !slices.Contains(files, "srv/before.txt") || !slices.Contains(files, "srv/extra.txt") ||
				slices.Contains(files, "srv/app.jar") {
				t.Error("it should have all but the jar")
			}

			if why := c.RunIdle(t.Context()); why != "" {
				t.Fatal(why)
			}
			buildtest.Change(t, p.Dir, controller, "Hello, World", "Hello, again")
			app = compileIncrementally(t, c, []string{controller})
			if app.Jar != "" || app.CompiledBy != "by the incremental compiler, 1 source" {
				t.Errorf("a save is compiled %q, jar %q", app.CompiledBy, app.Jar)
			}
			second := imageReal(t, m, docker, app, "image")
			serves(t, docker, second.Ref, "Hello, again")
			before, after := first.Content.(*ociimage.Image).DiffIDs(), second.Content.(*ociimage.Image).DiffIDs()
			if len(before) != len(after) || !slices.Equal(before[:len(before)-1], after[:len(after)-1]) {
				t.Error("more than the last layer is new")
			}

			write(t, p.Dir, "extra.txt", "two, and longer")
			app = compileIncrementally(t, c, []string{"extra.txt"})
			third := imageReal(t, m, docker, app, "image")
			if app.Jar != "" || !third.Report.Supervised || slices.Equal(third.Content.(*ociimage.Image).DiffIDs(), after) {
				t.Errorf("another file of the Dockerfile's: jar %q, %+v", app.Jar, third.Report)
			}

			byDockerfile := imageID(t, docker, app.Name+":dockerfile")
			buildtest.Change(t, p.Dir, "pom.xml", "</project>", "<!-- changed --></project>")
			buildtest.Change(t, p.Dir, controller, "Hello, again", "Hello, once more")
			app = compileIncrementally(t, c, []string{"pom.xml", controller})
			serves(t, docker, imageReal(t, m, docker, app, "image").Ref, "Hello, once more")
			if app.Jar == "" || imageID(t, docker, app.Name+":dockerfile") != byDockerfile {
				t.Errorf("a build file changed, and the Dockerfile was built, for the jar %q", app.Jar)
			}
		})
	}
}

func imageID(t *testing.T, docker client.APIClient, ref string) string {
	t.Helper()
	found := must.Get(docker.ImageInspect(t.Context(), ref))(t)
	return found.ID
}

// TestRealDockerfileWithStages has Dockerfiles whose last stage gets the application from an earlier one, which could not be
// built here: the image of Maven is not there.
func TestRealDockerfileWithStages(t *testing.T) {
	real.Maven(t)
	docker := real.Docker(t)
	base(t, docker, "eclipse-temurin:17-jre")
	t.Setenv("DOCKER_BUILDKIT", "0")
	const last = "FROM eclipse-temurin:17-jre AS last\nWORKDIR /srv\nRUN echo kept > before.txt\n"
	const extract = "FROM no-such-image AS x\nCOPY target/*.jar app.jar\nRUN java -Djarmode=tools -jar app.jar extract --layers --destination out\n"
	const copied = "COPY --from=x /out/dependencies/ ./\nCOPY --from=x /out/application/ ./\nENV AFTER=1\n"
	for i, test := range []struct{ name, dockerfile string }{
		{"compiled in the image", "FROM maven:3 AS build\nCOPY . .\nRUN mvn -B package\n" + last + "COPY --from=build target/*.jar app.jar\nENTRYPOINT [\"java\", \"-Dsome.option=1\", \"-jar\", \"app.jar\", \"--some.argument=2\"]\n"},
		{"unpacked", extract + last + copied + "ENTRYPOINT [\"java\", \"-Dsome.option=1\", \"-jar\", \"app.jar\", \"--some.argument=2\"]\n"},
		{"unpacked, with Boot's launcher", extract + last + copied + "CMD [\"java\", \"-Dsome.option=1\", \"org.springframework.boot.loader.launch.JarLauncher\", \"--some.argument=2\"]\n"},
		{"unpacked, with a class path", extract + last + "COPY --from=x BOOT-INF/lib /app/lib\nCOPY --from=x BOOT-INF/classes /app\nENTRYPOINT [\"java\", \"-Dsome.option=1\", \"-cp\", \"/app:/app/lib/*\", \"com.example.SpringMavenApplication\", \"--some.argument=2\"]\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			real.Tier(t, i > 1) // the others have hermetic tests, too
			c, p, m := developed(t, docker, test.dockerfile)
			app := compileIncrementally(t, c, nil)
			img := imageReal(t, m, docker, app, "image")
			if !img.Report.Supervised || img.Report.Base != app.Name+":dockerfile" {
				t.Fatalf("got %+v", img.Report)
			}
			config, err := img.Content.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			command := strings.Join(append(config.Config.Entrypoint, config.Config.Cmd...), " ")
			if !strings.Contains(command, "-Dsome.option=1 -cp /app/") || !strings.HasSuffix(command, "Application --some.argument=2") || config.Config.WorkingDir != "/srv" {
				t.Errorf("it starts %s in %s", command, config.Config.WorkingDir)
			}
			if !slices.Contains(fileNames(t, img), "srv/before.txt") {
				t.Error("it lacks a file of the Dockerfile's")
			}
			if advised := len(img.Advice) > 0 && strings.Contains(img.Advice[0].Text, "Dockerfile:3 compiles the project in the image"); advised != (i == 0) {
				t.Errorf("advice %q", img.Advice)
			}
			if p.NeedsArchive(app.Dir, app.Jar) {
				t.Error("the next save packs an archive")
			}
			serves(t, docker, img.Ref, "Hello, World")
		})
	}
}

// TestRealDockerfileIsLeftAsItIs has Dockerfiles that may do more with the jar.
func TestRealDockerfileIsLeftAsItIs(t *testing.T) {
	real.Maven(t)
	docker := real.Docker(t)
	base(t, docker, "eclipse-temurin:17-jre")
	const from, jar, start = "FROM eclipse-temurin:17-jre\n", "COPY target/*.jar /app.jar\n",
		`ENTRYPOINT ["java", "-jar", "/app.jar"]` + "\n"
	t.Setenv("DOCKER_BUILDKIT", "0")
	c, p, m := developed(t, docker, from+jar+start)
	app := compileIncrementally(t, c, nil)
	// The other reasons have hermetic tests, too.
	short := []string{"a command reads the jar", "another jar", "among the classes"}
	for _, test := range []struct{ name, dockerfile, why string }{
		{"based on a stage with it", "FROM eclipse-temurin:17-jre AS first\n" + jar + "FROM first\n" + jar + start, "its last stage is based on one that has the application"},
		{"a profile", from + "RUN mkdir /target && echo ./mvnw package -Pprod > /target/app.jar\n" + from + "COPY --from=0 /target/app.jar /\n" + start, "it compiles with -Pprod"},
		{"a directory", from + "COPY target /target\nENTRYPOINT [\"java\", \"-jar\", \"/target/app.jar\"]\n", "it does not copy the jar as a file"},
		{"a command reads the jar", from + jar + "RUN cp /app.jar /other.jar\n" + start, "a command after the application's COPY may read it"},
		{"a shell", from + jar + "ENTRYPOINT java $JAVA_OPTS -jar /app.jar\n", "its command does not start java with the jar or its classes"},
		{"another jar", from + jar + `CMD ["java", "-jar", "/other.jar"]` + "\n", "its last stage does not copy the application that it starts"},
		{"its own debugger", from + jar + `CMD ["java", "-agentlib:jdwp=transport=dt_socket,server=y,address=5005", "-jar", "/app.jar"]` + "\n", "it opens a debug port itself"},
		{"an agent for each JVM", from + "ENV JAVA_TOOL_OPTIONS=-javaagent:/a.jar\n" + jar + start, "it sets JAVA_TOOL_OPTIONS: only one JVM of a container can have -javaagent:/a.jar"},
		{"among the classes", from + "COPY pom.xml /app/classes/\n" + jar + start, "it copies to where devloop puts the classes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			real.Tier(t, !slices.Contains(short, test.name))
			write(t, p.Dir, "Dockerfile", test.dockerfile)
			unpacked := app
			unpacked.Jar = ""
			if _, err := m.Image(t.Context(), unpacked, io.Discard); !errors.Is(err, image.ErrNeedsJar) {
				t.Errorf("without the jar: %v", err)
			}
			img := imageReal(t, m, docker, app, "image")
			if want := "Dockerfile makes its image: " + test.why; app.Jar == "" || img.Report.Supervised ||
				img.Report.NoSupervisorReason != want {
				t.Errorf("got %q, jar %q", img.Report.NoSupervisorReason, app.Jar)
			}
			if !p.NeedsArchive(app.Dir, app.Jar) {
				t.Error("the next save packs no archive")
			}
		})
	}
}
