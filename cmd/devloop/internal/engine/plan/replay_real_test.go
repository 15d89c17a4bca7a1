package plan

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/builder/javac/javactest"
)

// TestReplay decides how the last commits of a repository would reach a running application, as if each were one save,
// then as if each changed source were one, and prints how many take which path and why the others restart.
// DEVLOOP_REPLAY is a git directory, and DEVLOOP_CLASSPATH what its sources are compiled with: one class path a line,
// of which a commit takes the first with which it compiles. Other commits are left out. DEVLOOP_COMMITS is what git log
// gets to choose commits, -n 50 if it is not set.
//
//	mvn -q dependency:build-classpath -Dmdep.outputFile=/tmp/cp
//	DEVLOOP_REPLAY=$PWD/.git DEVLOOP_CLASSPATH=$(cat /tmp/cp) go test -v -run TestReplay ./cmd/devloop/internal/engine/plan
func TestReplay(t *testing.T) {
	repo := &history{t: t, dir: os.Getenv("DEVLOOP_REPLAY"), classPaths: strings.Fields(os.Getenv("DEVLOOP_CLASSPATH"))}
	if repo.dir == "" {
		t.Skip("DEVLOOP_REPLAY names no repository")
	}
	args := append([]string{"log", "--no-merges", "--format=%H"},
		strings.Fields(cmp.Or(os.Getenv("DEVLOOP_COMMITS"), "-n 50"))...)
	commits, sources, left := counts{}, counts{}, 0
	for _, commit := range strings.Fields(repo.git(append(args, "--", "*src/main/java/*.java")...)) {
		before, after, err := repo.change(commit)
		if err != nil {
			t.Logf("%.9s does not compile: %.200v", commit, err)
			left++
			continue
		}
		d := before.decide(after)
		commits.add(d)
		t.Logf("%.9s %s %s", commit, d.Path, d.Why)
		for _, one := range before.bySource(after) {
			d := before.decide(one)
			sources.add(d)
			t.Logf("   %s %s", d.Path, d.Why)
		}
	}
	t.Logf("%d commits do not compile with these class paths\nby commit:\n%s\nby changed source:\n%s", left,
		commits, sources)
}

// counts counts decisions, by path and by the kind of reason.
type counts map[string]int

// whose matches names in reasons.
var whose = regexp.MustCompile(`^[\w.$]+: |^[\w.$/-]+\.([\w.$<>]+: )|\b((field|method) [\w$]+)|[\w.$/-]*[/.](\w+ (is read at start|changed|may keep what it makes))`)

func (c counts) add(d Decision) {
	c[d.Path.String()]++
	if d.Path == Restart {
		c["  restart: "+whose.ReplaceAllString(d.Why, "$3$4")]++
	}
}

func (c counts) String() string {
	var b strings.Builder
	for _, name := range slices.SortedFunc(maps.Keys(c),
		func(a, b string) int { return cmp.Or(c[b]-c[a], cmp.Compare(a, b)) }) {
		_, _ = fmt.Fprintf(&b, "%5d %s\n", c[name], name)
	}
	return b.String()
}

// history is a repository.
type history struct {
	t          *testing.T
	dir        string
	classPaths []string
}

// change compiles a commit and the one before it.
func (h *history) change(commit string) (before, after snapshot, err error) {
	for i, classPath := range h.classPaths {
		if before, err = h.state(commit+"~1", classPath); err != nil {
			continue
		}
		if after, err = h.state(commit, classPath); err == nil { // the next one is like this one
			h.classPaths[0], h.classPaths[i] = h.classPaths[i], h.classPaths[0]
			break
		}
	}
	return before, after, err
}

func (h *history) git(args ...string) string {
	h.t.Helper()
	out, err := exec.Command("git", append([]string{"--git-dir", h.dir}, args...)...).Output()
	if err != nil {
		h.t.Fatalf("git %v: %v", args, err)
	}
	return string(out)
}

// snapshot is an application: its files, and what else it is made of.
type snapshot struct {
	own  map[string][]byte
	rest map[Part]string
}

func (c snapshot) decide(after snapshot) Decision {
	runs := running(NewState(inMemory(c.own), c.rest))
	runs.NewMethods = true
	return Decide(Input{Saved: source, Image: true, Runs: runs, After: NewState(inMemory(after.own), after.rest),
		Mode: ModeAuto})
}

// bySource returns the application with the classes of one source changed, for each source whose classes do.
func (c snapshot) bySource(after snapshot) (one []snapshot) {
	changed := map[string]map[string][]byte{}
	files := maps.Clone(c.own)
	maps.Copy(files, after.own)
	for path := range files {
		name, isClass := strings.CutSuffix(path, ".class")
		if !isClass || bytes.Equal(c.own[path], after.own[path]) {
			continue
		}
		name, _, _ = strings.Cut(name, "$")
		if changed[name] == nil {
			changed[name] = maps.Clone(c.own)
		}
		if text, there := after.own[path]; there {
			changed[name][path] = text
		} else {
			delete(changed[name], path)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(changed)) {
		one = append(one, snapshot{changed[name], c.rest})
	}
	return one
}

// state compiles a commit. All modules become one application.
func (h *history) state(commit, classPath string) (snapshot, error) {
	dir, err := os.MkdirTemp("", "replay")
	if err != nil {
		return snapshot{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	script := `git --git-dir "$1" archive "$2" | tar -x -C "$3"`
	if out, err := exec.Command("sh", "-c", script, "sh", h.dir, commit, dir).CombinedOutput(); err != nil {
		return snapshot{}, fmt.Errorf("%w: %s", err, out)
	}
	c := snapshot{map[string][]byte{}, map[Part]string{}}
	sources, err := c.read(dir)
	if err != nil {
		return snapshot{}, err
	}
	out := filepath.Join(dir, "compiled")
	if err := os.Mkdir(out, 0o755); err != nil {
		return snapshot{}, err
	}
	answer, err := javactest.Shared(h.t).Compile(h.t.Context(),
		javac.Request{Options: []string{"-g", "-parameters", "-d", out, "-classpath", classPath}, Sources: sources})
	if err != nil {
		return snapshot{}, err
	}
	if !answer.OK {
		return snapshot{}, fmt.Errorf("javac: %+v", answer.Diagnostics)
	}
	err = filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".class") {
			c.own[strings.TrimPrefix(path, out+"/")], err = os.ReadFile(path)
		}
		return err
	})
	return c, err
}

// read reads the resources and build files of a checkout, and returns its sources.
func (c snapshot) read(dir string) (sources []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		switch module, resource, found := strings.Cut(path, "/src/main/resources/"); {
		case found && c.own[resource] == nil:
			c.own[resource] = data
		case found: // of another module
			c.own[strings.TrimPrefix(module, dir)+"/"+resource] = data
		case strings.HasSuffix(path, ".java") && strings.Contains(path, "/src/main/java/"):
			sources = append(sources, path)
		case d.Name() == "pom.xml" || strings.HasSuffix(path, ".gradle"):
			c.rest[Part{"build", strings.TrimPrefix(path, dir)}] = string(data)
		}
		return err
	})
	return sources, err
}
