package watch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"
)

// rules say what can never trigger.
type rules struct {
	root    string
	only    []string        // absolute paths; empty: any
	outputs map[string]bool // absolute paths
	ignore  *patternmatcher.PatternMatcher
}

func newRules(root string, o Options) (*rules, error) {
	ignore, err := patternmatcher.New(o.Ignore)
	if err != nil {
		return nil, &PatternError{Patterns: o.Ignore, Err: err}
	}
	r := &rules{root: root, outputs: map[string]bool{}, ignore: ignore}
	for _, name := range o.Only {
		r.only = append(r.only, absolute(root, name))
	}
	for _, output := range o.Outputs {
		r.outputs[absolute(root, output)] = true
	}
	return r, nil
}

// skips says that path can't trigger, nor anything below it. The directories above
// path are taken to be in.
func (r *rules) skips(path string) bool {
	if len(r.only) > 0 {
		return !slices.Contains(r.only, path)
	}
	name := filepath.Base(path)
	return r.outputs[path] || isPrivate(name) || isDropping(name) || isOutput(path, name) || r.ignores(path)
}

// skipsWithin is skips for a path of whose directories, below root, nothing is known.
func (r *rules) skipsWithin(path, root string) bool {
	for path != root && within(path, root) {
		if r.skips(path) {
			return true
		}
		path = filepath.Dir(path)
	}
	return false
}

// ignores applies the user's patterns. A directory is passed over only if no
// exception could bring back something in it.
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
	return err == nil && !info.IsDir() // what is gone may have been a directory
}

// relative returns the name of path in a [Batch].
func relative(root, path string) string {
	name, err := filepath.Rel(root, path)
	if err != nil { // another volume
		name = path
	}
	return filepath.ToSlash(name)
}

// isPrivate knows what version control, IDEs, build tools and systems keep for
// themselves, wherever it is. No name here can be that of a Java package.
func isPrivate(name string) bool {
	switch name {
	case ".git", ".hg", ".svn", ".jj",
		".idea", ".vscode", ".settings", ".classpath", ".project", ".factorypath", ".metadata", ".apt_generated",
		".gradle", ".kotlin", ".DS_Store", "Thumbs.db":
		return true
	}
	return filepath.Ext(name) == ".iml"
}

// isOutput knows the directories that builds write by name. The name alone is not
// enough, src/main/java/com/example/build is a package: it counts only beside the
// file that the tool is driven by.
func isOutput(path, name string) bool {
	dir := filepath.Dir(path)
	switch name {
	case "build", "target", "out", "bin": // Gradle, Maven, IntelliJ, Eclipse
		return filepath.Base(dir) == "buildSrc" || hasAny(dir, buildFiles)
	case "node_modules":
		return hasAny(dir, []string{"package.json"})
	}
	return false
}

// buildFiles make the directory they are in a module of a build.
var buildFiles = []string{"build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts", "pom.xml"}

// decidesOutputs says that the existence of a file of that name changes what
// isOutput says of its neighbours.
func decidesOutputs(name string) bool {
	return slices.Contains(buildFiles, name) || name == "package.json"
}

func hasAny(dir string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		_, err := os.Lstat(filepath.Join(dir, name))
		return err == nil
	})
}

// isDropping knows files that editors and systems leave beside those they edit.
// One that is gone again when the files have settled needs no mention here.
func isDropping(name string) bool {
	return isVim(name) || slices.ContainsFunc(tempPatterns, func(d tempPattern) bool {
		return len(name) > len(d.start)+len(d.end) &&
			strings.HasPrefix(name, d.start) && strings.HasSuffix(name, d.end)
	})
}

type tempPattern struct{ start, end string }

var tempPatterns = []tempPattern{
	{"", "~"},              // backups of vim, emacs, gedit, kate
	{".#", ""}, {"#", "#"}, // emacs: lock, autosave
	{"flycheck_", ".java"},                     // emacs: copy to be checked
	{"", "___jb_tmp___"}, {"", "___jb_old___"}, // JetBrains: safe write
	{"", ".vsctmp"},                   // VS Code: atomic write
	{"", ".part"}, {".", ".kate-swp"}, // KDE: write in progress, swap
	{".goutputstream-", ""}, {".~lock.", "#"}, // GNOME, LibreOffice
	{".nfs", ""}, {".fuse_hidden", ""}, // deleted, yet open
	{"hs_err_pid", ".log"}, {"replay_pid", ".log"}, // a JVM that crashed
}

// isVim knows vim's probe, with which it tries whether it may create files ("4913",
// and if that exists 123 more, and so on), its swap files (.NAME.swp, .swo, …, .svz)
// and undo files (.NAME.un~, caught as a backup).
func isVim(name string) bool {
	if name == "4913" || name == "5036" || name == "5159" {
		return true
	}
	ext := filepath.Ext(name)
	return strings.HasPrefix(name, ".") && len(name) >= len(".x.swp") &&
		len(ext) == 4 && (strings.HasPrefix(ext, ".sw") || strings.HasPrefix(ext, ".sv"))
}
