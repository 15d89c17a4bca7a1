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
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/builder/javac/javactest"
)

// TestReplay decides how the last commits of a repository would reach a running application, as if
// each were one save, and prints how many take which path; then as if each changed source were one. DEVLOOP_REPLAY is a git directory, and
// DEVLOOP_CLASSPATH what its sources are compiled with; commits that need something else are left
// out. DEVLOOP_COMMITS is what git log gets to choose commits, -n 50 if it is not set.
//
//	mvn -q dependency:build-classpath -Dmdep.outputFile=/tmp/cp
//	DEVLOOP_REPLAY=$PWD/.git DEVLOOP_CLASSPATH=$(cat /tmp/cp) go test -v -run TestReplay ./cmd/devloop/internal/engine/plan
func TestReplay(t *testing.T) {
	repo := history{t: t, dir: os.Getenv("DEVLOOP_REPLAY"), classPath: os.Getenv("DEVLOOP_CLASSPATH")}
	if repo.dir == "" {
		t.Skip("DEVLOOP_REPLAY names no repository")
	}
	args := append([]string{"log", "--no-merges", "--format=%H"}, strings.Fields(cmp.Or(os.Getenv("DEVLOOP_COMMITS"), "-n 50"))...)
	took := map[bool]map[string]int{false: {}, true: {}}
	left, sources := 0, map[string]int{}
	for _, commit := range strings.Fields(repo.git(append(args, "--", "*src/main/java/*.java")...)) {
		before, err := repo.state(commit + "~1")
		after, err2 := repo.state(commit)
		if err != nil || err2 != nil {
			left++
			continue
		}
		for _, newMethods := range []bool{false, true} {
			d := before.decide(after, newMethods)
			took[newMethods][d.Path.String()]++
			if newMethods {
				t.Logf("%.9s %s %s", commit, d.Path, d.Why)
			}
		}
		for _, one := range before.bySource(after) {
			d := before.decide(one, true)
			sources[d.Path.String()]++
			t.Logf("   %s %s", d.Path, d.Why)
		}
	}
	for _, newMethods := range []bool{false, true} {
		t.Logf("new methods %v:", newMethods)
		for _, path := range slices.Sorted(maps.Keys(took[newMethods])) {
			t.Logf("%5d %s", took[newMethods][path], path)
		}
	}
	t.Logf("by source, with new methods: %v", sources)
	t.Logf("%d commits do not compile with this class path", left)
}

// history is a repository.
type history struct {
	t              *testing.T
	dir, classPath string
}

func (h history) git(args ...string) string {
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

func (c snapshot) decide(after snapshot, newMethods bool) Decision {
	runs := running(NewState(InMemory(c.own), c.rest))
	runs.NewMethods = newMethods
	return Decide(Input{Saved: source, Image: true, Runs: runs, After: NewState(InMemory(after.own), after.rest), Mode: ModeAuto})
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
func (h history) state(commit string) (snapshot, error) {
	dir, err := os.MkdirTemp("", "replay")
	if err != nil {
		return snapshot{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	script := `git --git-dir "$1" archive "$2" | tar -x -C "$3"`
	if out, err := exec.Command("sh", "-c", script, "sh", h.dir, commit, dir).CombinedOutput(); err != nil {
		return snapshot{}, fmt.Errorf("%w: %s", err, out)
	}
	out, own, rest := filepath.Join(dir, "compiled"), map[string][]byte{}, map[Part]string{}
	var sources []string
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		switch _, resource, found := strings.Cut(path, "/src/main/resources/"); {
		case found:
			own[resource] = data
		case strings.HasSuffix(path, ".java") && strings.Contains(path, "/src/main/java/"):
			sources = append(sources, path)
		case d.Name() == "pom.xml" || strings.HasSuffix(path, ".gradle"):
			rest[Part{"build", strings.TrimPrefix(path, dir)}] = string(data)
		}
		return err
	})
	if err != nil {
		return snapshot{}, err
	}
	if err := os.Mkdir(out, 0o755); err != nil {
		return snapshot{}, err
	}
	answer, err := javactest.Shared(h.t).Compile(h.t.Context(), javac.Request{Options: []string{"-g", "-parameters", "-d", out, "-classpath", h.classPath}, Sources: sources})
	if err != nil {
		return snapshot{}, err
	}
	if !answer.OK {
		return snapshot{}, fmt.Errorf("javac: %+v", answer.Diagnostics)
	}
	err = filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".class") {
			own[strings.TrimPrefix(path, out+"/")], err = os.ReadFile(path)
		}
		return err
	})
	return snapshot{own, rest}, err
}
