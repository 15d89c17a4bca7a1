package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/optimization"
	"github.com/devloop-cli/devloop/builder/project"
)

// starter is an image whose start is measured.
type starter struct {
	name  string
	image image.Image
	took  []time.Duration
}

// starts measures the time from the start of a container to its first answer: for java -jar, for a
// composed image with all optimizations, and for one without each of them. The images take turns. It also
// prints how many bytes one edited class adds.
func starts(ctx context.Context, sample, base string, n int) error {
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "devloop-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.CopyFS(dir, os.DirFS(sample)); err != nil {
		return err
	}
	_ = os.Remove(filepath.Join(dir, "Dockerfile"))
	p, err := project.Open(ctx, dir, project.Options{CacheDir: filepath.Join(dir, ".cache")})
	if err != nil {
		return err
	}
	starters, err := makeStarters(ctx, docker, p, dir, base)
	if err != nil {
		return err
	}
	defer func() {
		for _, s := range starters {
			_, _ = output(context.WithoutCancel(ctx), "docker", "rmi", "--force", s.image.Ref, s.image.Name)
		}
	}()
	for range n {
		for i := range starters {
			took, err := firstAnswer(ctx, starters[i].image.Ref)
			if err != nil {
				return fmt.Errorf("%s: %w", starters[i].name, err)
			}
			starters[i].took = append(starters[i].took, took)
		}
	}
	reportStarts(starters)
	return changedBytes(ctx, docker, p, dir, starters[1].image)
}

// makeStarters makes the images on a base, "" for the one that devloop chooses, that of java -jar first.
func makeStarters(ctx context.Context, docker *client.Client, p *project.Project, dir, base string) ([]starter, error) {
	app, err := p.Compile(ctx, io.Discard)
	if err != nil {
		return nil, err
	}
	jar, err := filepath.Rel(dir, app.Jar)
	if err != nil {
		return nil, err
	}
	fat := app
	fat.Name = "devloop-bench-fat"
	fat.Dockerfile = filepath.Join(dir, "Dockerfile.fat")
	text := fmt.Sprintf("FROM %s\nCOPY %s /app.jar\nENTRYPOINT [\"java\", \"-jar\", \"/app.jar\"]\n",
		cmp.Or(base, image.DefaultBase(app.Java)), filepath.ToSlash(jar))
	if err := os.WriteFile(fat.Dockerfile, []byte(text), 0o644); err != nil {
		return nil, err
	}
	cache := filepath.Join(dir, ".cache")
	made, err := image.New(docker, image.Options{CacheDir: cache}).Image(ctx, fat, io.Discard)
	if err != nil {
		return nil, err
	}
	all := []starter{{name: "java -jar, one layer", image: made}}
	for i, without := range append([][]string{nil}, each(optimization.Names())...) {
		// a name for each, since only the last two images of a project are kept
		app.Name = fmt.Sprintf("devloop-bench-%d", i)
		m := image.New(docker, image.Options{CacheDir: cache, Base: base, Without: without})
		img, err := m.Image(ctx, app, io.Discard)
		if err == nil && img.Report.Archive.Wanted {
			first := img
			if _, err = m.Train(ctx, img, io.Discard); err == nil {
				img, err = m.Image(ctx, app, io.Discard)
			}
			_, _ = output(ctx, "docker", "rmi", "--force", first.Ref)
		}
		if err != nil {
			return nil, err
		}
		name := "composed, all optimizations"
		if len(without) > 0 {
			name = "composed, without " + strings.Join(without, ", ")
		}
		all = append(all, starter{name: name, image: img})
	}
	return all, nil
}

// each returns each optimization alone, and then all of them together.
func each(optimizations []string) [][]string {
	var sets [][]string
	for _, l := range optimizations {
		sets = append(sets, []string{l})
	}
	return append(sets, optimizations)
}

// firstAnswer runs an image until it answers, and returns how long that took.
func firstAnswer(ctx context.Context, ref string) (time.Duration, error) {
	began := time.Now()
	id, err := output(ctx, "docker", "run", "--detach", "--pull", "never", "--publish", "127.0.0.1::8080", ref)
	if err != nil {
		return 0, err
	}
	defer func() { _, _ = output(context.WithoutCancel(ctx), "docker", "rm", "--force", "--volumes", id) }()
	address, err := output(ctx, "docker", "port", id, "8080/tcp")
	if err != nil {
		return 0, err
	}
	for time.Since(began) < time.Minute {
		if answer, err := http.Get("http://" + address); err == nil {
			_ = answer.Body.Close()
			return time.Since(began), nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return 0, errors.New("no answer within a minute")
}

// output runs a command and returns the first line of its output.
func output(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, args[0], args[1:]...).Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(args, " "), err)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line, nil
}

func reportStarts(starters []starter) {
	fmt.Printf("start to first answer, minimum and median of %d\n", len(starters[0].took))
	for i := range starters {
		slices.Sort(starters[i].took)
		took := starters[i].took
		fmt.Printf("  %-44s %9s %9s   %.1f times as fast as java -jar\n", starters[i].name, seconds(took[0]),
			seconds(took[len(took)/2]),
			starters[0].took[len(took)/2].Seconds()/took[len(took)/2].Seconds())
	}
}

// changedBytes edits one class and prints the size of the layers that the previous image does not have.
func changedBytes(ctx context.Context, docker *client.Client, p *project.Project, dir string,
	before image.Image) error {
	if err := inHome[0].make(dir, 1); err != nil {
		return err
	}
	app, err := p.Compile(ctx, io.Discard)
	if err != nil {
		return err
	}
	app.Name = "devloop-bench-0"
	after, err := image.New(docker, image.Options{CacheDir: filepath.Join(dir, ".cache")}).Image(ctx, app, io.Discard)
	if err != nil {
		return err
	}
	_, _ = output(ctx, "docker", "rmi", "--force", after.Ref, after.Name)
	sum, err := newLayers(before.Content, after.Content)
	fmt.Printf("one edited class: %d bytes of new layers, composed\n", sum)
	return err
}

// newLayers returns the size of the layers that only b has.
func newLayers(a, b v1.Image) (sum int64, err error) {
	layers, err := b.Layers()
	if err != nil {
		return 0, err
	}
	for _, l := range layers {
		id, err := l.DiffID()
		if err != nil {
			return 0, err
		}
		if _, err := a.LayerByDiffID(id); err == nil {
			continue
		}
		size, err := l.Size()
		if err != nil {
			return 0, err
		}
		sum += size
	}
	return sum, nil
}
