package pods

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestASlashMakesNoOtherProject(t *testing.T) {
	dir := t.TempDir()
	k8s := filepath.Join(dir, "k8s")
	must.Do(t, os.Mkdir(k8s, 0o755))
	file := filepath.Join(k8s, "pod.yaml")
	testfile.Write(t, "", file, "")
	for _, given := range []string{k8s, k8s + "/", k8s + "/./", file} {
		if got, err := manifestDir(given); err != nil || got != k8s {
			t.Errorf("%s: got %q, %v", given, got, err)
		}
	}
	t.Chdir(dir)
	if got, err := manifestDir("-"); err != nil || filepath.Base(got) != filepath.Base(dir) {
		t.Errorf("stdin: got %q, %v", got, err)
	}
}

func TestForwardArguments(t *testing.T) {
	for text, want := range map[string]struct {
		name  string
		ports portPair
	}{
		"":            {"", portPair{}},
		"web":         {"web", portPair{}},
		"8080":        {"", portPair{8080, 8080, false}},
		"web 80":      {"web", portPair{80, 80, false}},
		"pod/web 80":  {"Pod/web", portPair{80, 80, false}},
		"pod web 80":  {"Pod/web", portPair{80, 80, false}},
		"svc/web 80":  {"Service/web", portPair{80, 80, false}},
		"web 8080:80": {"web", portPair{8080, 80, true}},
		"web :80":     {"web", portPair{0, 80, false}},
		"web 0:80":    {"web", portPair{0, 80, false}},
	} {
		name, ports, err := forwardArgs(strings.Fields(text))
		if err != nil || name != want.name || ports != want.ports {
			t.Errorf("%q: got %q %v %v", text, name, ports, err)
		}
	}
	for _, bad := range []string{"web eighty", "web 80:", "web 70000", "web 1:2:3", "a b c", "web -1"} {
		if _, _, err := forwardArgs(strings.Fields(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestAddressesLastAsLongAsTheirProcess writes addresses down as a session does.
