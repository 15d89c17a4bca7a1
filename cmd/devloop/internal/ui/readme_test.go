package ui

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/translate"
)

// TestREADMEShowsWhatTheProgramPrints draws the session that hack/session.sh recorded, and compares it
// with the READMEs, each in its language. `go test -update` writes it into them.
func TestREADMEShowsWhatTheProgramPrints(t *testing.T) {
	const begin, end = "```console\n$ devloop run\n", "```\n"
	for name, style := range map[string]Style{"README.md": {}, "README.ko.md": {Say: translate.To("ko")}} {
		var session bytes.Buffer
		replay(t, "testdata/readme.jsonl", NewPlain(&session, PlainOptions{Style: style}))
		path := filepath.Join("..", "..", "..", "..", name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, found := strings.Cut(string(text), begin)
		shown, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			t.Errorf("%s has no session", name)
			continue
		}
		if *update {
			shown = session.String()
			if err := os.WriteFile(path, []byte(before+begin+shown+end+after), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if shown != session.String() {
			t.Errorf("%s shows\n%s\nthe program prints\n%s", name, shown, session.String())
		}
	}
}

// TestTheDemoFindsTheAddress: hack/demo.sh reads it from the lines that `deploy --forward` prints.
func TestTheDemoFindsTheAddress(t *testing.T) {
	script, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "hack", "demo.sh"))
	if err != nil {
		t.Fatal(err)
	}
	pattern := regexp.MustCompile(`sed -n '(s\|\^forward[^']*)'`).FindSubmatch(script)
	sed, err := exec.LookPath("sed")
	if pattern == nil || err != nil && runtime.GOOS != "windows" {
		t.Fatalf("hack/demo.sh looks for %q, %v", pattern, err)
	}
	if err != nil {
		t.Skip(err)
	}
	out, err := exec.CommandContext(t.Context(), sed, "-n", string(pattern[1]), "testdata/deploy.txt").CombinedOutput()
	if err != nil || !regexp.MustCompile(`^http://localhost:\d+\n$`).Match(out) {
		t.Errorf("it finds %q, %v", out, err)
	}
}
