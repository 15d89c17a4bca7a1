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

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
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

// TestRealArchive takes a project through images without and with an archive, for each Java.
func TestRealArchive(t *testing.T) {
	docker := real.Docker(t)
	real.Maven(t)
	dir := sample(t, "spring-maven")
	write(t, dir, controller, whereController)
	write(t, dir, "src/main/resources/META-INF/license.txt", "our own")
	p := openReal(t, dir)
	app := compileReal(t, p, "maven")
	programsAreCompiled(t, app.Jar)
	var all []*archiving
	for _, java := range []string{"17", "25"} {
		t.Run("Java "+java+" trains", func(t *testing.T) {
			ref := "eclipse-temurin:" + java + "-jre"
			base(t, docker, ref)
			a := &archiving{docker: docker,
				imager: image.New(docker, image.Options{CacheDir: cacheOf(p), Base: ref}), java: java}
			a.trains(t, app)
			all = append(all, a)
		})
	}
	edit(t, dir, "Hello, World", "Hello, again")
	app = compileReal(t, p, "maven, one class edited")
	for _, a := range all {
		t.Run("Java "+a.java+" uses the archive", func(t *testing.T) { a.usesArchive(t, app) })
	}
}

// archiving makes images of one application for one Java.
type archiving struct {
	docker   *client.Client
	imager   *image.Imager
	java     string
	archived image.Image // the first with an archive
}

// image makes an image of an application under a name that belongs to this Java.
func (a *archiving) image(t *testing.T, app springboot.App, what string) image.Image {
	t.Helper()
	app.Name = "devloop-test-archive-" + a.java
	return imageReal(t, a.imager, a.docker, app, what)
}

// trains makes an archive, and an image that has it. The first training is cancelled.
func (a *archiving) trains(t *testing.T, app springboot.App) {
	first := a.image(t, app, "first image")
	if r := first.Report.Archive; r.Used || !r.Wanted {
		t.Fatalf("archive of the first image: %+v", r)
	}
	if a.java == "17" {
		a.cancelTraining(t, first)
	}
	timed(t, "training", func() {
		var out bytes.Buffer
		made, err := a.imager.Train(t.Context(), first, &out)
		if err != nil || !made.Used || made.Size < 10_000_000 || made.Why != "" ||
			!strings.HasPrefix(made.Java, a.java+".") {
			t.Fatalf("got %+v, %v\n%s", made, err, &out)
		}
	})
	a.noTraining(t)
	a.archived = a.image(t, app, "image with the archive")
	if r := a.archived.Report.Archive; !r.Used || r.Wanted {
		t.Fatalf("archive of the second image: %+v", r)
	}
}

// usesArchive makes an image of an edited class, whose JVM has to take from the archive what is not the application's
// own.
func (a *archiving) usesArchive(t *testing.T, app springboot.App) {
	edited := a.image(t, app, "edited image with the archive")
	enginetest.CheckImage(t, edited.Content)
	if changed := newBytes(t, a.archived.Content, edited.Content); changed > 100_000 {
		t.Errorf("one edited class changed %d bytes", changed)
	}
	c := run(t, a.docker, edited.Ref, "JDK_JAVA_OPTIONS=-Xlog:class+load")
	defer c.end()
	c.answers(t, "/", "Hello, again file:/app/classes/META-INF/license.txt")
	archived, own := loadedClasses(c.logs(t))
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
	archive := must.Get(zip.OpenReader(jar))(t)
	defer func() { _ = archive.Close() }()
	for _, f := range archive.File {
		if path.Dir(f.Name) != "BOOT-INF/lib" || path.Ext(f.Name) != ".jar" {
			continue
		}
		text := must.Get(fs.ReadFile(&archive.Reader, f.Name))(t)
		write(t, dir, path.Base(f.Name), string(text))
	}
	for _, program := range []string{"launcher", "cds", "spare"} {
		must.Do(t, os.CopyFS(filepath.Join(dir, program), os.DirFS(program)))
	}
	for _, needsJPA := range []string{"Database", "Item", "ItemRepository"} {
		// the class files beside them will do for the others
		must.Do(t, os.Remove(filepath.Join(dir, "spare/io/github/devloop_stub", needsJPA+".java")))
	}
	for _, program := range []string{"cds", "spare"} {
		if out, err := exec.Command("bash", filepath.Join(dir, program, "compile.sh"),
			filepath.Join(dir, "*")).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		classes, _ := filepath.Glob(filepath.Join(dir, program, "io/github/*/*.class"))
		for _, class := range classes {
			name, _ := filepath.Rel(dir, class)
			carried := testfile.Read(t, name)
			if got, err := os.ReadFile(class); err != nil || !bytes.Equal(got, carried) {
				t.Errorf("%s is not what its source says: run builder/%s/compile.sh (%v)",
					filepath.Base(class), program, err)
			}
		}
	}
}

// cancelTraining ends a training half-way and looks for its container.
func (a *archiving) cancelTraining(t *testing.T, img image.Image) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	done := make(chan error, 1)
	go func() {
		_, err := a.imager.Train(ctx, img, io.Discard)
		done <- err
	}()
	for deadline := time.Now().Add(time.Minute); len(a.trainings(t)) == 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	cancel(errStopped)
	if err := <-done; !errors.Is(err, errStopped) {
		t.Errorf("got %v", err)
	}
	a.noTraining(t)
}

func (a *archiving) noTraining(t *testing.T) {
	t.Helper()
	if left := a.trainings(t); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// trainings returns the containers of this test's trainings.
func (a *archiving) trainings(t *testing.T) []container.Summary {
	t.Helper()
	found, err := a.docker.ContainerList(t.Context(), container.ListOptions{All: true,
		Filters: filters.NewArgs(filters.Arg("label", cds.TrainingLabel+"=devloop-test-archive-"+a.java))})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// loadedClasses counts the classes that a JVM has taken from an archive, and those that it has read from the
// application's directory.
func loadedClasses(log string) (archived, own int) {
	for line := range strings.Lines(log) {
		switch {
		case strings.Contains(line, " org.springframework.") && strings.Contains(line, "source: shared objects file"):
			archived++
		case strings.Contains(line, "source: file:/app/classes/"):
			own++
		}
	}
	return archived, own
}
