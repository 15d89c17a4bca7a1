package builder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

	"github.com/devloop-cli/devloop/internal/proc"
)

// Tool is the command that builds a project.
type Tool struct {
	// Name is "gradle" or "maven".
	Name string
	// Command is how it is called, before any argument of a build.
	Command []string
	// Why says in one sentence why this command was chosen.
	Why string

	substitute bool // stands in for a wrapper that did not work
	wrapped    bool // is the project's own wrapper
}

// failureKept is how long a wrapper that did not work is not tried again: long
// enough that a train journey doesn't pay for it at each save, short enough that it
// is noticed when the network is back.
const failureKept = 10 * time.Minute

// wrapper is a script that brings a build tool along: gradlew or mvnw.
type wrapper struct {
	tool       string   // "Gradle", "Maven"
	script     string   // absolute path
	properties string   // absolute path of its properties; the file may be missing
	dists      string   // where it keeps what it downloads
	marker     []string // what lies beside a complete download, as glob patterns below it
	path       string   // the command on the PATH that can stand in
	site       string   // where the tool can be had
}

func gradleTool(ctx context.Context, p *Project, out io.Writer) (Tool, error) {
	w := wrapper{tool: "Gradle", script: script(p.root, "gradlew", "gradlew.bat"), path: "gradle",
		properties: filepath.Join(p.root, "gradle", "wrapper", "gradle-wrapper.properties"),
		dists:      filepath.Join(gradleHome(), "wrapper", "dists"), marker: []string{"*/*.ok"}, site: "https://gradle.org/install"}
	return w.choose(ctx, p, out)
}

func mavenTool(ctx context.Context, p *Project, out io.Writer) (Tool, error) {
	home := os.Getenv("MAVEN_USER_HOME")
	if home == "" {
		home = inHome(".m2")
	}
	w := wrapper{tool: "Maven", script: script(p.root, "mvnw", "mvnw.cmd"), path: "mvn",
		properties: filepath.Join(p.root, ".mvn", "wrapper", "maven-wrapper.properties"),
		dists:      filepath.Join(home, "wrapper", "dists"), marker: []string{"*/bin/mvn", "*/*/bin/mvn"}, site: "https://maven.apache.org/install.html"}
	return w.choose(ctx, p, out)
}

// gradleHome is where Gradle keeps what is the user's.
func gradleHome() string {
	if home := os.Getenv("GRADLE_USER_HOME"); home != "" {
		return home
	}
	return inHome(".gradle")
}

// inHome returns a path in the user's home directory.
func inHome(name string) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return name
	}
	return filepath.Join(home, name)
}

func script(dir, unix, windows string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, windows)
	}
	return filepath.Join(dir, unix)
}

// choose takes the wrapper if it works, else the command on the PATH.
func (w wrapper) choose(ctx context.Context, p *Project, out io.Writer) (Tool, error) {
	name, wrapped := strings.ToLower(w.tool), false
	reason := "the project has no " + filepath.Base(w.script)
	if _, err := os.Stat(w.script); err == nil {
		why, failure, err := w.works(ctx, p, out)
		if err != nil {
			return Tool{}, err
		}
		if failure == "" {
			return Tool{Name: name, Command: w.command(), Why: why, wrapped: true}, nil
		}
		reason, wrapped = failure, true
	}
	found, err := exec.LookPath(w.path)
	if err != nil {
		return Tool{}, w.missing(p.Dir, reason)
	}
	if v := version(found, w.tool); v != found {
		reason += ": using " + v
	}
	return Tool{Name: name, Command: []string{found}, Why: reason, substitute: wrapped}, nil
}

func (w wrapper) missing(dir, reason string) error {
	return &ProjectError{Dir: dir, code: "tool.missing",
		Reason: fmt.Sprintf("can't be built: %s, and there is no %s on the PATH", reason, w.path),
		hints:  []string{fmt.Sprintf("install %s: %s", w.tool, w.site)}}
}

// command returns how the script is called: by sh where it is not executable, as
// in a checkout from Windows.
func (w wrapper) command() []string {
	info, err := os.Stat(w.script)
	if err == nil && info.Mode()&0o111 == 0 && runtime.GOOS != "windows" {
		return []string{"sh", w.script}
	}
	return []string{w.script}
}

// works says why the wrapper can be used, or else, as failure, why not. It returns
// an error only when ctx has ended.
func (w wrapper) works(ctx context.Context, p *Project, out io.Writer) (why, failure string, err error) {
	base := filepath.Base(w.script)
	text, err := os.ReadFile(w.properties)
	if err != nil {
		return fmt.Sprintf("the project's own %s is a script without wrapper properties", base), "", nil
	}
	dist := distribution(text)
	if w.installed(dist) {
		return fmt.Sprintf("the project's %s has %s", base, dist), "", nil
	}
	memory := filepath.Join(p.cache, "wrapper", digest(text, []byte(w.dists))[:16])
	if failure, ok := recall(memory); ok {
		return "", failure, nil
	}
	if failure, err = w.probe(ctx, p.root, dist, out); err != nil || failure == "" {
		return fmt.Sprintf("the project's %s fetched %s", base, dist), "", err
	}
	remember(memory, failure)
	return "", failure, nil
}

// installed says whether the wrapper has downloaded dist: a directory whose name
// is a digest of the address, and in it what marks a complete download.
func (w wrapper) installed(dist string) bool {
	if dist == "" {
		return false
	}
	for _, name := range []string{dist, strings.TrimSuffix(dist, "-bin")} {
		for _, marker := range w.marker {
			if found, _ := filepath.Glob(filepath.Join(w.dists, name, marker)); len(found) > 0 {
				return true
			}
		}
	}
	return false
}

// probe has the wrapper fetch its distribution and say its version.
func (w wrapper) probe(ctx context.Context, dir, dist string, out io.Writer) (failure string, err error) {
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
	return fmt.Sprintf("the wrapper could not fetch %s (%s)", dist, reasonIn(text, err)), nil
}

// exception matches the line in which a JVM tells of an uncaught exception.
var exception = regexp.MustCompile(`^(?:Exception in thread "[^"]*" |Caused by: )?(?:[\w$]+\.)+(\w*(?:Exception|Error)): (.+)`)

// reasonIn finds the line of a wrapper's output that says what went wrong.
func reasonIn(text string, err error) string {
	last := err.Error()
	for line := range strings.Lines(text) {
		if m := exception.FindStringSubmatch(line); m != nil {
			return m[1] + ": " + strings.TrimSpace(m[2])
		}
		if s := strings.TrimSpace(line); s != "" {
			last = s
		}
	}
	return last
}

var distributionURL = regexp.MustCompile(`(?m)^\s*distributionUrl\s*[=:]\s*(\S+)`)

// distribution returns the name of what a wrapper downloads, such as "gradle-9.2.0-bin".
func distribution(properties []byte) string {
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

// versionInPath matches the version in the name of an installed distribution.
var versionInPath = regexp.MustCompile(`(?:gradle|maven)-(?:core-|launcher-)?(\d[\w.]*\d)`)

// version describes the command at path without running it, which would take as
// long as a build: as "gradle 4.4.1 from /usr/bin", where the files beside it tell.
func version(path, tool string) string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		real = path
	}
	lib := filepath.Join(filepath.Dir(filepath.Dir(real)), "lib")
	names, _ := filepath.Glob(filepath.Join(lib, strings.ToLower(tool)+"-*.jar"))
	for _, name := range append(names, real) {
		if m := versionInPath.FindStringSubmatch(strings.TrimSuffix(name, ".jar")); m != nil {
			return fmt.Sprintf("%s %s from %s", filepath.Base(path), m[1], filepath.Dir(path))
		}
	}
	return path
}

// recall returns what remember kept, if it is young enough.
func recall(file string) (string, bool) {
	info, err := os.Stat(file)
	if err != nil || time.Since(info.ModTime()) > failureKept {
		return "", false
	}
	text, err := os.ReadFile(file)
	return string(text), err == nil
}

// remember keeps text; if it can't, the wrapper is tried again next time.
func remember(file, text string) {
	if os.MkdirAll(filepath.Dir(file), 0o755) == nil {
		_ = os.WriteFile(file, []byte(text), 0o644)
	}
}

// digest returns the SHA-256 of the parts in hexadecimal.
func digest(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
