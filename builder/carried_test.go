package builder

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// carried are the directories with Java programs whose class files are checked in.
var carried = []string{"javac", "supervisor", "launcher", "maven/extension", "cds", "spare"}

// TestClassFilesAreOfTheirSources compares the sources with the digests that compile.sh wrote when it made
// the class files.
func TestClassFilesAreOfTheirSources(t *testing.T) {
	t.Parallel()
	for _, dir := range carried {
		recorded := testfile.Read(t, filepath.Join(dir, "sources.sha256"))
		sources, _ := filepath.Glob(filepath.Join(dir, "io/github/*/*.java"))
		if len(sources) == 0 || len(sources) != strings.Count(string(recorded), "\n") {
			t.Errorf("%s has %d sources, and the digests of others", dir, len(sources))
		}
		for _, source := range sources {
			text := testfile.Read(t, source)
			name, _ := filepath.Rel(dir, source)
			sum := sha256.Sum256(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
			if !strings.Contains(string(recorded), hex.EncodeToString(sum[:])+"  "+filepath.ToSlash(name)+"\n") {
				t.Errorf("%s has changed: run builder/%s/compile.sh", source, dir)
			}
		}
	}
}

// TestRealClassFilesAreCompiled compiles the sources as they were compiled: with javac 17 and, for the
// extension, Debian's Maven. Those of cds and spare are compared where their libraries are.
func TestRealClassFilesAreCompiled(t *testing.T) {
	t.Parallel()
	real.Java(t)
	said, err := exec.Command("javac", "-version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(said), "javac 17.") {
		t.Skipf("the class files are javac 17's; here is %s %v", said, err)
	}
	for _, dir := range carried[:4] {
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			if _, err := os.Stat("/usr/share/maven/lib"); err != nil && dir == "maven/extension" {
				t.Skip("no Maven of Debian here")
			}
			made := t.TempDir()
			must.Do(t, os.CopyFS(made, os.DirFS(dir)))
			classes, _ := filepath.Glob(filepath.Join(made, "io/github/devloop_cli/*.class"))
			for _, class := range classes {
				must.Do(t, os.Remove(class))
			}
			if out, err := exec.Command("bash", filepath.Join(made, "compile.sh"),
				"/usr/share/maven").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			compiled, _ := filepath.Glob(filepath.Join(made, "io/github/devloop_cli/*.class"))
			if len(classes) == 0 || len(compiled) != len(classes) {
				t.Errorf("%d class files are checked in, %d are compiled", len(classes), len(compiled))
			}
			for _, class := range compiled {
				got, _ := os.ReadFile(class)
				want, err := os.ReadFile(filepath.Join(dir, "io/github/devloop_cli", filepath.Base(class)))
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s is not what its source says: run builder/%s/compile.sh (%v)",
						filepath.Base(class), dir, err)
				}
			}
		})
	}
}
