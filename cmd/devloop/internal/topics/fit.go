package topics

import (
	"regexp"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
)

// written is the width for which the topics' lines are set, in cells.
const written = 80

// beside is the least width that a row's last column needs; a narrower one goes below the first.
const beside = 20

// Fit sets a topic's text for a terminal of that width: it fills paragraphs, and breaks the rows of tables and lists.
// Commands stay whole, for people to copy them. Where the text fits as it is written, it stays so.
func Fit(text string, width int) string {
	if width >= written {
		return text
	}
	var out []string
	var open row
	flush := func() {
		out = append(out, open.lines(width)...)
		open = row{}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		next := read(line)
		if open.goesOn(next) {
			open.text += " " + next.first + " " + next.text
			continue
		}
		flush()
		if open = next; line == "" {
			out = append(out, "")
		}
	}
	flush()
	return strings.Join(out, "\n") + "\n"
}

// row is a paragraph, or a line that begins with spaces.
type row struct {
	indent int
	first  string // the first column of a table, "" for other lines
	column int    // where the second one begins
	text   string
}

var (
	gap   = regexp.MustCompile(`\S( {2,})\S`)
	typed = regexp.MustCompile(`(?:^|: |→ )(?:devloop|docker|jdb|kubectl) .*$`)
)

func read(line string) row {
	text := strings.TrimLeft(line, " ")
	r := row{indent: len(line) - len(text), text: text}
	if at := gap.FindStringSubmatchIndex(text); r.indent > 0 && at != nil {
		r.first, r.text = text[:at[2]], text[at[3]:]
		r.column = r.indent + cells.Width(text[:at[3]])
	}
	return r
}

// goesOn reports whether the next line belongs to the row: to its paragraph, or to its last column.
func (r row) goesOn(next row) bool {
	return r.text != "" && next.text != "" && next.indent == r.column && (r.indent == 0 || r.column > 0)
}

// lines returns the row in lines of at most width cells, but for words and commands that are longer.
func (r row) lines(width int) []string {
	least := max(beside, cells.Width(typed.FindString(r.text)))
	switch {
	case r.text == "":
		return nil
	case r.indent == 0:
		return cells.Wrap(r.text, width)
	case r.first == "":
		return hanging(strings.Repeat(" ", r.indent), r.indent+2, r.text, width)
	case r.column+least > width:
		first := hanging(strings.Repeat(" ", r.indent), r.indent+2, r.first, width)
		return append(first, hanging(strings.Repeat(" ", r.indent+4), r.indent+4, r.text, width)...)
	}
	return hanging(cells.Pad(strings.Repeat(" ", r.indent)+r.first, r.column), r.column, r.text, width)
}

// hanging breaks text that begins behind a prefix; its other lines are indented.
func hanging(prefix string, indent int, text string, width int) []string {
	const space = "\x00" // stands for one at which no line may break
	text = typed.ReplaceAllStringFunc(text, func(c string) string {
		lead := c[:len(c)-len(strings.TrimLeft(c, ":→ "))]
		return lead + strings.ReplaceAll(c[len(lead):], " ", space)
	})
	lines := cells.Wrap(text, width-max(indent, cells.Width(prefix)))
	for i, line := range lines {
		if i == 0 {
			lines[i] = prefix + strings.ReplaceAll(line, space, " ")
		} else {
			lines[i] = strings.Repeat(" ", indent) + strings.ReplaceAll(line, space, " ")
		}
	}
	return lines
}
