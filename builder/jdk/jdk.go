// Package jdk finds Java development kits on this machine.
//
//	jdk.Hint(21) // "use Java 21, which is on this machine: export JAVA_HOME=/usr/lib/jvm/temurin-21"
//
// It looks where systems, IDEs, Gradle and SDKMAN put them. Which version a project needs is for the tool to say.
package jdk

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"

	"github.com/devloop-cli/devloop/internal/paths"
)

// JDK is a Java development kit.
type JDK struct {
	Home    string
	Version int
}

// Default is the version to suggest if any will do.
const Default = 21

// Hint says how to use a JDK of at least a version.
func Hint(version int) string {
	for _, j := range Find() {
		if j.Version >= version {
			return fmt.Sprintf("use Java %d, which is on this machine: export JAVA_HOME=%s", j.Version, j.Home)
		}
	}
	return InstallHint(version)
}

// InstallHint says how to install a JDK.
func InstallHint(version int) string {
	switch runtime.GOOS {
	case "darwin":
		return fmt.Sprintf("install a JDK: brew install --cask temurin@%d", version)
	case "windows":
		return fmt.Sprintf("install a JDK: winget install EclipseAdoptium.Temurin.%d.JDK", version)
	}
	return fmt.Sprintf("install a JDK %d or newer: https://adoptium.net", version)
}

// Find returns the JDKs on this machine, the oldest version first.
func Find() []JDK {
	var found []JDK
	for _, pattern := range []string{"/usr/lib/jvm/*", "/Library/Java/JavaVirtualMachines/*/Contents/Home",
		paths.InHome(".sdkman/candidates/java/*"), paths.InHome(".jdks/*"), paths.InHome(".asdf/installs/java/*"),
		filepath.Join(paths.GradleHome(), "jdks", "*"),
		filepath.Join(paths.GradleHome(), "jdks", "*", "Contents", "Home")} {
		homes, _ := filepath.Glob(pattern)
		for _, home := range homes {
			if j, ok := read(paths.Real(home)); ok && !slices.Contains(found, j) {
				found = append(found, j)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b JDK) int { return a.Version - b.Version })
	return found
}

// releaseVersion matches the version in the file "release" of a JDK: JAVA_VERSION="17.0.15", or "1.8.0_402".
var releaseVersion = regexp.MustCompile(`(?m)^JAVA_VERSION="(?:1\.)?(\d+)`)

// read returns the JDK in a directory, false if it has none. A JRE has no javac.
func read(home string) (JDK, bool) {
	javac := "javac"
	if runtime.GOOS == "windows" {
		javac += ".exe"
	}
	if _, err := os.Stat(filepath.Join(home, "bin", javac)); err != nil {
		return JDK{}, false
	}
	text, _ := os.ReadFile(filepath.Join(home, "release"))
	m := releaseVersion.FindSubmatch(text)
	if m == nil {
		return JDK{}, false
	}
	version, err := strconv.Atoi(string(m[1]))
	return JDK{home, version}, err == nil
}
