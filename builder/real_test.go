package builder

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/docker/go-connections/nat"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

func openReal(t *testing.T, dir string) *project.Project {
	t.Helper()
	cache := t.TempDir()
	p := must.Get(project.Open(t.Context(), dir, project.Options{CacheDir: cache, Out: testWriter{T: t}}))(t)
	t.Logf("%s: %s", p.Tool.Command, p.Tool.Why)
	return p
}

// cacheOf returns the cache directory that a project was opened with.
func cacheOf(p *project.Project) string { return filepath.Dir(filepath.Dir(p.StateDir("models"))) }

func compileReal(t *testing.T, p *project.Project, what string) springboot.App {
	t.Helper()
	app, _ := compiledReal(t, p, what)
	return app
}

// compiledReal is compileReal with what the build has printed.
func compiledReal(t *testing.T, p *project.Project, what string) (app springboot.App, printed string) {
	t.Helper()
	var out bytes.Buffer
	timed(t, what, func() {
		var err error
		if app, err = p.Compile(t.Context(), &out); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
	})
	return app, out.String()
}

// edit replaces text in the sample's controller.
func edit(t *testing.T, dir, from, to string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, controller))
	if err != nil || !strings.Contains(string(text), from) {
		t.Fatalf("no %q to edit: %v", from, err)
	}
	write(t, dir, controller, strings.Replace(string(text), from, to, 1))
}

func TestRealGradle(t *testing.T) {
	real.Gradle(t)
	dir := sample(t, "spring-server")
	p := openReal(t, dir)
	app := compileReal(t, p, "gradle, first")
	if app.MainClass != "com.example.SpringServerApplication" || app.Java != 17 || !strings.HasPrefix(app.Boot, "4.") ||
		app.Dockerfile == "" {
		t.Errorf("got %+v", app)
	}
	knows(t, p, app)

	edit(t, dir, `"Hello, World";`, `"Hello, World"`)
	_, err := p.Compile(t.Context(), io.Discard)
	var failed *diagnostics.CompileError
	if !errors.As(err, &failed) || len(failed.Problems) != 1 || failed.Problems[0].Line != 11 ||
		failed.Problems[0].File != controller {
		t.Errorf("got %v", err)
	} else {
		t.Log(strings.Join(failed.Evidence(), "\n"))
	}
	edit(t, dir, `"Hello, World"`, `"Hello, World";`)
	cancelReal(t, p)
	compileReal(t, p, "gradle, after a cancelled build")
	if _, err := os.Stat(filepath.Join(dir, ".devloop")); err == nil {
		t.Error("devloop left something in the project")
	}
}

// knows checks what the tool told of the build.
func knows(t *testing.T, p *project.Project, app springboot.App) {
	t.Helper()
	used, fresh := p.Modules(app.Dir)
	if !fresh || len(used) != 1 || len(used[0].Compilers) != 1 {
		t.Fatalf("got %+v, fresh %v", used, fresh)
	}
	one := used[0]
	c := one.Compilers[0]
	if !slices.Contains(one.Sources, filepath.Join(p.Dir, "src/main/java")) ||
		!slices.Contains(one.ResourceSources, filepath.Join(p.Dir, "src/main/resources")) ||
		c.Compiler != "javac" || !slices.Contains(c.Options, "-parameters") || len(c.ClassPath) < 20 ||
		c.JavaHome == "" {
		t.Errorf("got %+v", one)
	}
	if len(app.Classes) != 1 || len(app.Libraries) < 20 {
		t.Errorf("got %+v", app)
	}
	file := filepath.Join(p.Dir, "gradle.properties")
	if p.Tool.Name == "maven" {
		file = filepath.Join(p.Dir, ".mvn", "jvm.config")
	}
	write(t, filepath.Dir(file), filepath.Base(file), "")
	if _, fresh := p.Modules(app.Dir); fresh {
		t.Errorf("%s is new, and the model counts as fresh", file)
	}
	must.Do(t, os.Remove(file))
}

// cancelReal cancels a build half-way and looks that none of its processes is left.
func cancelReal(t *testing.T, p *project.Project) {
	t.Helper()
	edit(t, p.Dir, "return", "/* edited */ return")
	ctx, cancel := context.WithCancelCause(t.Context())
	began := time.Time{}
	out := writerFunc(func(text []byte) (int, error) {
		if began.IsZero() && bytes.Contains(text, []byte("ompile")) {
			began = time.Now()
			cancel(errStopped)
		}
		return len(text), nil
	})
	_, err := p.Compile(ctx, out)
	if !errors.Is(err, errStopped) {
		t.Fatalf("got %v", err)
	}
	t.Logf("TIME cancelled build ended after %.2f s", time.Since(began).Seconds())
	var left []string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		// the kernel ends them in its own time
		left = slices.DeleteFunc(processes(t), func(line string) bool {
			return !strings.Contains(line, p.Dir) || strings.Contains(line, "GradleDaemon")
		})
		if len(left) == 0 {
			return
		}
	}
	t.Errorf("left: %q", left)
}

// processes returns the command lines of all processes.
func processes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(files) == 0 {
		t.Skip("no /proc here to look for processes in")
	}
	var lines []string
	for _, f := range files {
		text, _ := os.ReadFile(f) // gone meanwhile: empty
		lines = append(lines, strings.ReplaceAll(string(text), "\x00", " "))
	}
	return lines
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestRealMaven(t *testing.T) {
	real.Maven(t)
	dir := sample(t, "spring-maven")
	p := openReal(t, dir)
	app := compileReal(t, p, "maven, first")
	if app.MainClass == "" || app.Java != 17 || !strings.HasPrefix(app.Boot, "4.") {
		t.Errorf("got %+v", app)
	}
	knows(t, p, app)
	cancelReal(t, p)
	edit(t, dir, `World";`, `World"`)
	_, err := p.Compile(t.Context(), io.Discard)
	var failed *diagnostics.CompileError
	if !errors.As(err, &failed) || len(failed.Problems) != 1 || failed.Problems[0].Line != 11 {
		t.Errorf("got %v", err)
	}
}

// base skips t if the engine does not have an image that can't be pulled here.
func base(t *testing.T, docker *client.Client, ref string) {
	t.Helper()
	if _, err := docker.ImageInspect(t.Context(), ref); err != nil {
		t.Skipf("no image %s: %v", ref, err)
	}
}

// imageReal makes an image, which is removed when the test ends.
func imageReal(t *testing.T, m *image.Imager, docker *client.Client, app springboot.App, what string) image.Image {
	t.Helper()
	real.RemoveImages(t, docker)
	var img image.Image
	timed(t, what, func() {
		var out bytes.Buffer
		var err error
		if img, err = m.Image(t.Context(), app, &out); err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "layer") || strings.HasPrefix(line, "image") ||
				strings.HasPrefix(line, "earlier") {
				t.Log(strings.TrimSpace(line))
			}
		}
	})
	return img
}

// TestRealImages makes images of a jar in each way, of the same input again, and of an edited class.
func TestRealImages(t *testing.T) {
	docker := real.Docker(t)
	base(t, docker, "openjdk:17-jdk")
	base(t, docker, "eclipse-temurin:17-jre")
	cache := t.TempDir()
	const jar, class = "app.jar", "app/classes/com/example/Other.class"
	for _, way := range []struct{ name, buildKit, edited string }{{"classic", "0", jar}, {"buildkit", "1", jar},
		{"composed", "0", class}} {
		t.Run(way.name, func(t *testing.T) {
			t.Setenv("DOCKER_BUILDKIT", way.buildKit)
			dir, m := t.TempDir(), image.New(docker, image.Options{CacheDir: cache})
			build := func(text string) (image.Image, springboot.App) {
				app := packedApp(t, dir, "devloop-test-"+way.name, text)
				if way.edited == jar {
					app.Dockerfile = write(t, dir, "Dockerfile", "FROM openjdk:17-jdk\nCOPY build/libs/*SNAPSHOT.jar app.jar\nENTRYPOINT [\"java\", \"-jar\", \"/app.jar\"]\n")
				}
				return imageReal(t, m, docker, app, way.name+": "+text), app
			}
			first, _ := build("first")
			if again, _ := build("first"); first.ID != again.ID || first.Ref != again.Ref {
				t.Errorf("unchanged input: %s, then %s", first.Ref, again.Ref)
			}
			second, app := build("edited")
			contentReal(t, way.name, second)
			changed := newBytes(t, first.Content, second.Content)
			t.Logf("one class edited: %d bytes of new layers", changed)
			if way.edited == class && changed > 100_000 {
				t.Errorf("one edited class changed %d bytes", changed)
			}
			want := jartest.Class(17) + "edited"
			if way.edited == jar {
				want = jartest.Read(t, app.Jar)
			}
			if got := inLastLayer(t, second, way.edited); got != want {
				t.Errorf("%s has %d bytes, want %d", way.edited, len(got), len(want))
			}
			build("edited again")
			last, _ := build("edited at last")
			if _, err := docker.ImageInspect(t.Context(), first.Ref); err == nil {
				t.Errorf("%s is still there, the fourth image is %s", first.Ref, last.Ref)
			}
		})
	}
}

// packedApp writes a jar as a build leaves it, with a class that has a text.
func packedApp(t *testing.T, dir, name, text string) springboot.App {
	t.Helper()
	files := append(jartest.BootFiles(),
		jartest.File{"BOOT-INF/classes/com/example/Other.class", jartest.Class(17) + text})
	app := must.Get(springboot.Open(jartest.Write(t, filepath.Join(dir, "build/libs/app-SNAPSHOT.jar"), files)))(t)
	app.Dir, app.Name = dir, name
	return app
}

// inLastLayer returns a file of the last layer of an image, "" if that has none of the name.
func inLastLayer(t *testing.T, img image.Image, name string) string {
	t.Helper()
	layers := must.Get(img.Content.Layers())(t)
	content := must.Get(layers[len(layers)-1].Uncompressed())(t)
	defer func() { _ = content.Close() }()
	files := must.Get(enginetest.ReadArchive(content))(t)
	return string(files[name])
}

// contentReal checks the view of an image, and each layer's content against its name.
func contentReal(t *testing.T, what string, img image.Image) {
	t.Helper()
	timed(t, what+": layers from the engine", func() {
		must.Get(img.Content.Digest())(t)
	})
	enginetest.CheckImage(t, img.Content)
}

// newBytes sums the layers of b that are not in a.
func newBytes(t *testing.T, a, b v1.Image) int64 {
	t.Helper()
	layers := must.Get(b.Layers())(t)
	var sum int64
	for _, l := range layers {
		id, _ := l.DiffID()
		if _, err := a.LayerByDiffID(id); err == nil {
			continue
		}
		size := must.Get(l.Size())(t)
		sum += size
	}
	return sum
}

// serves runs an image, never pulling it, until it answers with text.
func serves(t *testing.T, docker *client.Client, ref, text string) {
	t.Helper()
	c := run(t, docker, ref)
	defer c.end()
	c.answers(t, "/", text)
}

// running is a container.
type running struct {
	docker           *client.Client
	ref, id, address string
}

// run starts a container of an image, with variables. It is removed when the test ends, or before.
func run(t *testing.T, docker *client.Client, ref string, env ...string) running {
	t.Helper()
	made, err := docker.ContainerCreate(t.Context(),
		&container.Config{Image: ref, Env: env, Labels: map[string]string{"devloop-test": "builder"}},
		&container.HostConfig{PortBindings: nat.PortMap{"8080/tcp": {{HostIP: "127.0.0.1"}}}, PublishAllPorts: true},
		nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	c := running{docker: docker, ref: ref, id: made.ID}
	t.Cleanup(c.end)
	must.Do(t, docker.ContainerStart(t.Context(), c.id, container.StartOptions{}))
	info := must.Get(docker.ContainerInspect(t.Context(), c.id))(t)
	c.address = net.JoinHostPort(info.NetworkSettings.Networks["bridge"].IPAddress, "8080")
	return c
}

// end removes the container, if it is there.
func (c running) end() {
	_ = c.docker.ContainerRemove(context.Background(), c.id, container.RemoveOptions{Force: true})
}

// answers waits until a path answers, which has to be with text.
func (c running) answers(t *testing.T, path, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for began := time.Now(); ; {
		if got, err := get(ctx, "http://"+c.address+path); err == nil {
			if got != text {
				t.Errorf("%s answers %q, want %q", c.ref, got, text)
			}
			t.Logf("TIME %s answers after %.1f s", c.ref, time.Since(began).Seconds())
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s does not answer", c.ref)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// logs returns what the container has said.
func (c running) logs(t *testing.T) string {
	t.Helper()
	logs := must.Get(c.docker.ContainerLogs(t.Context(), c.id,
		container.LogsOptions{ShowStdout: true, ShowStderr: true}))(t)
	defer func() { _ = logs.Close() }()
	var text bytes.Buffer
	must.Get(stdcopy.StdCopy(&text, &text, logs))(t)
	return text.String()
}

func get(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}
