package builder

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/hack/real"
)

// whereController answers with the place of a resource that libraries have too.
const whereController = `package com.example;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
public class AppController {

    @GetMapping("/")
    public String home() {
        return "Hello, World " + getClass().getClassLoader().getResource("META-INF/license.txt");
    }
}
`

func TestRealArchive(t *testing.T) {
	docker := real.Docker(t)
	real.Maven(t)
	for _, java := range []string{"17", "25"} {
		t.Run("Java "+java, func(t *testing.T) {
			ref := "eclipse-temurin:" + java + "-jre"
			base(t, docker, ref)
			archiveReal(t, docker, ref, java)
		})
	}
}

// archiveReal takes a project through images without and with an archive.
func archiveReal(t *testing.T, docker *client.Client, ref, java string) {
	dir := sample(t, "spring-maven")
	write(t, dir, controller, whereController)
	write(t, dir, "src/main/resources/META-INF/license.txt", "our own")
	pom, err := os.ReadFile("../samples/spring-maven/pom.xml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "pom.xml", strings.Replace(string(pom), "<artifactId>spring-maven<", "<artifactId>devloop-test-archive<", 1))
	p := openReal(t, dir)
	m := image.New(docker, image.Options{CacheDir: cacheOf(p), Base: ref})
	app := compileReal(t, p, "maven")
	programsAreCompiled(t, app.Jar)
	first := imageReal(t, m, docker, app, "first image")
	if a := first.Report.Archive; a.Used || !a.Wanted {
		t.Fatalf("archive of the first image: %+v", a)
	}
	want := "Hello, World file:/app/classes/META-INF/license.txt"
	serves(t, docker, first.Ref, want)

	cancelTraining(t, m, docker, first)
	timed(t, "training", func() {
		var out bytes.Buffer
		a, err := m.Train(t.Context(), first, &out)
		if err != nil || !a.Used || a.Size < 10_000_000 || a.Why != "" || !strings.HasPrefix(a.Java, java+".") {
			t.Fatalf("got %+v, %v\n%s", a, err, &out)
		}
	})
	noTraining(t, docker)

	second := imageReal(t, m, docker, compileReal(t, p, "maven, nothing changed"), "image with the archive")
	if a := second.Report.Archive; !a.Used || a.Wanted {
		t.Fatalf("archive of the second image: %+v", a)
	}
	enginetest.CheckImage(t, second.Content)
	serves(t, docker, second.Ref, want)
	edit(t, dir, "Hello, World", "Hello, again")
	third := imageReal(t, m, docker, compileReal(t, p, "maven, one class edited"), "edited image with the archive")
	if changed := newBytes(t, second.Content, third.Content); changed > 100_000 {
		t.Errorf("one edited class changed %d bytes", changed)
	}
	serves(t, docker, third.Ref, strings.Replace(want, "World", "again", 1))
	archived, own := loadedClasses(t, docker, third.Ref)
	t.Logf("%d classes of the dependencies' archive", archived)
	if archived < 1500 || own == 0 {
		t.Errorf("%d classes are from the archive, %d are the application's own", archived, own)
	}
}

// programsAreCompiled compiles the sources of the trainer with the libraries of a jar and
// compares the class files with those that the builder carries.
func programsAreCompiled(t *testing.T, jar string) {
	t.Helper()
	said, err := exec.Command("javac", "-version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(said), "javac 17.") {
		t.Logf("the class files are javac 17's, here is %s %v", said, err)
		return
	}
	dir := t.TempDir()
	archive, err := zip.OpenReader(jar)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	for _, f := range archive.File {
		if path.Dir(f.Name) != "BOOT-INF/lib" || path.Ext(f.Name) != ".jar" {
			continue
		}
		text, err := fs.ReadFile(&archive.Reader, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, path.Base(f.Name), string(text))
	}
	for _, program := range []string{"launcher", "cds", "spare"} {
		if err := os.CopyFS(filepath.Join(dir, program), os.DirFS(program)); err != nil {
			t.Fatal(err)
		}
	}
	for _, needsJPA := range []string{"Database", "Item", "ItemRepository"} { // the class files beside them will do for the others
		if err := os.Remove(filepath.Join(dir, "spare/io/github/devloop_stub", needsJPA+".java")); err != nil {
			t.Fatal(err)
		}
	}
	for _, program := range []string{"cds", "spare"} {
		if out, err := exec.Command("bash", filepath.Join(dir, program, "compile.sh"), filepath.Join(dir, "*")).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		classes, _ := filepath.Glob(filepath.Join(dir, program, "io/github/*/*.class"))
		for _, class := range classes {
			name, _ := filepath.Rel(dir, class)
			carried, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(class); err != nil || !bytes.Equal(got, carried) {
				t.Errorf("%s is not what its source says: run builder/%s/compile.sh (%v)", filepath.Base(class), program, err)
			}
		}
	}
}

// cancelTraining ends a training half-way and looks for its container.
func cancelTraining(t *testing.T, m *image.Imager, docker *client.Client, img image.Image) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	done := make(chan error, 1)
	go func() {
		_, err := m.Train(ctx, img, io.Discard)
		done <- err
	}()
	for deadline := time.Now().Add(time.Minute); len(trainings(t, docker)) == 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	cancel(errStopped)
	if err := <-done; !errors.Is(err, errStopped) {
		t.Errorf("got %v", err)
	}
	noTraining(t, docker)
}

func noTraining(t *testing.T, docker *client.Client) {
	t.Helper()
	if left := trainings(t, docker); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// trainings returns the containers of this test's trainings.
func trainings(t *testing.T, docker *client.Client) []container.Summary {
	t.Helper()
	found, err := docker.ContainerList(t.Context(), container.ListOptions{All: true,
		Filters: filters.NewArgs(filters.Arg("label", cds.TrainingLabel+"=devloop-test-archive"))})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// loadedClasses starts an image and counts the classes that its JVM takes from the
// archive, and those that it reads from the application's directory.
func loadedClasses(t *testing.T, docker *client.Client, ref string) (archived, own int) {
	t.Helper()
	made, err := docker.ContainerCreate(t.Context(), &container.Config{Image: ref, Labels: map[string]string{"devloop-test": "builder"},
		Env: []string{"JDK_JAVA_OPTIONS=-Xlog:class+load -Dspring.context.exit=onRefresh"}}, &container.HostConfig{NetworkMode: "none"}, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = docker.ContainerRemove(context.Background(), made.ID, container.RemoveOptions{Force: true})
	}()
	ended, failed := docker.ContainerWait(t.Context(), made.ID, container.WaitConditionNextExit)
	if err := docker.ContainerStart(t.Context(), made.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case err := <-failed:
		t.Fatal(err)
	}
	logs, err := docker.ContainerLogs(t.Context(), made.ID, container.LogsOptions{ShowStdout: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = logs.Close() }()
	var text bytes.Buffer
	if _, err := stdcopy.StdCopy(&text, &text, logs); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text.String()) {
		switch {
		case strings.Contains(line, " org.springframework.") && strings.Contains(line, "source: shared objects file"):
			archived++
		case strings.Contains(line, "source: file:/app/classes/"):
			own++
		}
	}
	return archived, own
}
