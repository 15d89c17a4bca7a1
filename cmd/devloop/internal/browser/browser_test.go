package browser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestOpenRunsTheProgramOfTheUser has $BROWSER write its arguments into a file.
func TestOpenRunsTheProgramOfTheUser(t *testing.T) {
	dir := t.TempDir()
	program, out := filepath.Join(dir, "browser"), filepath.Join(dir, "out")
	testfile.Write(t, "", program, "#!/bin/sh\necho \"$@\" >"+out+".new && mv "+out+".new "+out+"\n")
	t.Setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22") // who sets BROWSER knows what it does there
	const url = "http://localhost:8080/?a=b c"
	for value, want := range map[string]string{
		program:                    url,
		program + " --new":         "--new " + url,
		program + " %s -x:firefox": url + " -x",
	} {
		t.Setenv("BROWSER", value)
		must.Do(t, Open(t.Context(), url))
		if got := strings.TrimSpace(awaitFile(t, out)); got != want {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
}

func awaitFile(t *testing.T, path string) string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if data, err := os.ReadFile(path); err == nil {
			_ = os.Remove(path)
			return string(data)
		}
	}
	t.Fatal("the program was not started")
	return ""
}

func TestOpenSaysWhyNot(t *testing.T) {
	t.Setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
	for _, command := range []string{"", "/nowhere/browser", " : "} {
		t.Setenv("BROWSER", command)
		err := Open(t.Context(), "http://localhost:8080")
		if failure, is := err.(*fault.Error); !is || failure.Code != "machine.browser" ||
			!strings.Contains(strings.Join(failure.Hints, " "), "http://localhost:8080") {
			t.Errorf("%q: got %#v", command, err)
		}
	}
}
