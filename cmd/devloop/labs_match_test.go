package main

import (
	"slices"
	"strings"
	"testing"
)

// asWritten reports whether output has the lines that a command shows. White space counts as one
// space, … stands for anything in its line, and for any lines where it stands alone.
func asWritten(want []string, output string) bool {
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return matchLines(want, lines)
}

func matchLines(want, lines []string) bool {
	if len(want) == 0 {
		return true // nothing is promised
	}
	if want[0] == "…" {
		for i := range len(lines) + 1 {
			if len(want) == 1 || matchLines(want[1:], lines[i:]) {
				return true
			}
		}
		return false
	}
	return len(lines) > 0 && matchLine(want[0], lines[0]) && (len(want) == 1 && len(lines) == 1 || len(want) > 1 && matchLines(want[1:], lines[1:]))
}

// matchLine compares one line.
func matchLine(want, line string) bool {
	parts := strings.Split(strings.Join(strings.Fields(want), " "), "…")
	last := len(parts) - 1
	if last == 0 {
		return line == parts[0]
	}
	if !strings.HasPrefix(line, strings.TrimSpace(parts[0])) ||
		!strings.HasSuffix(line, strings.TrimSpace(parts[last])) {
		return false
	}
	for _, part := range parts[:last] {
		_, rest, found := strings.Cut(line, strings.TrimSpace(part))
		if !found {
			return false
		}
		line = rest
	}
	return strings.HasSuffix(line, strings.TrimSpace(parts[last]))
}

func TestLabsTakeDotsForAnything(t *testing.T) {
	t.Parallel()
	output := "web → kind cluster devloop\nready      5.02 s web\ndone  9 s\n"
	for shows, want := range map[string]bool{
		"":                            true,
		"…":                           true,
		"…|ready … web|…":             true,
		"…|ready 5.02 s web|…":        true,
		"web → …|ready … web|done …":  true,
		"…|done … s":                  true,
		"ready … web":                 false,
		"…|ready … web":               false, // a line follows
		"…|done …|ready … web|…":      false,
		"…|eady … web|…":              false,
		"web → …|…|… cluster|…":       false,
		"web → … cluster devloop|…|…": true,
	} {
		lines := slices.DeleteFunc(strings.Split(shows, "|"), func(s string) bool { return s == "" })
		if got := asWritten(lines, output); got != want {
			t.Errorf("%q: got %v", shows, got)
		}
	}
}
