package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/devloop-cli/devloop/hack/real"
)

var update = flag.Bool("update", false, "rewrite the golden files in the scripts")

// parallel is how many scenarios run at once: they wait for Pods more than they compute.
const parallel = 3

// TestMain puts a devloop on the PATH, as its users have it, for the scripts and the scenarios.
func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "devloop-test-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		stubDir = dir
		err = os.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state")) // the tester's own has no test in it
	}
	if err == nil {
		err = real.DevloopOnPath(dir)
	}
	if err == nil && flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		err = flag.Set("test.parallel", strconv.Itoa(parallel))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// TestScript runs the command line's specification, testdata/script/*.txtar. These
// scripts need no engine and no cluster; what does is in scenario_test.go.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		Setup:         isolate,
		UpdateScripts: *update,
		Cmds:          map[string]func(ts *testscript.TestScript, neg bool, args []string){"fails": fails},
	})
}

// isolate keeps a script away from the engine, the clusters and the settings of
// whoever runs the tests, but leaves it the tools on the PATH.
func isolate(env *testscript.Env) error {
	home := env.WorkDir + "/home"
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	for _, v := range [][2]string{
		{"HOME", home}, {"XDG_CACHE_HOME", home + "/.cache"}, {"KUBECONFIG", home + "/kubeconfig"},
		{"DOCKER_HOST", "unix://" + home + "/no-engine.sock"}, {"NO_COLOR", "1"}, {"JAVA_HOME", os.Getenv("JAVA_HOME")},
	} {
		env.Setenv(v[0], v[1])
	}
	return nil
}

// fails runs a command that must end with the exit code given: fails 3 devloop deploy.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fails CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	exit, ended := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		ts.Fatalf("it succeeded, want exit code %d", want)
	case !ended:
		ts.Fatalf("it did not run: %v", err)
	case exit.ExitCode() != want:
		ts.Fatalf("exit code %d, want %d", exit.ExitCode(), want)
	}
}
