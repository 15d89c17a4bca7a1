package ui

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// PrintFailure writes an error for people: what failed, the evidence, and what to do.
func PrintFailure(w io.Writer, s Style, f event.Failure) {
	_, _ = fmt.Fprintf(w, "%s %s\n", s.Red(s.said("error:", 0)), s.Links.Add(s.said(f.Message, 2)))
	seen := f.Evidence
	if len(seen) > 0 && strings.HasSuffix(f.Message, seen[0]) {
		seen = seen[1:] // the message ends with it
	}
	evidence(w, s, seen)
	hints(w, s, f.Hints)
}

// position begins a line of ours about a file. All other evidence is the words of other programs.
var position = regexp.MustCompile(`^\S+:\d+:\d+: `)

func evidence(w io.Writer, s Style, lines []string) {
	for _, line := range lines {
		if position.MatchString(line) {
			line = s.said(line, 4)
		}
		_, _ = fmt.Fprintf(w, "  %s %s\n", s.Dim("│"), s.Links.Add(line))
	}
}
