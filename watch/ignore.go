package watch

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/moby/patternmatcher"
)

// rules decide which files are ignored.
type rules struct {
	root   string
	only   []string // absolute paths; empty: any
	ignore *patternmatcher.PatternMatcher
	// outputs are the caller's.
	outputs []fs.FileInfo
}

func newRules(root string, o Options) (*rules, error) {
	ignore, err := patternmatcher.New(o.Ignore)
	if err != nil {
		return nil, &fault.Error{Code: "watch.pattern",
			Op: fmt.Sprintf("read patterns of ignored files %q", o.Ignore), Err: err}
	}
	r := &rules{root: root, ignore: ignore, outputs: o.Outputs}
	for _, name := range o.Only {
		r.only = append(r.only, absolute(root, name))
	}
	return r, nil
}

// skips reports whether path, and everything below it, is ignored. It does not check the directories above.
func (r *rules) skips(path string) bool {
	if len(r.only) > 0 {
		return !slices.Contains(r.only, path)
	}
	name := filepath.Base(path)
	return isPrivate(name) || isTemporary(name) || isOutput(path, name) || r.ignores(path) || r.isOwn(path)
}

// isOwn recognizes the caller's output, also after it was renamed.
func (r *rules) isOwn(path string) bool {
	if len(r.outputs) == 0 {
		return false
	}
	info, err := os.Lstat(path)
	return err == nil && slices.ContainsFunc(r.outputs, func(own fs.FileInfo) bool { return os.SameFile(own, info) })
}

// skipsWithin also checks the directories between root and path.
func (r *rules) skipsWithin(path, root string) bool {
	for path != root && within(path, root) {
		if r.skips(path) {
			return true
		}
		path = filepath.Dir(path)
	}
	return false
}

// ignores applies the user's patterns. If there are exceptions ("!docs/api.md"), no directory is
// ignored as a whole: one of its files may be an exception.
func (r *rules) ignores(path string) bool {
	if len(r.ignore.Patterns()) == 0 {
		return false
	}
	name := relative(r.root, path)
	matches, err := r.ignore.MatchesOrParentMatches(name)
	if err != nil || !matches || !r.ignore.Exclusions() {
		return err == nil && matches
	}
	info, err := os.Lstat(path)
	return err == nil && !info.IsDir() // a path that is gone may have been a directory
}

// relative returns the name of path in a [Batch].
func relative(root, path string) string {
	name, err := filepath.Rel(root, path)
	if err != nil { // another volume
		name = path
	}
	return filepath.ToSlash(name)
}

// isPrivate recognizes files of version control, IDEs, build tools and operating systems. None of
// these names can be that of a Java package.
func isPrivate(name string) bool {
	switch name {
	case ".git", ".hg", ".svn", ".jj",
		".idea", ".vscode", ".settings", ".classpath", ".project", ".factorypath", ".metadata", ".apt_generated",
		".gradle", ".kotlin", ".DS_Store", "Thumbs.db":
		return true
	}
	return filepath.Ext(name) == ".iml"
}

// isOutput recognizes directories that builds write, and logs. The name alone is not enough, since
// src/main/java/com/example/build is a package: a build file must be next to it.
func isOutput(path, name string) bool {
	dir := filepath.Dir(path)
	switch name {
	case "build", "target", "out", "bin": // Gradle, Maven, IntelliJ, Eclipse
		return filepath.Base(dir) == "buildSrc" || hasAny(dir, buildFiles)
	case "node_modules":
		return hasAny(dir, []string{"package.json"})
	}
	// A log beside a build file is mostly what a program prints, such as devloop itself by way of `tee`: each line
	// would begin a cycle that prints the next.
	return filepath.Ext(name) == ".log" && hasAny(dir, buildFiles)
}

// buildFiles mark the directory of a module.
var buildFiles = []string{"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "pom.xml"}

// decidesOutputs reports whether isOutput depends on a file of that name.
func decidesOutputs(name string) bool {
	return slices.Contains(buildFiles, name) || name == "package.json"
}

func hasAny(dir string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, name))
		return err == nil
	})
}

// isTemporary recognizes files that editors and operating systems leave next to others. Those that
// are gone before the files have settled need not be listed.
func isTemporary(name string) bool {
	return isVim(name) || slices.ContainsFunc(tempPatterns, func(d tempPattern) bool {
		return len(name) > len(d.start)+len(d.end) &&
			strings.HasPrefix(name, d.start) && strings.HasSuffix(name, d.end)
	})
}

type tempPattern struct{ start, end string }

var tempPatterns = []tempPattern{
	{"", "~"},              // backups of vim, emacs, gedit, kate
	{".#", ""}, {"#", "#"}, // emacs: lock, autosave
	{"flycheck_", ".java"},                     // emacs: copy for a check
	{"", "___jb_tmp___"}, {"", "___jb_old___"}, // JetBrains: safe write
	{"", ".vsctmp"},                   // VS Code: atomic write
	{"", ".part"}, {".", ".kate-swp"}, // KDE: write in progress, swap
	{".goutputstream-", ""}, {".~lock.", "#"}, // GNOME, LibreOffice
	{".nfs", ""}, {".fuse_hidden", ""}, // deleted but still open
	{"hs_err_pid", ".log"}, {"replay_pid", ".log"}, // a JVM that crashed
}

// isVim recognizes vim's swap files (.NAME.swp, .swo, …, .svz), and the file that vim creates to test whether it may
// ("4913"; if that exists, the number plus 123, and so on). Undo files (.NAME.un~) match the pattern of backups.
func isVim(name string) bool {
	if name == "4913" || name == "5036" || name == "5159" {
		return true
	}
	ext := filepath.Ext(name)
	return strings.HasPrefix(name, ".") && len(name) >= len(".x.swp") &&
		len(ext) == 4 && (strings.HasPrefix(ext, ".sw") || strings.HasPrefix(ext, ".sv"))
}
