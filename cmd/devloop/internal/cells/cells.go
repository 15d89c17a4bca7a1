// Package cells measures text in the cells of a terminal, where a Korean syllable takes two.
//
//	cells.Width("Pod 파드")         // 8
//	cells.Wrap("one two three", 7) // "one two", "three"
//	cells.Cut("one two", 5)        // "one …"
//	cells.CutMiddle("one-two", 5)  // "on…wo"
//	cells.Table(rows, 3)           // columns, three cells apart
package cells

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// condition gives one cell to runes whose width depends on the font, such as arrows: texts are the same everywhere.
var condition = &runewidth.Condition{StrictEmojiNeutral: true}

// Width returns how many cells text takes.
func Width(text string) int { return condition.StringWidth(text) }

// Cut shortens text to width cells. The last one shows that something is missing.
func Cut(text string, width int) string { return condition.Truncate(text, width, "…") }

// CutMiddle shortens text to width cells by its middle: the names of a Deployment's Pods differ at their ends.
func CutMiddle(text string, width int) string {
	if Width(text) <= width {
		return text
	}
	end := condition.TruncateLeft(text, Width(text)-width/2, "")
	return Cut(text, width-Width(end)) + end
}

// Wrap breaks text at white space into lines of at most width cells. A longer word has a line of its own.
func Wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && Width(line)+1+Width(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimLeft(line+" "+word, " ")
	}
	if line == "" {
		return lines
	}
	return append(lines, line)
}

// Pad fills text up to width cells.
func Pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-Width(text)))
}

// Table sets rows in columns, gap cells apart. Each line ends with a line break, and the last column is not filled up.
func Table(rows [][]string, gap int) string {
	var widths []int
	for _, row := range rows {
		for i, text := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(text))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		for i, text := range row {
			if i < len(row)-1 {
				text = Pad(text, widths[i]+gap)
			}
			b.WriteString(text)
		}
		b.WriteString("\n")
	}
	return b.String()
}
