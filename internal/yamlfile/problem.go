package yamlfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a file.
type Problem struct {
	File         string
	Line, Column int // from 1; 0 for the file as a whole
	Message      string
	Hint         string // may be ""
	Source       string // the line itself
}

// String formats the problem like a compiler error: position and message, then the line, and a caret below.
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

// pad returns white space as wide as the first n characters of line. It keeps tabs.
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

// Problems are the mistakes of one or several files.
type Problems []Problem

// ByPlace orders problems by file, line and column.
func ByPlace(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
}

// Error returns the only problem, or their number.
func (l Problems) Error() string {
	if len(l) == 1 {
		return l[0].text()[0]
	}
	return fmt.Sprintf("%d problems", len(l))
}

// Evidence shows each problem with its line.
func (l Problems) Evidence() (lines []string) {
	for _, p := range l {
		lines = append(lines, p.text()...)
	}
	return lines
}

// Hints returns the hints, each once.
func (l Problems) Hints() (hints []string) {
	for _, p := range l {
		if p.Hint != "" && !slices.Contains(hints, p.Hint) {
			hints = append(hints, p.Hint)
		}
	}
	return hints
}
