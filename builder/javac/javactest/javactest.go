// Package javactest lends tests one Java compiler that is kept running. Tests that compile a small source
// each would spend most of their time on starting javac.
package javactest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// Shared returns the compiler of all tests in the package under test, or skips t where there is no JDK.
func Shared(t testing.TB) *javac.Compiler {
	t.Helper()
	real.Java(t)
	return must.Get(start())(t)
}

var start = sync.OnceValues(func() (*javac.Compiler, error) {
	dir, err := os.MkdirTemp("", "javac")
	if err != nil {
		return nil, err
	}
	program, err := javac.Install(dir)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("java", javac.Arguments(program)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return javac.New(in, out), cmd.Start() // it ends with this process, which holds its stdin
})

// Compile compiles sources from nothing into dir, which has to be there.
func Compile(t testing.TB, dir string, options, sources []string) {
	t.Helper()
	empty := filepath.Join(t.TempDir(), "nothing") // else the working directory is on the class path
	answer, err := Shared(t).Compile(t.Context(),
		javac.Request{Options: slices.Concat([]string{"-d", dir, "-classpath", empty}, options), Sources: sources})
	if err != nil {
		t.Fatal(err)
	}
	if !answer.OK {
		t.Fatalf("javac: %+v", answer.Diagnostics)
	}
}
