package watch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Options say what to watch and how.
type Options struct {
	// Root is the project's directory.
	Root string
	// Dirs are further directories, absolute or relative to Root: other modules of
	// the build that lie outside it. One that is missing is looked for again
	// whenever anything else changed.
	Dirs []string
	// Only, if not empty, are names in Root that alone count: nothing else in it does, and no
	// directory below it. Dirs has no place beside it.
	Only []string
	// Base is the directory that a [Batch]'s paths are relative to; Root if "".
	Base string
	// Outputs are files and directories that the build writes, absolute or
	// relative to Root, besides those that are known by name: build, target, out,
	// bin beside a build file, node_modules beside a package.json.
	Outputs []string
	// Ignore are patterns of files that never trigger, in the syntax of
	// .dockerignore, relative to Root: "docs", "**/*.md", "!docs/api.md".
	Ignore []string

	// Quiet is how long nothing may happen before files count as settled;
	// [DefaultQuiet] if 0. After more than 50 changes, as of a checkout, it is four
	// times as long.
	Quiet time.Duration
	// MaxWait is how long a change waits at most for things to settle;
	// [DefaultMaxWait] if 0.
	MaxWait time.Duration

	// Poll makes the watcher look by itself, for mounts that send no events, such
	// as network shares and some virtual machines' folders.
	Poll bool
	// PollEvery is the time between two looks. If 0, it is [DefaultPollEvery], or
	// longer in a large project, such that polling takes about 2 % of a core.
	PollEvery time.Duration

	// Ready is called once, when every directory is watched and was looked at:
	// what changes from now on leads to a batch. It may be nil, and must not block.
	Ready func()
	// Notice is told of trouble that the watcher gets around, such as a
	// [*LimitError]. It may be nil, and must not block.
	Notice func(error)
}

const (
	// DefaultQuiet is longer than the pauses between the events of one save, and too
	// short for a person to notice. Measured on two cores with three to five times
	// the work they can do: 1 to 10 ms, once 56 ms, when vim or sed -i write one file
	// or many; 10 to 200 ms when git checks out 5,000 files.
	DefaultQuiet = 60 * time.Millisecond
	// DefaultMaxWait bounds what a program that writes without pause can do to a
	// person who saves beside it.
	DefaultMaxWait = time.Second
	// DefaultPollEvery is the pace of polling in a project of up to some 3,000 files.
	DefaultPollEvery = 500 * time.Millisecond
)

// Watcher watches one project.
type Watcher struct {
	options Options // with absolute paths and defaults filled in
	rules   *rules
	roots   []string // none within another

	open func() (*source, error) // where events come from; tests replace it
	racy time.Duration           // see [fingerprint.fresh]
}

// New checks options and makes a watcher that [Watcher.Run] starts. It returns a
// [*RootError] or a [*PatternError].
func New(options Options) (*Watcher, error) {
	root, err := resolve(options.Root)
	if err != nil {
		return nil, &RootError{Path: options.Root, Err: reason(err)}
	}
	options.Root = root
	if options.Base != "" {
		base, err := resolve(options.Base)
		if err != nil {
			return nil, &RootError{Path: options.Base, Err: reason(err)}
		}
		options.Base = base
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
		racy:    2 * time.Second, // the coarsest clock of a file system in use, FAT's
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

// reason takes operation and path off err, for a message that names them itself.
func reason(err error) error {
	if wrapped := (*fs.PathError)(nil); errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// outermost returns root and dirs as real paths, without those that lie in others.
func outermost(root string, dirs []string) []string {
	all := []string{root}
	for _, dir := range dirs {
		dir = absolute(root, dir)
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real
		}
		all = append(all, dir)
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

// absolute returns name as an absolute path, seen from root.
func absolute(root, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(root, filepath.FromSlash(name))
}

// within says that path is dir or lies below it.
func within(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator)))
	return ok && (rest == "" || os.IsPathSeparator(rest[0]))
}

func fillDefaults(o *Options) {
	if o.Base == "" {
		o.Base = o.Root
	}
	if o.Quiet <= 0 {
		o.Quiet = DefaultQuiet
	}
	if o.MaxWait <= 0 {
		o.MaxWait = DefaultMaxWait
	}
	if o.Notice == nil {
		o.Notice = func(error) {}
	}
	if o.Ready == nil {
		o.Ready = func() {}
	}
}
