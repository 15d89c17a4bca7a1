//go:build unix

package cli

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/internal/must"
)

// TestExplainFitsItsTerminal: a topic, and their list.
func TestExplainFitsItsTerminal(t *testing.T) {
	for _, language := range []string{"en", "ko"} {
		for _, word := range []string{"Pod", ""} {
			text := onTerminal(t, 40, "devloop", "explain", word, "--lang", language)
			for line := range strings.Lines(text) {
				if cells.Width(strings.TrimRight(line, "\r\n")) > 40 {
					t.Errorf("%q in %s: too wide: %q", word, language, line)
				}
			}
			if !strings.Contains(text, "READY") && word != "" || !strings.Contains(text, "Pod") {
				t.Errorf("%q in %s: got\n%s", word, language, text)
			}
		}
	}
}

// onTerminal runs a command line, without words that are empty, on a terminal of that width.
func onTerminal(t *testing.T, width int, words ...string) string {
	t.Helper()
	master, file, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = master.Close() }()
	must.Do(t, pty.Setsize(file, &pty.Winsize{Rows: 24, Cols: uint16(width)}))
	shown := make(chan string)
	go func() {
		text, _ := io.ReadAll(master) // ends with an error when the other side is closed
		shown <- string(text)
	}()
	line := strings.Fields(strings.Join(words, " "))
	if code := Main(t.Context(), line, wiring.Streams{In: os.Stdin, Out: file, Err: file}); code != 0 {
		t.Errorf("%q ended with %d", line, code)
	}
	_ = file.Close()
	return <-shown
}
