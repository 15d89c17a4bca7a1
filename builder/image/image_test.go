package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/must"
)

// appOf makes a jar and the value that Compile returns for it.
func appOf(t *testing.T, files []file) springboot.App {
	t.Helper()
	app := must.Get(springboot.Open(jarOf(t, filepath.Join(t.TempDir(), "app.jar"), files)))(t)
	app.Dir, app.Name = filepath.Dir(app.Jar), "shop"
	return app
}

// edited is the same project with other files.
func edited(t *testing.T, app springboot.App, files []file) springboot.App {
	t.Helper()
	next := appOf(t, files)
	next.Dir = app.Dir
	return next
}

// baseEngine is an engine that has the default base.
func baseEngine(t *testing.T) *enginetest.Engine {
	e := enginetest.New(t)
	e.AddRandom(t, "eclipse-temurin:17-jre", 2)
	return e
}

func makeImage(t *testing.T, e *enginetest.Engine, cache string, app springboot.App) Image {
	t.Helper()
	return must.Get(New(e, Options{CacheDir: cache}).Image(t.Context(), app, io.Discard))(t)
}

func TestComposedImage(t *testing.T) {
	e, cache := baseEngine(t), t.TempDir()
	img := makeImage(t, e, cache, appOf(t, bootFiles()))
	enginetest.CheckImage(t, img.Content)
	if img.Ref != "shop:devloop-"+img.ID.Hex[:12] || img.Name != "shop:latest" || img.Port != 9090 {
		t.Errorf("got %+v", img)
	}
	for _, name := range []string{img.Ref, img.Name} {
		if found, err := e.ImageInspect(t.Context(), name); err != nil || found.ID != img.ID.String() {
			t.Errorf("%s on the engine: %s, %v", name, found.ID, err)
		}
	}
	config, _ := img.Content.ConfigFile()
	want := "java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dspring.web.resources.cache.use-last-modified=false -Duser.home=/app -cp /app/classes:/app/lib/b-1.0.jar:/app/lib/a-1.0.jar:/app/lib/c-1.0-SNAPSHOT.jar com.example.App"
	if got := strings.Join(config.Config.Entrypoint, " "); got != want || config.Config.Cmd != nil {
		t.Errorf("runs %q %q", got, config.Config.Cmd)
	}
	if config.Config.User != "1000:1000" || config.Config.WorkingDir != "/app" ||
		!strings.HasPrefix(config.Config.Labels[dockerapi.ProjectLabel], "shop-") || !slices.Contains(config.Config.Env,
		"JAVA_HOME=/opt/java") || !slices.Contains(config.Config.Env, "LANG=C.UTF-8") {
		t.Errorf("configured as %+v", config.Config)
	}
	layers, _ := img.Content.Layers()
	var got []string
	for _, l := range layers[2:] {
		data := must.Get(l.Uncompressed())(t)
		got = append(got, listTar(t, data))
	}
	wantLayers := []string{
		"app/ 1777, app/lib/ 755, app/lib/a-1.0.jar 644, app/lib/b-1.0.jar 644",
		"app/ 1777, app/lib/ 755, app/lib/c-1.0-SNAPSHOT.jar 644",
		"app/ 1777, app/classes/ 755, app/classes/META-INF/ 755, app/classes/META-INF/MANIFEST.MF 644, app/classes/application.properties 644, app/classes/static/ 755, app/classes/static/index.html 644",
		"app/ 1777, app/classes/ 755, app/classes/com/ 755, app/classes/com/example/ 755, app/classes/com/example/App.class 644",
	}
	if !slices.Equal(got, wantLayers) {
		t.Errorf("layers\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(wantLayers, "\n"))
	}
}

// TestReadOnlyRoot: only a supervisor copies the application's files to where they can change.
func TestReadOnlyRoot(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{ReadOnlyRoot: true}, {ReadOnlyRoot: true, Develop: true}, {Develop: true}} {
		o.CacheDir = t.TempDir()
		img, err := New(baseEngine(t), o).Image(t.Context(), appOf(t, bootFiles()), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		layers, _ := img.Content.Layers()
		data, err := layers[len(layers)-1].Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		dir, volumes := "app/classes/ 755", "[]"
		switch {
		case o.ReadOnlyRoot && o.Develop:
			dir, volumes = "app/original/ 755", "[/app/changes /app/classes /app/added]"
		case o.Develop:
			dir, volumes = "app/classes/ 777", "[/app/changes]"
		}
		config, _ := img.Content.ConfigFile()
		runs := strings.Contains(strings.Join(config.Config.Entrypoint, " "), "-cp /app/classes:")
		files, got := listTar(t, data), fmt.Sprint(img.Report.Volumes())
		if !strings.Contains(files, dir) || got != volumes || !runs {
			t.Errorf("%+v: volumes %s, want %s, files %s, want %s, runs %q", o, got, volumes, files, dir,
				config.Config.Entrypoint)
		}
	}
}

// listTar lists an archive, in which everything is root's and of one time.
func listTar(t *testing.T, data io.ReadCloser) string {
	t.Helper()
	defer func() { _ = data.Close() }()
	var names []string
	for files := tar.NewReader(data); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return strings.Join(names, ", ")
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || !h.ModTime.Equal(layertar.Time) {
			t.Errorf("%s: %d:%d %s", h.Name, h.Uid, h.Gid, h.ModTime)
		}
		names = append(names, fmt.Sprintf("%s %o", h.Name, h.Mode))
	}
}

// Boot's plugins put these in the jar's root.
func TestComposedImageHasMetaInf(t *testing.T) {
	e := baseEngine(t)
	files := append(bootFiles(), file{"META-INF/persistence.xml", "units"}, file{"META-INF/resources/logo.svg", "logo"},
		file{"META-INF/APP.SF", "signature"},
		file{"META-INF/services/java.nio.file.spi.FileSystemProvider", "the launcher's"},
		file{"BOOT-INF/classes/META-INF/services/com.example.Plugin", "our own"})
	img := makeImage(t, e, t.TempDir(), appOf(t, files))
	layers, _ := img.Content.Layers()
	data := must.Get(layers[4].Uncompressed())(t)
	got := listTar(t, data)
	for name, want := range map[string]bool{"META-INF/persistence.xml": true, "META-INF/resources/logo.svg": true,
		"META-INF/APP.SF": false,
		"META-INF/services/java.nio.file.spi.FileSystemProvider": false, "META-INF/services/com.example.Plugin": true} {
		if strings.Contains(got, "app/classes/"+name+" ") != want {
			t.Errorf("%s: want %v in %s", name, want, got)
		}
	}
}

func TestComposedImageIsReproducible(t *testing.T) {
	e := baseEngine(t)
	app := appOf(t, bootFiles())
	first := makeImage(t, e, t.TempDir(), app)
	shuffled := bootFiles()
	slices.Reverse(shuffled)
	loads := len(e.Loaded)
	second := makeImage(t, e, t.TempDir(), edited(t, app, shuffled)) // another cache, another order in the jar
	one, _ := first.Content.Digest()
	two, err := second.Content.Digest()
	if err != nil || one != two || first.ID != second.ID {
		t.Errorf("digests %s and %s, IDs %s and %s, %v", one, two, first.ID, second.ID, err)
	}
	if len(e.Loaded) != loads {
		t.Error("an image that the engine has was sent again")
	}
}

func TestComposedImageSendsWhatChanged(t *testing.T) {
	e, cache := baseEngine(t), t.TempDir()
	files := append(bootFiles(), file{"BOOT-INF/lib/big-1.0.jar", strings.Repeat("big", 100_000)})
	files = without(files, "layers.idx", "classpath.idx")
	first := makeImage(t, e, cache, appOf(t, files))
	for i := range files {
		if strings.HasSuffix(files[i][0], "App.class") {
			files[i][1] = class(17) + "edited"
		}
	}
	second := makeImage(t, e, cache, appOf(t, files))
	if e.Saves != 0 || len(e.Loaded) != 2 || e.Loaded[0] < 300_000 || e.Loaded[1] > 20_000 {
		t.Errorf("%d exports, archives of %d bytes", e.Saves, e.Loaded)
	}
	if first.ID == second.ID {
		t.Error("the edit is not in the image")
	}

	layers, _ := second.Content.Layers()
	id, _ := layers[0].DiffID()
	e.Forgot = id.String() // the engine says that it has a layer, and does not
	files[2][1] = class(17) + "edited again"
	third := makeImage(t, e, cache, appOf(t, files))
	if len(e.Loaded) != 4 || e.Loaded[3] < 300_000 {
		t.Errorf("archives of %d bytes", e.Loaded)
	}
	if _, err := e.ImageInspect(t.Context(), third.Ref); err != nil {
		t.Error(err)
	}
}

func TestComposedImageOfAnOldJar(t *testing.T) {
	e := enginetest.New(t)
	e.AddRandom(t, "eclipse-temurin:8-jre", 1)
	files := without(bootFiles(), "layers.idx", "classpath.idx", ".class", "application.properties")
	files = append(files, file{"BOOT-INF/classes/com/example/App.class", class(7)},
		file{"BOOT-INF/classes/application.yml", "server:\n  port: 7070\n"})
	img := makeImage(t, e, t.TempDir(), appOf(t, files))
	config, _ := img.Content.ConfigFile()
	if got := config.Config.Entrypoint[6]; got != "/app/classes:/app/lib/b-1.0.jar:/app/lib/a-1.0.jar:/app/lib/c-1.0-SNAPSHOT.jar" || img.Port != 7070 {
		t.Errorf("class path %s, port %d", got, img.Port)
	}
}

func TestEarlierImagesAreRemoved(t *testing.T) {
	e, cache := baseEngine(t), t.TempDir()
	namesake := makeImage(t, e, cache, appOf(t, bootFiles()))
	files, project := bootFiles(), appOf(t, bootFiles())
	var images []Image
	for i := range 5 {
		files[2][1] = class(17) + fmt.Sprint(i)
		img := makeImage(t, e, cache, edited(t, project, files))
		if i == 0 {
			e.Mu.Lock()
			found := e.Images[img.ID.String()]
			found.Author = "in use"
			e.Images[img.ID.String()] = found
			e.Mu.Unlock()
		}
		images = append(images, img)
	}
	for i, want := range []bool{true, false, false, true, true} {
		if _, err := e.ImageInspect(t.Context(), images[i].ID.String()); (err == nil) != want {
			t.Errorf("image %d: there is %v", i, err == nil)
		}
	}
	if _, err := e.ImageInspect(t.Context(), namesake.ID.String()); err != nil {
		t.Errorf("the image of a project of that name in another directory went: %v", err)
	}
}

// dockerApp has a Dockerfile.
func dockerApp(t *testing.T, dockerfile string) springboot.App {
	t.Helper()
	app := appOf(t, bootFiles())
	app.Dockerfile = write(t, app.Dir, "Dockerfile", dockerfile)
	return app
}

func TestClassicBuild(t *testing.T) {
	e := enginetest.New(t)
	e.AddRandom(t, "built", 3)
	id := e.Images["built"].ID
	e.Build = `{"stream":"Step 1/1 : FROM built"}{"stream":"\n"}{"aux":{"ID":"` + id +
		`"}}{"stream":"Successfully built"}`
	t.Setenv("DOCKER_BUILDKIT", "")
	var out bytes.Buffer
	img, err := New(e, Options{CacheDir: t.TempDir()}).Image(t.Context(), dockerApp(t, "FROM built\n"), &out)
	if err != nil || img.ID.String() != id || img.Ref != "shop:devloop-333333333333" || e.Saves != 0 {
		t.Errorf("got %+v, %v, %d exports", img, err, e.Saves)
	}
	if !strings.Contains(e.Query[0], "devloop-cli.github.io%2Fproject") || !strings.Contains(e.Query[0], "version=1") ||
		!strings.Contains(out.String(), "Step 1/1") {
		t.Errorf("asked %s, printed %s", e.Query, &out)
	}
	if found, err := e.ImageInspect(t.Context(), "shop:latest"); err != nil || found.ID != id {
		t.Errorf("latest is %s, %v", found.ID, err)
	}
}

func TestClassicBuildFails(t *testing.T) {
	for answer, want := range map[string]string{
		`{"stream":"Step 2/3 : COPY *.war app.war"}{"errorDetail":{"message":"COPY failed: no source files were specified"},"error":"x"}`: `build image "shop": Dockerfile:2: COPY *.war app.war: COPY failed: no source files were specified`,
		`{"stream":"Step 3/3 : RUN false"}{"stream":"\nlast words\n"}{"errorDetail":{"message":"returned a non-zero code: 1"}}`:           `build image "shop": Dockerfile:3: RUN false: returned a non-zero code: 1`,
		`{"stream":"Step 3/3 : RUN false"}{"stre`: `build image "shop": Dockerfile:3: RUN false: the engine's answer was cut: unexpected EOF`,
	} {
		e := enginetest.New(t)
		e.Build = answer
		t.Setenv("DOCKER_BUILDKIT", "0")
		_, err := New(e, Options{CacheDir: t.TempDir()}).Image(t.Context(),
			dockerApp(t, "FROM built\nCOPY *.war app.war\nRUN false\n"), io.Discard)
		if codeOf(err) != "image.failed" || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		var e2 *Error
		if errors.As(err, &e2); strings.Contains(answer, "last words") && !slices.Equal(e2.Evidence(),
			[]string{"last words"}) {
			t.Errorf("evidence %q", e2.Evidence())
		}
	}
}

func TestNoEngine(t *testing.T) {
	docker, err := client.NewClientWithOpts(client.WithHost("unix://"+filepath.Join(t.TempDir(), "none.sock")),
		client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	for name, app := range map[string]springboot.App{"composed": appOf(t, bootFiles()),
		"classic": dockerApp(t, "FROM a\n")} {
		_, err := New(docker, Options{CacheDir: t.TempDir()}).Image(t.Context(), app, io.Discard)
		if codeOf(err) != "docker.unreachable" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestNoBaseImage(t *testing.T) {
	e := enginetest.New(t)
	_, err := New(e, Options{CacheDir: t.TempDir(), Base: "127.0.0.1:1/jre:17"}).Image(t.Context(),
		appOf(t, bootFiles()), io.Discard)
	var failed *Error
	if !errors.As(err, &failed) || !strings.Contains(err.Error(),
		`base image "127.0.0.1:1/jre:17" is not on the engine and can't be pulled`) || len(failed.Hints()) != 2 {
		t.Errorf("got %v", err)
	}
}

func TestCancelledImage(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	_, err := New(baseEngine(t), Options{CacheDir: t.TempDir()}).Image(ctx, appOf(t, bootFiles()), io.Discard)
	if !errors.Is(err, errTest) || codeOf(err) != "" {
		t.Errorf("got %v", err)
	}
}

func TestDefaultBase(t *testing.T) {
	for java, want := range map[int]string{0: "8", 8: "8", 12: "17", 17: "17", 18: "21", 25: "25", 26: "26"} {
		if got := DefaultBase(java); got != "eclipse-temurin:"+want+"-jre" {
			t.Errorf("Java %d: %s", java, got)
		}
	}
}

// A layer that was cut on the disk is made again, and a damaged jar says so.
func TestComposedImageOfDamage(t *testing.T) {
	e, cache := baseEngine(t), t.TempDir()
	app := appOf(t, bootFiles())
	img := makeImage(t, e, cache, app)
	layers, _ := img.Content.Layers()
	id, _ := layers[len(layers)-1].DiffID()
	must.Do(t, os.Truncate(layercache.Open(cache).Path(id), 10))
	enginetest.CheckImage(t, makeImage(t, e, cache, app).Content)

	text, err := os.ReadFile(app.Jar)
	if err != nil {
		t.Fatal(err)
	}
	text[bytes.Index(text, []byte("index.html"))+len("index.html")+3]++ // in the middle of its content
	write(t, filepath.Dir(app.Jar), filepath.Base(app.Jar), string(text))
	_, err = New(e, Options{CacheDir: t.TempDir()}).Image(t.Context(), app, io.Discard)
	var damaged *Error
	if !errors.As(err, &damaged) || len(damaged.Hints()) != 1 ||
		damaged.Hints()[0] != "a jar is damaged: delete it, and build again" {
		t.Errorf("got %v", err)
	}
	full := imageError(t.Context(), "shop", "", fmt.Errorf("load: %w", syscall.ENOSPC))
	if !errors.As(full, &damaged) || damaged.Hints()[0] != "make room on the disk: df -h" {
		t.Errorf("got %v", full)
	}
}

func TestAmbiguousCopyIsRefused(t *testing.T) {
	e := enginetest.New(t)
	app := dockerApp(t, "FROM jre\nCOPY *.jar app.jar\n")
	write(t, app.Dir, "app-plain.jar", "")
	_, err := New(e, Options{CacheDir: t.TempDir()}).Image(t.Context(), app, io.Discard)
	if codeOf(err) != "image.failed" || !strings.Contains(err.Error(), "Dockerfile:2") || len(e.Query) > 0 {
		t.Errorf("got %v", err)
	}
}
