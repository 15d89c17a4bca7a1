package runner

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a manifest.
type Problem struct {
	File         string
	Line, Column int // from 1; 0 where the file as a whole is meant
	Message      string
	Hint         string // "" where there is nothing to advise
	Source       string // the line itself
}

// String returns the problem as compilers write it: place and message, then the
// line and a caret below the place.
func (p Problem) String() string { return strings.Join(p.text(), "\n") }

func (p Problem) text() []string {
	if p.Line == 0 {
		return []string{p.File + ": " + p.Message}
	}
	number := fmt.Sprintf("%5d", p.Line)
	return []string{
		fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message),
		number + " | " + p.Source,
		strings.Repeat(" ", len(number)) + " | " + pad(p.Source, p.Column-1) + "^",
	}
}

// pad returns white space as wide as the first n characters of line, tabs kept.
func pad(line string, n int) string {
	var b strings.Builder
	for i, r := range []rune(line) {
		if i >= n {
			break
		}
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// ManifestError lists every problem of the manifests. Nothing has been touched.
type ManifestError struct {
	Problems []Problem // by file, then by line
}

func (e *ManifestError) Error() string {
	if len(e.Problems) == 1 {
		return "read manifest: " + e.Problems[0].text()[0]
	}
	return fmt.Sprintf("read manifest: it has %d problems", len(e.Problems))
}

// Code returns "manifest.invalid".
func (e *ManifestError) Code() string { return "manifest.invalid" }

// Evidence shows each problem with its line.
func (e *ManifestError) Evidence() []string {
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.text()...)
	}
	return lines
}

// Hints returns the problems' hints, each once.
func (e *ManifestError) Hints() []string {
	var hints []string
	for _, p := range e.Problems {
		if p.Hint != "" && !slices.Contains(hints, p.Hint) {
			hints = append(hints, p.Hint)
		}
	}
	return hints
}
