package watch

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/devloop-cli/devloop/internal/paths"
)

// Options say what to watch and how.
type Options struct {
	// Root is the project's directory.
	Root string
	// Dirs are more directories to watch, absolute or relative to Root: modules outside of it. A missing one may come.
	Dirs []string
	// Only limits the watcher to these names in Root, if it is not empty. It cannot be combined with Dirs.
	Only []string
	// Base is the directory that the paths of a [Batch] are relative to; empty means Root.
	Base string
	// Ignore are patterns of files to ignore, in the syntax of .dockerignore and relative to Root:
	// "docs", "**/*.md", "!docs/api.md". What a build writes need not be listed: build, target, out and
	// bin next to a build file, node_modules next to a package.json.
	Ignore []string
	// Outputs are files that are left out wherever they are: those that the caller itself writes to. Else each line
	// that it prints about a change would be a change.
	Outputs []fs.FileInfo

	// Poll makes the watcher scan the files regularly, for mounts without events: network shares, shared folders.
	Poll bool

	// Ready is called once, after the first scan: later changes lead to a batch. It may be nil, and must not block.
	Ready func()
	// Notice gets problems that the watcher works around, such as a [*LimitError]. It may be nil, and must not block.
	Notice func(error)

	// Only tests set these times; 0 means the default.
	quiet, quietIfComplete, maxWait, pollEvery time.Duration
}

const (
	// defaultQuiet is how long no event may arrive before files count as settled; after more than 50 changes, as in a
	// checkout, it is four times as long. It is longer than the pauses between the events of one save, and too short to
	// notice. On two overloaded cores those were 1 to 10 ms, once 56 ms, for vim and sed -i; 10 to 200 ms while git
	// checks out 5,000 files.
	defaultQuiet = 60 * time.Millisecond
	// defaultQuietIfComplete is the same for a few files that all look complete: they are not new, have content, and
	// are small enough that an editor writes them at once. It is longer than the usual pauses. If a program pauses for
	// longer with a file that looks complete, there are two batches instead of one, and the second one has all of it:
	// its cycle replaces the first, which has seldom done more than begin to compile.
	defaultQuietIfComplete = 10 * time.Millisecond
	// defaultMaxWait limits how long a program that never stops writing can delay a save.
	defaultMaxWait = time.Second
	// defaultPollEvery is the time between two scans in a project of up to about 3,000 files, longer in larger ones.
	defaultPollEvery = 500 * time.Millisecond
)

// Watcher watches one project.
type Watcher struct {
	options Options // with absolute paths and defaults filled in
	rules   *rules
	roots   []string // none contains another

	running atomic.Pointer[session] // nil while Run does not run

	open func() (*source, error) // tests replace it
	racy time.Duration           // see [fingerprint.fresh]
}

// New checks the options. [Watcher.Run] starts the watcher. The error has the code "watch.root" or "watch.pattern".
func New(options Options) (*Watcher, error) {
	root, err := resolve(options.Root)
	if err != nil {
		return nil, rootError(options.Root, err)
	}
	options.Root = root
	if base := options.Base; base != "" {
		if options.Base, err = resolve(base); err != nil {
			return nil, rootError(base, err)
		}
	}
	rules, err := newRules(root, options)
	if err != nil {
		return nil, err
	}
	fillDefaults(&options)
	return &Watcher{
		options: options,
		rules:   rules,
		roots:   outermost(root, options.Dirs),
		open:    openEvents,
		racy:    2 * time.Second, // FAT has the coarsest timestamps of the file systems in use
	}, nil
}

// resolve returns the real path of a directory.
func resolve(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = syscall.ENOTDIR
	}
	return dir, err
}

// reason strips operation and path from err, for messages that have their own.
func reason(err error) error {
	if wrapped, is := errors.AsType[*fs.PathError](err); is {
		return wrapped.Err
	}
	return err
}

// outermost returns root and dirs as real paths, without those that are inside others.
func outermost(root string, dirs []string) []string {
	all := []string{root}
	for _, dir := range dirs {
		all = append(all, paths.Real(absolute(root, dir)))
	}
	slices.Sort(all)
	var kept []string
	for _, dir := range slices.Compact(all) {
		if !slices.ContainsFunc(kept, func(outer string) bool { return within(dir, outer) }) {
			kept = append(kept, dir)
		}
	}
	return kept
}

// absolute returns name as an absolute path; a relative one starts at root.
func absolute(root, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(root, filepath.FromSlash(name))
}

// within reports whether path is dir or below it.
func within(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator)))
	return ok && (rest == "" || os.IsPathSeparator(rest[0]))
}

// rootOf returns the root that path is in, or path itself.
func (w *Watcher) rootOf(path string) string {
	for _, root := range w.roots {
		if within(path, root) {
			return root
		}
	}
	return path
}

func fillDefaults(o *Options) {
	o.Base = cmp.Or(o.Base, o.Root)
	if o.quietIfComplete <= 0 {
		o.quietIfComplete = cmp.Or(max(o.quiet, 0), defaultQuietIfComplete)
	}
	if o.quiet <= 0 {
		o.quiet = defaultQuiet
	}
	if o.maxWait <= 0 {
		o.maxWait = defaultMaxWait
	}
	if o.Notice == nil {
		o.Notice = func(error) {}
	}
	if o.Ready == nil {
		o.Ready = func() {}
	}
}
