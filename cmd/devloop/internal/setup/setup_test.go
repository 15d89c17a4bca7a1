package setup

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// step is one that finds err until it is mended.
func step(id string, err error, needs ...string) Step {
	return Step{ID: id, Needs: needs, Check: func(context.Context) (string, error) { return id, err }}
}

// mendable is one that finds err, and mends it if mended says so.
func mendable(id string, err error, mended bool) Step {
	problem := err
	return Step{ID: id,
		Check: func(context.Context) (string, error) { return id, problem },
		Fix: func(error) *Fix {
			return &Fix{id, func(context.Context) error {
				if mended {
					problem = nil
				}
				return nil
			}}
		}}
}

func agree([]Change) error { return nil }

// states runs steps and returns how each ended.
func states(t *testing.T, o Options, steps ...Step) (map[string]State, error) {
	t.Helper()
	got := map[string]State{}
	o.Report = func(r Result) { got[r.ID] = r.State }
	if o.Ask == nil {
		o.Ask = agree
	}
	err := Run(t.Context(), steps, o)
	return got, err
}

var errBroken = errors.New("broken")

func TestRunShowsAllThatIsMissingAndSkipsWhatNeedsIt(t *testing.T) {
	got, err := states(t, Options{},
		step("jdk", nil),
		step("docker", errBroken),
		mendable("inotify", errBroken, true),
		mendable("ports", errBroken, false),
		step("archive", &NotApplicable{"no archive"}),
		step("cluster", nil, "docker"),
		step("context", nil, "cluster"),
		step("images", nil, "archive"),
	)
	want := map[string]State{"jdk": OK, "docker": Failed, "inotify": Fixed, "ports": Failed, "archive": Skipped,
		"cluster": Skipped, "context": Skipped, "images": OK}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !errors.Is(err, errBroken) {
		t.Errorf("got error %v", err)
	}
}

func TestCheckingAndRefusingChangeNothing(t *testing.T) {
	s := mendable("inotify", errBroken, true)
	for name, o := range map[string]Options{
		"check":   {CheckOnly: true},
		"refused": {Ask: func([]Change) error { return errors.New("the answer was no") }},
	} {
		got, err := states(t, o, s)
		if got["inotify"] != Failed || !errors.Is(err, errBroken) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
		if code := fault.Of(err).Code; (code == "machine.refused") != (name == "refused") {
			t.Errorf("%s: got code %q", name, code)
		}
	}
	if got, _ := states(t, Options{}, s); got["inotify"] != Fixed { // it was still problem
		t.Errorf("got %v", got)
	}
}

// TestAllChangesAreAskedForAtOnce: those that a check has found, and those that are possible after them. A fix that
// the list did not name is not made.
func TestAllChangesAreAskedForAtOnce(t *testing.T) {
	docker, cluster, kubeconfig, unnamed := mendable("docker", errBroken, true), mendable("cluster", errBroken, true),
		step("context", nil, "cluster"), mendable("images", errBroken, true)
	cluster.Needs, cluster.Later, unnamed.Needs = []string{"docker"}, "make a cluster", []string{"docker"}
	var asked [][]Change
	var order []string
	err := Run(t.Context(), []Step{docker, step("jdk", nil), cluster, kubeconfig, unnamed}, Options{
		Ask:    func(c []Change) error { asked = append(asked, c); return nil },
		Report: func(r Result) { order = append(order, r.ID+" "+string(r.State)) },
	})
	if want := [][]Change{{{"docker", "broken", "docker"},
		{"cluster", "", "make a cluster"}}}; !reflect.DeepEqual(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
	if want := []string{"jdk ok", "docker fixed", "cluster fixed", "context ok",
		"images failed"}; !reflect.DeepEqual(order, want) {
		t.Errorf("got %v, want %v", order, want)
	}
	if fault.Of(err).Code != "machine.refused" || !strings.Contains(err.Error(), "run setup again") {
		t.Errorf("got %v", err)
	}
}

// TestAnEarlierFixMaySolveAProblem has an archive bring the images that a registry is needed for otherwise.
func TestAnEarlierFixMaySolveAProblem(t *testing.T) {
	for _, mended := range []bool{true, false} {
		archive := mendable("archive", errBroken, mended)
		registry := Step{ID: "registry", After: []string{"archive"}, Check: archive.Check}
		got, err := states(t, Options{}, archive, registry)
		want := map[bool]State{true: OK, false: Failed}[mended]
		if got["registry"] != want || (err == nil) != mended {
			t.Errorf("after a fix that works: %v, the step is %s, %v", mended, got["registry"], err)
		}
	}
	missing := mendable("archive", errBroken, true)
	if got, err := states(t, Options{CheckOnly: true}, missing, Step{ID: "registry", After: []string{"archive"},
		Check: missing.Check}); got["registry"] != Failed || err == nil {
		t.Errorf("without a fix: %v, %v", got, err)
	}
}

func TestRunStopsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("interrupted")
	var seen []string
	err := Run(ctx, []Step{
		{ID: "one", Check: func(context.Context) (string, error) { cancel(stop); return "", nil }},
		step("two", nil),
	}, Options{Ask: agree, Report: func(r Result) { seen = append(seen, r.ID) }})
	if !errors.Is(err, stop) || len(seen) != 1 {
		t.Errorf("got %v after %v", err, seen)
	}
}

func TestJavaVersion(t *testing.T) {
	for out, want := range map[string]int{
		"javac 17.0.15\n":   17,
		"javac 1.8.0_402\n": 8,
		"javac 25\n":        25,
		"Picked up JAVA_TOOL_OPTIONS: -Xmx1g\njavac 21.0.2\n": 21,
		"nonsense": 0,
	} {
		if got, _ := javaVersion(out); got != want {
			t.Errorf("%q: got %d, want %d", out, got, want)
		}
	}
}

// TestJavaIsComparedWithTheProject plays JDKs: a javac that says its version, and the
// file by which a JDK that is installed is known.
func TestJavaIsComparedWithTheProject(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	makeJDK(t, filepath.Join(home, ".jdks", "twenty-three"), "23.0.1")
	for _, c := range []struct {
		here     string
		declared Declared
		want     string
	}{
		{"17.0.1", Declared{}, "Java 17 in JAVA_HOME"},
		{"11.0.1", Declared{}, "Java 11 in JAVA_HOME"},
		{"21.0.1", Declared{17, false}, "for the project's Java 17"},
		{"17.0.1", Declared{23, false}, "is older than the project's Java 23"},
		{"17.0.1", Declared{23, true}, "and Java 23 in " + home},
		{"17.0.1", Declared{99, true}, "no JDK for the project's toolchain, Java 99: found only Java 17"},
	} {
		here := filepath.Join(t.TempDir(), "jdk")
		makeJDK(t, here, c.here)
		t.Setenv("JAVA_HOME", here)
		evidence, err := checkJava(t.Context(), c.declared)
		if err != nil {
			evidence = err.Error()
		}
		if !strings.Contains(evidence, c.want) {
			t.Errorf("%s, %v: got %s, want %s", c.here, c.declared, evidence, c.want)
		}
	}
	t.Setenv("JAVA_HOME", home)
	if _, err := checkJava(t.Context(), Declared{23, false}); !strings.Contains(strings.Join(fault.Of(err).Hints, ""),
		"export JAVA_HOME="+home) {
		t.Errorf("the JDK that is installed is not offered: %v", err)
	}
}

func makeJDK(t *testing.T, dir, version string) {
	t.Helper()
	must.Do(t, os.MkdirAll(filepath.Join(dir, "bin"), 0o755))
	for name, text := range map[string]string{"bin/javac": "#!/bin/sh\necho javac " + version + "\n",
		"release": "JAVA_VERSION=\"" + version + "\"\n"} {
		testfile.Write(t, dir, name, text)
	}
}

func TestSilentRegistryMattersOnlyWhereAnImageIsMissing(t *testing.T) {
	if _, ok := errors.AsType[*NotApplicable](judgeSilence("docker.io is not reachable", nil)); !ok {
		t.Error("nothing is missing, and it fails")
	}
	f, ok := errors.AsType[*fault.Error](judgeSilence("docker.io is not reachable", []string{"kindest/node:v1.37.2"}))
	if !ok || !strings.Contains(f.Error(), "pull kindest/node:v1.37.2: docker.io is not reachable") ||
		!strings.Contains(f.Hints[1], "devloop bundle") {
		t.Errorf("got %v", f)
	}
}

// TestSlowRegistryWillDoForAPull has a registry take longer than one from which nothing is needed may.
func TestSlowRegistryWillDoForAPull(t *testing.T) {
	t.Parallel()
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		select {
		case <-time.After(registryTimeout + 500*time.Millisecond):
			http.Error(w, `{"message": "unauthorized"}`, http.StatusUnauthorized)
		case <-q.Context().Done():
		}
	}))
	t.Cleanup(engine.Close)
	dial := func(context.Context) (*client.Client, error) {
		return client.NewClientWithOpts(client.WithHost("tcp://"+engine.Listener.Addr().String()),
			client.WithVersion("1.44"))
	}
	for name, c := range map[string]struct {
		missing []string
		says    string
	}{"needed": {[]string{"kindest/node:v1.37.2"}, "docker.io answers"}, "not needed": {nil, ""}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			says, err := Registry(dial, []string{"kindest/node:v1.37.2"},
				func(context.Context) []string { return c.missing }).Check(t.Context())
			if _, skipped := errors.AsType[*NotApplicable](err); says != c.says || skipped != (c.missing == nil) {
				t.Errorf("got %q, %v", says, err)
			}
		})
	}
}
