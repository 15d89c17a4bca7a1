package buildtool

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/builder/diagnostics"
	"github.com/devloop-cli/devloop/internal/proc"
)

// RetryAfter is how long a wrapper that did not work is not tried again. Without a network a
// build need not wait for it each time, and once the network is back it is soon used.
const RetryAfter = 10 * time.Minute

// Wrapper is a script of the project that downloads a build tool: gradlew or mvnw.
type Wrapper struct {
	Tool       string   // "Gradle", "Maven"
	Script     string   // absolute path
	Properties string   // absolute path of its properties; the file may be missing
	Dists      string   // where it keeps its downloads
	Marker     []string // what a complete download contains, as glob patterns
	Path       string   // the command on the PATH that can replace it
	Site       string   // where to download the tool
}

// Script returns the path of a wrapper's script for this operating system.
func Script(dir, unix, windows string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, windows)
	}
	return filepath.Join(dir, unix)
}

// Choose returns the wrapper if it works, else the command on the PATH. It runs a wrapper whose
// distribution has not been downloaded yet.
func (w Wrapper) Choose(ctx context.Context, b Build, out io.Writer) (Tool, error) {
	name, wrapped := strings.ToLower(w.Tool), false
	reason := "the project has no " + filepath.Base(w.Script)
	if _, err := os.Stat(w.Script); err == nil {
		why, failure, err := w.probe(ctx, b, out)
		if err != nil {
			return Tool{}, err
		}
		if failure == "" {
			return Tool{Name: name, Command: w.command(), Why: why, Wrapped: true}, nil
		}
		reason, wrapped = failure, true
	}
	found, err := exec.LookPath(w.Path)
	if err != nil {
		return Tool{}, w.missing(b.Dir, reason)
	}
	if v, _, known := strings.Cut(Version(found, w.Tool), " from "); known { // the command has the directory
		reason += ": using " + v
	}
	return Tool{Name: name, Command: []string{found}, Why: reason, Substitute: wrapped}, nil
}

func (w Wrapper) missing(dir, reason string) error {
	return ProjectError("tool.missing", dir,
		fmt.Sprintf("can't be built: %s, and there is no %s on the PATH", reason, w.Path), nil,
		fmt.Sprintf("install %s: %s", w.Tool, w.Site))
}

// command returns how to call the script: with sh if it is not executable, as in a checkout from Windows.
func (w Wrapper) command() []string {
	info, err := os.Stat(w.Script)
	if err == nil && info.Mode()&0o111 == 0 && runtime.GOOS != "windows" {
		return []string{"sh", w.Script}
	}
	return []string{w.Script}
}

// probe returns why the wrapper can be used, or else why it failed. It returns an error only when ctx ends.
func (w Wrapper) probe(ctx context.Context, b Build, out io.Writer) (why, failure string, err error) {
	base := filepath.Base(w.Script)
	text, err := os.ReadFile(w.Properties)
	if err != nil {
		return fmt.Sprintf("the project's own %s is a script without wrapper properties", base), "", nil
	}
	dist := Distribution(text)
	if w.installed(dist) {
		return fmt.Sprintf("the project's %s has %s", base, dist), "", nil
	}
	memory := filepath.Join(b.CacheDir, "wrapper", Digest(text, []byte(w.Dists))[:16])
	if failure, ok := cachedFailure(memory); ok {
		return "", failure, nil
	}
	if failure, err = w.fetch(ctx, b.Root, dist, out); err != nil || failure == "" {
		return fmt.Sprintf("the project's %s fetched %s", base, dist), "", err
	}
	cacheFailure(memory, failure)
	return "", failure, nil
}

// installed reports whether the wrapper has downloaded dist: there is a directory named by a
// digest of the address, with the marker of a complete download.
func (w Wrapper) installed(dist string) bool {
	if dist == "" {
		return false
	}
	for _, name := range []string{dist, strings.TrimSuffix(dist, "-bin")} {
		for _, marker := range w.Marker {
			if found, _ := filepath.Glob(filepath.Join(w.Dists, name, marker)); len(found) > 0 {
				return true
			}
		}
	}
	return false
}

// fetch has the wrapper download its distribution, and returns why it failed.
func (w Wrapper) fetch(ctx context.Context, dir, dist string, out io.Writer) (failure string, err error) {
	if out == nil {
		out = io.Discard
	}
	text, err := proc.Command{Dir: dir, Args: append(w.command(), "--version")}.Run(ctx, out)
	if ctx.Err() != nil {
		return "", fmt.Errorf("fetch %s: %w", dist, context.Cause(ctx))
	}
	if err == nil {
		return "", nil
	}
	return fmt.Sprintf("the wrapper could not fetch %s (%s)", dist, diagnostics.Reason(text, err.Error())), nil
}

var distributionURL = regexp.MustCompile(`(?m)^\s*distributionUrl\s*[=:]\s*(\S+)`)

// Distribution returns the name of what a wrapper downloads, such as "gradle-9.2.0-bin".
func Distribution(properties []byte) string {
	m := distributionURL.FindSubmatch(properties)
	if m == nil {
		return "its distribution"
	}
	address, err := url.Parse(strings.ReplaceAll(string(m[1]), `\`, ""))
	if err != nil {
		return "its distribution"
	}
	return strings.TrimSuffix(strings.TrimSuffix(path.Base(address.Path), ".zip"), ".tar.gz")
}

// VersionInPath matches the version in the name of an installed distribution.
var VersionInPath = regexp.MustCompile(`(?:gradle|maven)-(?:core-|launcher-)?(\d[\w.]*\d)`)

// Version describes the command at path: "gradle 4.4.1 from /usr/bin". It reads the names of the
// files beside it, since running the command would take as long as a build.
func Version(path, tool string) string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		real = path
	}
	lib := filepath.Join(filepath.Dir(filepath.Dir(real)), "lib")
	names, _ := filepath.Glob(filepath.Join(lib, strings.ToLower(tool)+"-*.jar"))
	for _, name := range append(names, real) {
		if m := VersionInPath.FindStringSubmatch(strings.TrimSuffix(name, ".jar")); m != nil {
			return fmt.Sprintf("%s %s from %s", filepath.Base(path), m[1], filepath.Dir(path))
		}
	}
	return path
}

// cachedFailure returns why the wrapper failed lately, if it did.
func cachedFailure(file string) (string, bool) {
	info, err := os.Stat(file)
	if err != nil || time.Since(info.ModTime()) > RetryAfter {
		return "", false
	}
	text, err := os.ReadFile(file)
	return string(text), err == nil
}

// cacheFailure records why the wrapper failed. If it cannot, the wrapper is tried again next time.
func cacheFailure(file, text string) {
	if os.MkdirAll(filepath.Dir(file), 0o700) == nil {
		_ = os.WriteFile(file, []byte(text), 0o600)
	}
}
