package project

import (
	"cmp"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/target"
	"github.com/devloop-cli/devloop/internal/paths"
	"github.com/devloop-cli/devloop/watch"
)

// watchers watch a project, the directories that the user names beside it, and manifests and a Dockerfile elsewhere.
type watchers struct {
	wiring.Display
	project *watch.Watcher
	files   []*watch.Watcher // of single ones: in their directories, which may be anyone's, nothing else counts
	ready   chan struct{}
	began   time.Time
	running sync.WaitGroup
	options watch.Options // of a directory outside of the project's

	mu      sync.Mutex       // guards what follows, once it watches
	added   []*watch.Watcher // by extend
	watched map[string]bool  // the directories outside of the project's
}

// newWatchers watches the project's directory, and what the last builds reported outside of it.
func newWatchers(c *cli.Context, s wiring.Streams, d wiring.Display, t target.Target, g *group) (*watchers, error) {
	options := watch.Options{Base: t.Dir, Poll: c.Bool("poll"), Notice: d.Warn, Outputs: outputs(s.Out, s.Err)}
	w := &watchers{Display: d, ready: make(chan struct{}), began: time.Now(), options: options,
		watched: map[string]bool{}}
	manifests, err := wiring.Absolute(c.StringSlice("manifest"))
	if err != nil {
		return nil, err
	}
	dirs, files, err := watched(c, manifests)
	if err != nil {
		return nil, err
	}
	moreDirs, moreFiles := g.elsewhere()
	dirs, files = append(dirs, moreDirs...), append(files, moreFiles...)
	for _, dir := range dirs {
		w.watched[dir] = true
	}
	options.Root, options.Dirs, options.Ignore = t.Dir, dirs, c.StringSlice("ignore")
	options.Ready = func() { close(w.ready) }
	if w.project, err = watch.New(options); err != nil {
		return nil, err
	}
	for dir, names := range elsewhere(files, append(dirs, t.Dir)) {
		watcher, err := w.only(dir, names, nil)
		if err != nil {
			return nil, err
		}
		w.files = append(w.files, watcher)
	}
	return w, nil
}

// outputs returns the files that devloop prints to, as in devloop run >out.txt, also by way of the reader of a pipe.
func outputs(to ...io.Writer) (files []fs.FileInfo) {
	for _, w := range to {
		file, is := w.(*os.File)
		if !is {
			continue
		}
		switch info, err := file.Stat(); {
		case err != nil:
		case info.Mode().IsRegular():
			files = append(files, info)
		case info.Mode()&fs.ModeNamedPipe != 0:
			files = append(files, writtenByReaders(info)...)
		}
	}
	return files
}

// writtenByReaders returns the files that the readers of a pipe write to, such as tee in devloop run | tee out.txt, as
// far as /proc has it: on Linux. A link there may be written where the file is open for that.
func writtenByReaders(pipe fs.FileInfo) (files []fs.FileInfo) {
	inputs, _ := filepath.Glob("/proc/[0-9]*/fd/0")
	for _, input := range inputs {
		if read, err := os.Stat(input); err != nil || !os.SameFile(pipe, read) {
			continue
		}
		links, _ := filepath.Glob(filepath.Join(filepath.Dir(input), "*"))
		for _, link := range links {
			access, err := os.Lstat(link)
			if err != nil || access.Mode().Perm()&0o200 == 0 {
				continue
			}
			if info, err := os.Stat(link); err == nil && info.Mode().IsRegular() {
				files = append(files, info)
			}
		}
	}
	return files
}

// watched returns the absolute directories and files that the user names: by flags, and as manifests.
func watched(c *cli.Context, manifests []string) (dirs, files []string, err error) {
	if dirs, err = wiring.Absolute(c.StringSlice("watch")); err != nil {
		return nil, nil, err
	}
	if file := c.String("dockerfile"); file != "" && file != project.NoDockerfile {
		if files, err = wiring.Absolute([]string{file}); err != nil {
			return nil, nil, err
		}
	}
	for _, path := range manifests {
		if paths.IsDir(path) {
			dirs = append(dirs, path) // a manifest may come into it
		} else {
			files = append(files, path)
		}
	}
	return dirs, files, nil
}

// only returns a watcher of a directory's files with those names, of all without names. It calls ready when it watches.
func (w *watchers) only(dir string, names []string, ready func()) (*watch.Watcher, error) {
	w.watched[dir] = true
	options := w.options
	options.Root, options.Only, options.Ready = dir, names, ready
	return watch.New(options)
}

// extend watches the directories and files that a build reported outside of the project's directory, unless it
// watches them already. Files that were saved while the build ran are sent as changed.
func (w *watchers) extend(ctx context.Context, out chan<- watch.Batch, dirs, files []string) {
	more := map[string][]string{}
	for _, dir := range dirs {
		more[dir] = nil
	}
	for dir, names := range elsewhere(files, dirs) {
		more[dir] = names
	}
	for dir, names := range more {
		watcher, err := w.add(dir, names, func() { w.running.Go(func() { w.missed(ctx, out, dir, names) }) })
		if err != nil {
			w.Warn(err)
		}
		if watcher == nil {
			continue
		}
		w.running.Go(func() {
			if err := watcher.Run(ctx, out); ctx.Err() == nil {
				w.Warn(err)
			}
		})
	}
}

// add returns another watcher, nil if the directory is watched already. Several services may ask for one at a time.
func (w *watchers) add(dir string, names []string, ready func()) (*watch.Watcher, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watched[dir] {
		return nil, nil
	}
	watcher, err := w.only(dir, names, ready)
	if err != nil {
		return nil, err
	}
	w.added = append(w.added, watcher)
	return watcher, nil
}

// flush looks at all files now, and returns when the session has received what has changed.
func (w *watchers) flush(ctx context.Context) error {
	w.mu.Lock()
	all := slices.Concat([]*watch.Watcher{w.project}, w.files, w.added)
	w.mu.Unlock()
	for _, watcher := range all {
		if err := watcher.Flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// missed sends the sources below src in a directory, and the named files, that were saved before it was watched.
func (w *watchers) missed(ctx context.Context, out chan<- watch.Batch, dir string, names []string) {
	var batch watch.Batch
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		rel, outside := filepath.Rel(dir, path)
		if err != nil || outside != nil {
			return cmp.Or(err, outside)
		}
		source := rel == "src" || strings.HasPrefix(filepath.ToSlash(rel), "src/")
		if d.IsDir() {
			if rel != "." && !source {
				return fs.SkipDir // such as target, or node_modules
			}
			return nil
		}
		if !source && !slices.Contains(names, rel) {
			return nil
		}
		info, err := d.Info()
		if shown, no := filepath.Rel(w.options.Base, path); err == nil && no == nil && info.ModTime().After(w.began) {
			batch.Paths = append(batch.Paths, filepath.ToSlash(shown))
		}
		return nil
	})
	if len(batch.Paths) > 0 {
		select {
		case out <- batch:
		case <-ctx.Done():
		}
	}
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
func (w *watchers) start(ctx context.Context, out chan<- watch.Batch,
	stop context.CancelCauseFunc) (watched func() error) {
	for _, files := range w.files {
		w.running.Go(func() {
			if err := files.Run(ctx, out); ctx.Err() == nil {
				w.Warn(err) // its directory is gone
			}
		})
	}
	var failed error
	w.running.Go(func() {
		failed = w.project.Run(ctx, out)
		stop(failed)
	})
	return func() error {
		w.running.Wait()
		return failed
	}
}
