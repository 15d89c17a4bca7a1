package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// The stub stands in for Spring Boot and its build tools where a scenario tests devloop and
// not them: testdata/stub has its sources, and says what it does.

// stubDir is where TestMain keeps the stub's classes, for all scenarios.
var stubDir string

// compiledStub compiles the stub, once.
var compiledStub = sync.OnceValue(func() error {
	for _, args := range [][]string{
		{"javac", "--release", "17", "-d", "web", "@web.sources"},
		{"javac", "--release", "17", "-d", "loader", "@loader.sources"},
		{"javac", "--release", "17", "-d", "tool", "@tool.sources"},
		// By the classes in them devloop tells that the application is a server. The stub has one jar in two halves.
		{"jar", "--create", "--file", "spring-web-1.0.jar", "-C", "web", "org/springframework/web"},
		{"jar", "--create", "--file", "tomcat-embed-core-1.0.jar", "-C", "web", "org/springframework/boot", "-C", "web", "org/springframework/beans",
			"-C", "web", "org/springframework/stereotype", "-C", "web", "org/apache", "-C", "web", "jakarta"},
	} {
		part, isList := strings.CutPrefix(args[len(args)-1], "@")
		if isList {
			if err := listSources(strings.TrimSuffix(part, ".sources")); err != nil {
				return err
			}
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = stubDir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%q: %w\n%s", args, err, out)
		}
	}
	return nil
})

// listSources writes the file names of a part's sources as javac reads them.
func listSources(part string) error {
	root, err := filepath.Abs(filepath.Join("testdata", "stub", part))
	if err != nil {
		return err
	}
	var names []string
	err = filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if filepath.Ext(path) == ".java" {
			names = append(names, fmt.Sprintf("%q", path))
		}
		return err
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(stubDir, part+".sources"), []byte(strings.Join(names, "\n")), 0o644)
}

// newStub is newScenario with the stub's build tool in the sample: a mvnw or a gradlew.
func newStub(t *testing.T, sample string) *scenario {
	t.Helper()
	real.Java(t)
	s := newScenario(t, sample)
	s.patience = 3 * time.Minute
	s.stub()
	return s
}

// newStubOrSpring is newStub in the short tier. In the long one it is newScenario, with Maven and the real Spring Boot.
func newStubOrSpring(t *testing.T) *scenario {
	t.Helper()
	if !real.LongTier() {
		return newStub(t, "spring-maven")
	}
	real.Maven(t)
	return newScenario(t, "spring-maven")
}

// stub gives the project the stub's build tool.
func (s *scenario) stub() {
	s.Helper()
	must.Do(s, compiledStub())
	tool, wrapper := "maven", "mvnw"
	if _, err := os.Stat(filepath.Join(s.dir, "build.gradle")); err == nil {
		tool, wrapper = "gradle", "gradlew"
	}
	if err := os.RemoveAll(filepath.Join(s.dir, "gradle", "wrapper")); err != nil { // what would be fetched
		s.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -cp '%s' Build '%s' %s \"$@\"\n", filepath.Join(stubDir, "tool"), stubDir, tool)
	testfile.Write(s, s.dir, wrapper, script)
	must.Do(s, os.Chmod(filepath.Join(s.dir, wrapper), 0o755))
}
