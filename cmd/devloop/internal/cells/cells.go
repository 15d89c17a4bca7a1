// Package cells measures text in the cells of a terminal, where a Korean syllable takes two.
//
//	cells.Width("Pod 파드")         // 8
//	cells.Wrap("one two three", 7) // "one two", "three"
package cells

import (
	"strings"
	"unicode"
)

// wide are the runes of two cells: Hangul, Chinese and Japanese, fullwidth forms, pictures. The ranges are
// those of Unicode's EastAsianWidth.txt with the value W or F, with the gaps between them.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{{0x1100, 0x115f, 1}, {0x2e80, 0xa4cf, 1}, {0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1}, {0xfe30, 0xfe6f, 1}, {0xff00, 0xff60, 1}, {0xffe0, 0xffe6, 1}},
	R32: []unicode.Range32{{0x1f300, 0x1faff, 1}, {0x20000, 0x3fffd, 1}},
}

// Width returns how many cells text takes.
func Width(text string) int {
	width := 0
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // drawn over the rune before
		case unicode.Is(wide, r):
			width += 2
		default:
			width++
		}
	}
	return width
}

// Wrap breaks text at white space into lines of at most width cells. A longer word has a line of
// its own.
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
