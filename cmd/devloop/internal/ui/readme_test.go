package ui

import (
	"bytes"
	"os"
	"path/filepath"
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
