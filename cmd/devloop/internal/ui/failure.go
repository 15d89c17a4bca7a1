package ui

import (
	"fmt"
	"io"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// PrintFailure writes an error for people: what failed, the evidence, and what to do.
func PrintFailure(w io.Writer, s Style, f event.Failure) {
	_, _ = fmt.Fprintf(w, "%s %s\n", s.Red("error:"), s.Link(f.Message))
	seen := f.Evidence
	if len(seen) > 0 && strings.HasSuffix(f.Message, seen[0]) {
		seen = seen[1:] // the message ends with it
	}
	evidence(w, s, seen)
	for _, h := range f.Hints {
		_, _ = fmt.Fprintf(w, "%s%s\n", s.Cyan("  → "), s.Link(h))
	}
}

func evidence(w io.Writer, s Style, lines []string) {
	for _, line := range lines {
		_, _ = fmt.Fprintf(w, "  %s %s\n", s.Dim("│"), s.Link(line))
	}
}
