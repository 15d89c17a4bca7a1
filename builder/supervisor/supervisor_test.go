package supervisor

import (
	"slices"
	"strings"
	"testing"
)

func TestCommand(t *testing.T) {
	t.Parallel()
	for want, debug := range map[string]Debug{"0": {}, "17655": {On: true}, "17655:suspend": {On: true, Suspend: true}} {
		got := Command("/opt/java", []string{"java", "App"}, debug)
		i := slices.Index(got, "io.github.devloop_cli.Supervise")
		if got[0] != "/opt/java" || i < 0 || strings.Join(got[i+1:], " ") != "17654 /app/classes /app/changes "+want+" java App" {
			t.Errorf("got %q", got)
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
