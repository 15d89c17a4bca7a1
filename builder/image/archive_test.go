package image

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/optimization"
	"github.com/devloop-cli/devloop/internal/must"
)

// fakeJVM plays the containers of an engine: each is one run of java.
type fakeJVM struct {
	version string // as java -version tells it
	said    string // by the training
	code    int    // with which it ends
	archive string // what it leaves, "" for nothing
	starts  chan struct{}
	hanging func() // called when a training hangs

	commands   [][]string
	programs   []string
	copied     []string // names of the files that were put into containers
	containers map[string]container.Summary
}

// play adds the container endpoints to e.
func (v *fakeJVM) play(e *enginetest.Engine) *enginetest.Engine {
	v.containers = map[string]container.Summary{}
	e.Mux.HandleFunc("GET /{version}/containers/json", func(w http.ResponseWriter, r *http.Request) {
		list := []container.Summary{}
		for _, c := range v.containers {
			list = append(list, c)
		}
		_ = json.NewEncoder(w).Encode(list)
	})
	e.Mux.HandleFunc("POST /{version}/containers/create", v.create)
	e.Mux.HandleFunc("PUT /{version}/containers/{id}/archive", func(w http.ResponseWriter, r *http.Request) {
		files, _ := enginetest.ReadArchive(r.Body)
		for name := range files {
			v.copied = append(v.copied, name)
		}
	})
	e.Mux.HandleFunc("POST /{version}/containers/{id}/wait", v.wait)
	e.Mux.HandleFunc("POST /{version}/containers/{id}/start", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		v.starts <- struct{}{}
	})
	e.Mux.HandleFunc("GET /{version}/containers/{id}/logs", func(w http.ResponseWriter, r *http.Request) {
		_, _ = stdcopy.NewStdWriter(w, stdcopy.Stdout).Write([]byte(v.output()))
	})
	e.Mux.HandleFunc("GET /{version}/containers/{id}/archive", v.take)
	e.Mux.HandleFunc("DELETE /{version}/containers/{id}", func(w http.ResponseWriter, r *http.Request) {
		delete(v.containers, r.PathValue("id"))
		w.WriteHeader(http.StatusNoContent)
	})
	return e
}

func (v *fakeJVM) create(w http.ResponseWriter, r *http.Request) {
	var c struct{ container.Config }
	_ = json.NewDecoder(r.Body).Decode(&c)
	v.commands, v.programs = append(v.commands, c.Cmd), append(v.programs, c.Entrypoint...)
	v.starts = make(chan struct{}, 1)
	id := fmt.Sprintf("c%d", len(v.commands))
	v.containers[id] = container.Summary{ID: id, Created: time.Now().Unix(), Labels: c.Labels}
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"Id":%q}`, id)
}

// asked says whether the last container only asks for the version.
func (v *fakeJVM) asked() bool {
	return slices.Equal(v.commands[len(v.commands)-1], []string{"-version"})
}

func (v *fakeJVM) output() string {
	if v.asked() {
		return v.version
	}
	return v.said
}

func (v *fakeJVM) wait(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush() // so that the client starts the container
	<-v.starts
	if v.hanging != nil && !v.asked() {
		v.hanging()
		<-r.Context().Done()
		return
	}
	code := v.code
	if v.asked() {
		code = 0
	}
	_, _ = fmt.Fprintf(w, `{"StatusCode":%d}`, code)
}

// take hands out the archive.
func (v *fakeJVM) take(w http.ResponseWriter, r *http.Request) {
	if v.archive == "" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"message":"Could not find the file"}`)
		return
	}
	w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString([]byte(`{}`)))
	files := tar.NewWriter(w)
	_ = enginetest.WriteFile(files, filepath.Base(r.URL.Query().Get("path")), int64(len(v.archive)),
		strings.NewReader(v.archive))
	_ = files.Close()
}

const java17 = `openjdk version "17.0.12" 2024-07-16` + "\n"

// nested is a jar within a jar: stored, as Boot does it.
func nested(t *testing.T, names ...string) string {
	t.Helper()
	var data bytes.Buffer
	jar := zip.NewWriter(&data)
	for _, name := range names {
		must.Get(jar.Create(name))(t)
	}
	must.Do(t, jar.Close())
	return data.String()
}

// trainableFiles are those of an application with Spring Boot among its libraries.
func trainableFiles(t *testing.T, more ...string) []file {
	lib := nested(t, append([]string{"META-INF/MANIFEST.MF", "org/Lib.class"}, more...)...)
	return append(without(bootFiles(), ".idx", ".jar"), file{"BOOT-INF/lib/spring-boot-autoconfigure-4.1.2.jar", lib})
}

func TestTrainedImage(t *testing.T) {
	v := &fakeJVM{version: java17, said: "Started Train\n" +
		"devloop: trained" + " without org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration\n",
		archive: strings.Repeat("jsa", 1000)}
	e := v.play(baseEngine(t))
	m, app := New(e, Options{CacheDir: t.TempDir()}), appOf(t, trainableFiles(t))
	image := func() Image {
		return must.Get(m.Image(t.Context(), app, io.Discard))(t)
	}
	first := image()
	if a := first.Report.Archive; a.Used || !a.Wanted {
		t.Fatalf("got %+v", a)
	}
	a, err := m.Train(t.Context(), first, io.Discard)
	if err != nil || !a.Used || a.Size != 3000 || a.Java != "17.0.12" ||
		a.Why != "made without DataSource, which did not start by themselves" {
		t.Fatalf("got %+v, %v", a, err)
	}
	want := "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dspring.web.resources.cache.use-last-modified=false -Duser.home=/app -XX:ArchiveClassesAtExit=/app/dependencies.jsa -Dspring.devtools.restart.enabled=false " +
		"-Dspring.docker.compose.enabled=false -cp /app/classpath.jar:/app/lib/spring-boot-autoconfigure-4.1.2.jar io.github.devloop_cli.Launch /app/train io.github.devloop_cli.Train"
	if got := strings.Join(v.commands[1], " "); got != want || len(v.containers) > 0 {
		t.Errorf("ran %s\n, left %v", got, v.containers)
	}
	if !slices.Contains(v.copied, "app/train/io/github/devloop_cli/Train.class") ||
		!slices.Contains(v.copied, "app/classpath.jar") {
		t.Errorf("copied %v", v.copied)
	}

	second := image()
	enginetest.CheckImage(t, second.Content)
	config, _ := second.Content.ConfigFile()
	want = "java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dspring.web.resources.cache.use-last-modified=false -Duser.home=/app -XX:SharedArchiveFile=/app/dependencies.jsa -cp /app/classpath.jar:/app/lib/spring-boot-autoconfigure-4.1.2.jar com.example.App"
	if got := strings.Join(config.Config.Entrypoint, " "); got != want {
		t.Errorf("runs %s", got)
	}
	if again := image(); again.ID != second.ID || again.training != nil || !again.Report.Archive.Used {
		t.Errorf("unchanged input: %s, then %s, %+v", second.ID, again.ID, again.Report.Archive)
	}
	layers, _ := second.Content.Layers()
	data := must.Get(layers[3].Uncompressed())(t)
	if got := listTar(t, data); got != "app/ 1777, app/classpath.jar 644, app/dependencies.jsa 644" {
		t.Errorf("the archive's layer has %s", got)
	}
}

// TestTrainingRunsTheJVMOfTheCommand: the image may have another one on its PATH.
func TestTrainingRunsTheJVMOfTheCommand(t *testing.T) {
	t.Parallel()
	v, dir := &fakeJVM{version: java17, archive: "jsa"}, t.TempDir()
	training := cds.Open(dir, layercache.Open(dir)).Training("shop", nil, "/opt/java/bin/java",
		[]string{"/app/lib/a.jar"}, nil)
	if _, err := training.Run(t.Context(), v.play(baseEngine(t)), "shop", io.Discard); err != nil ||
		strings.Join(v.programs, " ") != "/opt/java/bin/java /opt/java/bin/java" {
		t.Errorf("ran %q, %v", v.programs, err)
	}
}

func TestNoArchive(t *testing.T) {
	shadowed := append(trainableFiles(t, "com/example/App.class"),
		file{"BOOT-INF/lib/z-1.jar", nested(t, "org/Z.class")})
	versioned := trainableFiles(t, "META-INF/versions/11/com/example/App.class")
	for name, test := range map[string]struct {
		files   []file
		without []string
		want    string
	}{
		"shadowed class":   {shadowed, nil, "the application and spring-boot-autoconfigure-4.1.2.jar both have com/example/App.class"},
		"shadowed version": {versioned, nil, "the application and spring-boot-autoconfigure-4.1.2.jar both have com/example/App.class"},
		"no Spring Boot":   {bootFiles(), nil, "the dependencies hold no spring-boot-autoconfigure, which is what is trained with"},
		"turned off":       {trainableFiles(t), []string{optimization.Archive}, "turned off"},
		"broken library":   {append(trainableFiles(t), file{"BOOT-INF/lib/z.jar", "no zip"}), nil, `the libraries can't be looked into: read "BOOT-INF/lib/z.jar": zip: not a valid zip file`},
	} {
		t.Run(name, func(t *testing.T) {
			e := baseEngine(t)
			img := must.Get(New(e, Options{CacheDir: t.TempDir(), Without: test.without}).Image(t.Context(),
				appOf(t, test.files), io.Discard))(t)
			if a := img.Report.Archive; a.Used || a.Wanted || a.Why != test.want || img.training != nil {
				t.Errorf("got %+v, want %s", a, test.want)
			}
			if got := img.Report.ClassPath[0]; got != "/app/classes" {
				t.Errorf("the class path begins with %s", got)
			}
		})
	}
}

func TestFailedTrainingIsNoErrorAndNotRepeated(t *testing.T) {
	for want, v := range map[string]*fakeJVM{
		"java exited with status 1: UnsupportedOperationException: no":          {version: java17, code: 1, said: "x\njava.lang.UnsupportedOperationException: no\n\tat a.B\n"},
		"take the archive: Error response from daemon: Could not find the file": {version: java17},
		"the base image's JVM is Java 11, and archives need Java 13":            {version: `openjdk version "11.0.22"`},
		"the base image's JVM does not tell its version":                        {version: "BusyBox"},
	} {
		e, cache := v.play(baseEngine(t)), t.TempDir()
		m, app := New(e, Options{CacheDir: cache}), appOf(t, trainableFiles(t))
		img := must.Get(m.Image(t.Context(), app, io.Discard))(t)
		a, err := m.Train(t.Context(), img, io.Discard)
		if err != nil || a.Used || a.Wanted || a.Why != want || len(v.containers) > 0 {
			t.Errorf("got %+v, %v, want %s; left %v", a, err, want, v.containers)
		}
		again, err := m.Image(t.Context(), app, io.Discard)
		if err != nil || again.Report.Archive.Wanted || again.Report.Archive.Why != want || again.ID != img.ID {
			t.Errorf("then %+v, %v", again.Report.Archive, err)
		}
		old := time.Now().Add(-2 * time.Hour)
		must.Do(t, os.Chtimes(filepath.Join(cache, "archives", img.training.Key+".json"), old, old))
		if later, err := m.Image(t.Context(), appOf(t, trainableFiles(t)), io.Discard); err != nil ||
			!later.Report.Archive.Wanted {
			t.Errorf("an hour later %+v, %v", later.Report.Archive, err)
		}
	}
}

func TestInterruptedTrainingLeavesNothing(t *testing.T) {
	v := &fakeJVM{version: java17}
	e := v.play(baseEngine(t))
	cache := t.TempDir()
	m := New(e, Options{CacheDir: cache})
	img := must.Get(m.Image(t.Context(), appOf(t, trainableFiles(t)), io.Discard))(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	v.hanging = func() { cancel(errTest) }
	if _, err := m.Train(ctx, img, io.Discard); !errors.Is(err, errTest) {
		t.Errorf("got %v", err)
	}
	if len(v.containers) > 0 {
		t.Errorf("left %v", v.containers)
	}
	if _, err := os.Stat(filepath.Join(cache, "archives", img.training.Key+".json")); err == nil {
		t.Error("an interrupt is remembered as a failure")
	}
}

func TestAbandonedTrainingsAreRemoved(t *testing.T) {
	v := &fakeJVM{version: java17, archive: "jsa"}
	e := v.play(baseEngine(t))
	v.containers["killed"] = container.Summary{ID: "killed", Created: time.Now().Add(-time.Hour).Unix()}
	v.containers["other"] = container.Summary{ID: "other", Created: time.Now().Unix()}
	m := New(e, Options{CacheDir: t.TempDir()})
	img, err := m.Image(t.Context(), appOf(t, trainableFiles(t)), io.Discard)
	if err == nil {
		_, err = m.Train(t.Context(), img, io.Discard)
	}
	if _, there := v.containers["other"]; err != nil || !there || len(v.containers) != 1 {
		t.Errorf("%v, left %v", err, v.containers)
	}
}

// TestRefusedArchive: a JVM that refuses an archive gets another one, once.
func TestRefusedArchive(t *testing.T) {
	v := &fakeJVM{version: java17, said: "Started Train\n" + "devloop: trained" + "\n", archive: "jsa"}
	e, cache := v.play(baseEngine(t)), t.TempDir()
	m := New(e, Options{CacheDir: cache})
	train := func() Image {
		img := makeImage(t, e, cache, appOf(t, trainableFiles(t)))
		if a, err := m.Train(t.Context(), img, io.Discard); err != nil || !a.Used {
			t.Fatalf("got %+v, %v", a, err)
		}
		return makeImage(t, e, cache, appOf(t, trainableFiles(t)))
	}
	for _, again := range []bool{true, false} {
		img := train()
		got, err := m.RejectArchive(img, "timestamp has changed")
		if err != nil || got != again || !img.Report.Archive.Used {
			t.Errorf("wanted again: %v, %v", got, err)
		}
		next := makeImage(t, e, cache, appOf(t, trainableFiles(t))).Report.Archive
		if next.Used || next.Wanted != again {
			t.Errorf("then %+v", next)
		}
		if !again && next.Why != "the JVM refused it twice: timestamp has changed" {
			t.Errorf("at last %+v", next)
		}
		if !again {
			break
		}
	}
}
