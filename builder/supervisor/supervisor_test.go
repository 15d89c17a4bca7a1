package supervisor

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/hack/real"
)

func TestCommand(t *testing.T) {
	t.Parallel()
	for want, debug := range map[string]Debug{"0": {}, "17655": {On: true},
		"17655:suspend": {On: true, Suspend: true}} {
		got := Command("/opt/java", []string{"java", "App"}, debug, nil)
		i := slices.Index(got, "io.github.devloop_cli.Supervise")
		if got[0] != "/opt/java" || i < 0 || strings.Join(got[i+1:], " ") != "17654 /app/classes /app/changes "+want+
			" java App" {
			t.Errorf("got %q", got)
		}
	}
}

// TestOptionsOfEveryJVM: the supervisor's JVM has those of the container, too, and starts.
func TestOptionsOfEveryJVM(t *testing.T) {
	t.Parallel()
	real.Java(t)
	for _, env := range []string{"JAVA_TOOL_OPTIONS=-Xmx512m -Xms512m", "JAVA_TOOL_OPTIONS=-XX:+UseG1GC -Xss1m",
		"JAVA_TOOL_OPTIONS=-XX:+UseParallelGC -XX:MaxRAMPercentage=75",
		"JAVA_TOOL_OPTIONS=-XX:-TieredCompilation -XX:InitialHeapSize=1g",
		"JDK_JAVA_OPTIONS=-XX:InitialRAMPercentage=50 -XX:+UseZGC", "_JAVA_OPTIONS=-Xmx512m -XX:+UseG1GC"} {
		if variable, why := jvm.Exclusive([]string{env}); variable != "" {
			t.Errorf("%s: %s", env, why)
		}
		command := Command("java", nil, Debug{}, []string{env})
		cmd := exec.Command(command[0], append(command[1:slices.Index(command, "-cp")], "-version")...)
		cmd.Env = append(jvm.WithoutOptions(os.Environ()), env)
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", env, err, said)
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	var paths []string
	for _, f := range Files() {
		paths = append(paths, f.Path)
	}
	if !slices.Contains(paths, "app/supervisor/io/github/devloop_cli/Supervise.class") {
		t.Errorf("got %q", paths)
	}
}
