package project

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/paths"
)

// A build of web pages with Node.js takes longer than all the rest of a build, and mostly no file has changed
// that it reads. Its plugins run it all the same. So a build that is only for the application leaves it out if
// everything is as it was when it ran last, except for what only Java reads. A mark in the build's output has the
// state of those files: "mvn clean" removes the mark with the pages.

const frontendMark = ".devloop-frontend"

// notFrontend matches directories with files that no build of web pages reads.
var notFrontend = regexp.MustCompile(`(^|/)src/(test|[^/]+/(java|kotlin|groovy|scala))$`)

// largestRead is the size up to which a file is read to see whether it changed. Of a larger one the time counts.
const largestRead = 1 << 20

// frontendState returns the state of the files that a build of web pages may read, "" if there can be none.
func (r records) frontendState() string {
	if !r.OnlyApplication {
		return ""
	}
	var files []string
	hasPackage := false
	_ = filepath.WalkDir(r.Root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // what can't be read the build can't read, either
		}
		rel, _ := filepath.Rel(r.Root, file)
		hidden := rel != "." && strings.HasPrefix(d.Name(), ".")
		switch {
		case d.IsDir() && (hidden || slices.Contains(notBuildFiles, d.Name()) ||
			notFrontend.MatchString(filepath.ToSlash(rel)) || isNode(file)):
			return filepath.SkipDir
		case d.Type().IsRegular() && !isSettings(d.Name()):
			files = append(files, file)
			hasPackage = hasPackage || d.Name() == "package.json"
		}
		return nil
	})
	if !hasPackage {
		return ""
	}
	h := sha256.New()
	for _, file := range files {
		_, _ = fmt.Fprintf(h, "%s\x00%s\x00", file, contentState(file))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// isNode reports whether dir is where a plugin has installed Node.js, which the first build does.
func isNode(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "npm")); err != nil {
		return false
	}
	_, isFile := paths.FirstFile(dir, "node", "node.exe")
	return isFile
}

// isSettings reports whether a file of that name has settings or texts of the application.
func isSettings(name string) bool {
	ext := filepath.Ext(name)
	return ext == ".properties" || strings.HasPrefix(name, "application") && (ext == ".yml" || ext == ".yaml")
}

func contentState(file string) string {
	info, err := os.Stat(file)
	if err == nil && info.Size() > largestRead {
		return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
	}
	text, _ := os.ReadFile(file) // one that is gone has none
	return string(text)
}

// frontendMarks returns the marks of the modules that build web pages.
func (r records) frontendMarks() (marks []string) {
	m, fresh := r.model()
	if !fresh {
		return nil
	}
	for _, one := range m.Modules {
		if r.tool.Frontend(one) && !paths.Within(one.Directory, r.Root) {
			return nil // its files are not in the state
		}
		if r.tool.Frontend(one) {
			marks = append(marks, filepath.Join(one.Output(), frontendMark))
		}
	}
	return marks
}

// builtFrontend reports whether all web pages have been built with the files in this state.
func (r records) builtFrontend(state string) bool {
	if state == "" {
		return false
	}
	marks := r.frontendMarks()
	return len(marks) > 0 && !slices.ContainsFunc(marks, func(file string) bool {
		text, err := os.ReadFile(file)
		return err != nil || string(text) != state
	})
}

// markFrontend records that web pages were built with the files in this state, unless it changed meanwhile.
func (r records) markFrontend(state string) error {
	if state == "" || r.frontendState() != state {
		return nil
	}
	for _, file := range r.frontendMarks() {
		if err := atomicfile.Write(file, []byte(state)); err != nil {
			return fmt.Errorf("record that web pages were built: %w", err)
		}
	}
	return nil
}
