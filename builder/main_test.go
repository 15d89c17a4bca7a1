package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/builder/javac"
)

// errStopped is the cause with which tests end a context.
var errStopped = errors.New("a newer change came")

// TestMain lets the test binary play other programs: PLAY names the role.
func TestMain(m *testing.M) {
	roles := map[string]func() int{"": m.Run, "gradle": playGradle, "fail": playFailure, "hang": playHang, "javac": playJavac}
	os.Exit(roles[os.Getenv("PLAY")]())
}

// playGradle does what a build does: it says how it was called, leaves a jar, and
// has the init script's model written.
func playGradle() int {
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

// playFailure prints a recorded output and fails.
func playFailure() int {
	_, _ = io.WriteString(os.Stdout, os.Getenv("PLAY_OUTPUT"))
	return 1
}

// playHang is a build that does not end.
func playHang() int {
	fmt.Println("working")
	time.Sleep(time.Hour)
	return 0
}

// playJavac is a devloop that starts a compiler, and is to be killed itself.
func playJavac() int {
	cmd, err := javacCommand(os.Getenv("PLAY_JAVA_HOME"), os.Getenv("PLAY_DIR"))
	if err != nil {
		return 1
	}
	cmd.Stderr = os.Stderr
	p, err := startJavac(cmd)
	if err != nil {
		return 1
	}
	if _, err := p.Compile(context.Background(), javac.Request{}); err != nil { // it runs, and has nothing to say
		fmt.Println(err)
	}
	fmt.Println("started")
	_ = p.process.Wait()
	return 1
}

// gradleProject makes a project whose gradlew is played by this test binary.
func gradleProject(t *testing.T, role string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "settings.gradle", "rootProject.name = 'Spring Server'\n")
	write(t, dir, "build.gradle", "")
	write(t, dir, "gradlew", fmt.Sprintf("#!/bin/sh\nPLAY=%s exec %q \"$@\"\n", role, os.Args[0]))
	return dir
}

// The jars of tests.
type file = jartest.File

var (
	write     = jartest.WriteFile
	jarOf     = jartest.Write
	bootFiles = jartest.BootFiles
	class     = jartest.Class
	without   = jartest.Without
)
