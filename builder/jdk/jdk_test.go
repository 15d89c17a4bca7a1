package jdk

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/testfile"
)

// install makes the files by which a JDK is recognised.
func install(t *testing.T, home, version string, programs ...string) {
	t.Helper()
	for _, name := range append(programs, "../release") {
		testfile.Write(t, home, filepath.Join("bin", name), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\""+version+"\"\n")
	}
}

func TestHintNamesAnInstalledJDK(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("GRADLE_USER_HOME", filepath.Join(home, "gradle"))
	install(t, filepath.Join(home, ".jdks", "later"), "99.0.1", "javac", "javac.exe")
	install(t, filepath.Join(home, "gradle", "jdks", "latest"), "100", "javac", "javac.exe")
	install(t, filepath.Join(home, ".jdks", "jre"), "98.0.1", "java")
	install(t, filepath.Join(home, ".jdks", "odd"), "odd", "javac", "javac.exe")
	for version, want := range map[int]string{97: "jdks/later", 98: "jdks/later", 100: "jdks/latest",
		101: "install a JDK"} {
		if got := filepath.ToSlash(Hint(version)); !strings.Contains(got, want) {
			t.Errorf("%d: got %q, want %s", version, got, want)
		}
	}
}

func TestReadKnowsOldVersions(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	install(t, home, "1.8.0_402", "javac", "javac.exe")
	if j, ok := read(home); !ok || j.Version != 8 {
		t.Errorf("got %+v, %v", j, ok)
	}
	if _, ok := read(t.TempDir()); ok {
		t.Error("an empty directory is a JDK")
	}
}
