// Package buildtest helps to test builds: projects to build, samples, and a Gradle that the test binary plays.
package buildtest

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// Controller is the controller of the samples.
const Controller = "src/main/java/com/example/AppController.java"

// GradleProject makes a project whose gradlew is played by this test binary.
func GradleProject(t *testing.T, role string) string {
	t.Helper()
	dir := t.TempDir()
	testfile.Write(t, dir, "settings.gradle", "rootProject.name = 'Spring Server'\n")
	testfile.Write(t, dir, "build.gradle", "")
	testfile.Write(t, dir, "gradlew", fmt.Sprintf("#!/bin/sh\nPLAY=%s exec %q \"$@\"\n", role, os.Args[0]))
	return dir
}

// PlayGradle does what a build does: it says how it was called, leaves a jar, and has the init script's model written.
func PlayGradle() int {
	fmt.Println("called with", os.Args[1:])
	if model := os.Getenv("PLAY_MODEL"); model != "" {
		for i, arg := range os.Args {
			if arg == "--init-script" {
				script, _ := os.ReadFile(os.Args[i+1])
				path := regexp.MustCompile(`new File\('(.+?)'\)`).FindSubmatch(script)[1]
				_ = os.WriteFile(string(path), []byte(model), 0o644)
			}
		}
	}
	return 0
}

// PlayFailure prints a recorded output and fails.
func PlayFailure() int {
	_, _ = io.WriteString(os.Stdout, os.Getenv("PLAY_OUTPUT"))
	return 1
}

// PlayHang is a build that does not end.
func PlayHang() int {
	fmt.Println("working")
	time.Sleep(time.Hour)
	return 0
}

// Sample copies a sample to a directory of this test's own, under a name that no one else's images have.
func Sample(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "devloop-test-"+name)
	real.CopySources(t, filepath.Join(repository(t), "samples", name), dir)
	for _, made := range []string{"build", "target", ".gradle"} { // by somebody who built the sample where it is
		must.Do(t, os.RemoveAll(filepath.Join(dir, made)))
	}
	for _, script := range []string{"gradlew", "mvnw"} {
		_ = os.Chmod(filepath.Join(dir, script), 0o755)
	}
	settings := filepath.Join(dir, "settings.gradle")
	if text, err := os.ReadFile(settings); err == nil {
		testfile.Write(t, dir, "settings.gradle",
			strings.Replace(string(text), "'"+name+"'", "'devloop-test-"+name+"'", 1))
	}
	return dir
}

func repository(t *testing.T) string {
	t.Helper()
	dir := must.Get(os.Getwd())(t)
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the test")
	return ""
}

// Log puts a tool's output into the test's log.
type Log struct{ T *testing.T }

func (w Log) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		w.T.Log(strings.TrimRight(line, "\n"))
	}
	return len(p), nil
}

// Timed runs do and logs how long it took.
func Timed(t *testing.T, what string, do func()) {
	t.Helper()
	began := time.Now()
	do()
	t.Logf("TIME %s: %.2f s", what, time.Since(began).Seconds())
}

// Change replaces text in a file; without a text to be replaced it makes the file, and without a new one it removes it.
func Change(t *testing.T, dir, file, from, to string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(file))
	text, err := os.ReadFile(path)
	switch {
	case from == "":
		testfile.Write(t, dir, file, to)
	case err != nil || !strings.Contains(string(text), from):
		t.Fatalf("no %q to edit in %s: %v", from, file, err)
	case to == "":
		must.Do(t, os.Remove(path))
	default:
		testfile.Write(t, dir, file, strings.Replace(string(text), from, to, 1))
	}
}
