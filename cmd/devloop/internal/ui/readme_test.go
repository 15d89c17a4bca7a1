package ui

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestREADMEShowsWhatTheProgramPrints draws the session that hack/session.sh recorded, and compares it
// with the READMEs. `go test -update` writes it into them.
func TestREADMEShowsWhatTheProgramPrints(t *testing.T) {
	var session bytes.Buffer
	replay(t, "testdata/readme.jsonl", NewPlain(&session, PlainOptions{}))
	const begin, end = "```console\n$ devloop run\n", "```\n"
	for _, name := range []string{"README.md", "README.ko.md"} {
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
