package learn

import (
	"regexp"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
)

// plain makes Markdown readable in a terminal of that width: it fills paragraphs, indents what follows the first
// line of an item, a quotation or a row, and takes marks away that only a browser needs.
func plain(markdown string, width int) string {
	var out []string
	paragraph := ""
	add := func(text string) { out = append(out, cells.Wrap(text, width)...) }
	item := func(text string) { out = append(out, strings.Join(cells.Wrap(words(text), width-2), "\n  ")) }
	flush := func() {
		add(words(paragraph))
		paragraph = ""
	}
	fenced := false
	for line := range strings.Lines(markdown) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			flush()
			fenced = !fenced
		case fenced:
			out = append(out, "    "+line)
		case strings.HasPrefix(line, "|--"):
		case line == "":
			flush()
			out = append(out, "")
		case line[0] == '|': // a row of a table: it may be wrapped
			flush()
			item(strings.ReplaceAll(strings.Trim(line, "| "), " | ", " — "))
		case strings.IndexByte("#->", line[0]) >= 0:
			flush()
			item(line)
		default:
			paragraph += " " + line
		}
	}
	flush()
	return strings.Join(out, "\n")
}

var (
	link   = regexp.MustCompile(`\[([^\]]+)\]\([^)]+\)`)
	italic = regexp.MustCompile(`(^|[\s(])\*([^*\s][^*]*)\*`) // not a pattern such as libs/*.jar
	tag    = regexp.MustCompile(`</?(details|summary|code)>`)
)

// words returns prose without its marks.
func words(prose string) string {
	prose = link.ReplaceAllString(prose, "$1")
	prose = strings.ReplaceAll(tag.ReplaceAllString(prose, ""), "**", "")
	return italic.ReplaceAllString(prose, "$1$2")
}
