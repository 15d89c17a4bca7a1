package project

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/target"
	"github.com/devloop-cli/devloop/watch"
)

// watchers watch a project, the directories that the user names beside it, and manifests and a
// Dockerfile elsewhere.
type watchers struct {
	wiring.Display
	project *watch.Watcher
	files   []*watch.Watcher // of single ones: in their directories, which may be anyone's, nothing else counts
	ready   chan struct{}
}

func newWatchers(c *cli.Context, d wiring.Display, t target.Target) (*watchers, error) {
	w := &watchers{Display: d, ready: make(chan struct{})}
	options := watch.Options{Base: t.Dir, Poll: c.Bool("poll"), Notice: d.Warn}
	dirs, err := wiring.Absolute(c.StringSlice("watch"))
	if err != nil {
		return nil, err
	}
	files, err := wiring.Absolute(slices.DeleteFunc([]string{c.String("dockerfile")}, func(file string) bool { return file == "" || file == project.NoDockerfile }))
	if err != nil {
		return nil, err
	}
	for _, path := range t.Manifests {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			dirs = append(dirs, path) // a manifest may come into it
		} else {
			files = append(files, path)
		}
	}
	project := options
	project.Root, project.Dirs, project.Ignore = t.Dir, dirs, c.StringSlice("ignore")
	project.Ready = func() { close(w.ready) }
	if w.project, err = watch.New(project); err != nil {
		return nil, err
	}
	for dir, names := range elsewhere(files, append(dirs, t.Dir)) {
		own := options
		own.Root, own.Only = dir, names
		watcher, err := watch.New(own)
		if err != nil {
			return nil, err
		}
		w.files = append(w.files, watcher)
	}
	return w, nil
}

// elsewhere returns the names of those files that lie in none of the directories, by their own.
func elsewhere(files, dirs []string) map[string][]string {
	names := map[string][]string{}
file:
	for _, file := range files {
		for _, dir := range dirs {
			if rest, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rest) {
				continue file
			}
		}
		names[filepath.Dir(file)] = append(names[filepath.Dir(file)], filepath.Base(file))
	}
	return names
}

// start watches until ctx ends. From the close of ready on every save is seen; watched waits for
// the end and returns the project's. One that comes before ctx's is told to stop.
func (w *watchers) start(ctx context.Context, out chan<- watch.Batch, stop context.CancelCauseFunc) (watched func() error) {
	var running sync.WaitGroup
	for _, files := range w.files {
		running.Go(func() {
			if err := files.Run(ctx, out); ctx.Err() == nil {
				w.Warn(err) // its directory is gone
			}
		})
	}
	var failed error
	running.Go(func() {
		failed = w.project.Run(ctx, out)
		stop(failed)
	})
	return func() error {
		running.Wait()
		return failed
	}
}
