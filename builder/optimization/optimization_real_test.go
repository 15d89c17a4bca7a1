package optimization

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/jdk"
	"github.com/devloop-cli/devloop/hack/real"
)

// TestNoJVMWarnsOfTheOptionForNewMethods: the application's log begins without a warning of an option that the user did
// not choose, and the JVM still gives other warnings.
func TestNoJVMWarnsOfTheOptionForNewMethods(t *testing.T) {
	t.Parallel()
	real.Java(t)
	for _, j := range jdk.Find() {
		args := append(texts(newMethods), "-XX:+PrintFlagsFinal", "-version")
		out, err := exec.Command(filepath.Join(j.Home, "bin", "java"), args...).CombinedOutput()
		if err != nil || strings.Contains(string(out), "warning") {
			t.Errorf("Java %d: %v\n%s", j.Version, err, out)
		}
		for _, flag := range []string{"PrintWarnings", "AllowRedefinitionToAddDeleteMethods"} {
			i := slices.IndexFunc(strings.Split(string(out), "\n"), func(line string) bool {
				words := strings.Fields(line)
				return len(words) > 3 && words[1] == flag && words[3] == "true"
			})
			if i < 0 {
				t.Errorf("Java %d: %s is off", j.Version, flag)
			}
		}
	}
}
