package ui

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/translate"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestREADMEShowsWhatTheProgramPrints draws the session that hack/session.sh recorded, and compares it
// with the READMEs, each in its language. `go test -update` writes it into them.
func TestREADMEShowsWhatTheProgramPrints(t *testing.T) {
	const begin, end = "```console\n$ devloop run\n", "```\n"
	for name, style := range map[string]Style{"README.md": {}, "README.ko.md": {Say: translate.To("ko")}} {
		var session bytes.Buffer
		replay(t, "testdata/readme.jsonl", NewPlain(&session, PlainOptions{Style: style}))
		path := filepath.Join("..", "..", "..", "..", name)
		text := testfile.Read(t, path)
		before, rest, found := strings.Cut(string(text), begin)
		shown, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			t.Errorf("%s has no session", name)
			continue
		}
		if *update {
			shown = session.String()
			testfile.Write(t, "", path, before+begin+shown+end+after)
		}
		if shown != session.String() {
			t.Errorf("%s shows\n%s\nthe program prints\n%s", name, shown, session.String())
		}
	}
}

// TestTheDemoFindsTheAddress: hack/demo.sh reads it from the lines that `deploy --forward` prints.
func TestTheDemoFindsTheAddress(t *testing.T) {
	script := testfile.Read(t, filepath.Join("..", "..", "..", "..", "hack", "demo.sh"))
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
