package yamlfile

import (
	"regexp"
	"strconv"
	"strings"
)

// syntax explains why lines first to end are not YAML: mostly tabs, of which it reports all, the parser one. What is to
// be rendered first is not YAML yet.
func (f *File) syntax(err error, first, end int) []Problem {
	var tabs []Problem
	for i := first; i < end; i++ {
		if column := strings.Index(f.lines[i], "{{") + 1; column > 0 {
			return []Problem{f.at(i+1, column, "render it first, as with: helm template CHART > k8s.yaml",
				"this is a line of a template, as Helm has them, and not of YAML")}
		}
		if column := tabIn(f.lines[i]); column > 0 {
			tabs = append(tabs, f.at(i+1, column, "replace the tabs by spaces: expand -t 2 "+f.Path,
				"this line is indented with a tab, and YAML allows only spaces there"))
		}
	}
	if len(tabs) > 0 {
		return tabs
	}
	line, message := syntaxLine(err, f.aliasIn(err, first), end)
	column := len(f.line(line)) - len(strings.TrimLeft(f.line(line), " ")) + 1
	message, hint := explainSyntax(message)
	if open := f.openQuote(first, end); open > 0 && strings.Contains(message, "quote") {
		line, column = open, strings.LastIndexAny(f.line(open), `"'`)+1
	}
	return []Problem{f.at(line, column, hint, message)}
}

// aliasIn returns the line of the alias that an error is about, such as one inside its own anchor, else the first.
func (f *File) aliasIn(err error, first int) int {
	if name := anchorName.FindStringSubmatch(err.Error()); name != nil {
		for i := first; i < len(f.lines); i++ {
			if strings.Contains(f.lines[i], "*"+name[1]) {
				return i + 1
			}
		}
	}
	return first + 1
}

var anchorName = regexp.MustCompile(`anchor '([^']*)'`)

// tabIn returns the column of the first tab in the white space that starts a line, or 0.
func tabIn(line string) int {
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	if strings.TrimSpace(line) == "" {
		return 0
	}
	return strings.IndexByte(indent, '\t') + 1
}

var yamlError = regexp.MustCompile(`yaml: (?:line (\d+): )?(.*)$`)

// syntaxLine parses the parser's error. For the first line, and an unknown alias, that names none: the given one.
func syntaxLine(err error, unnamed, last int) (int, string) {
	parts := yamlError.FindStringSubmatch(strings.Split(err.Error(), "\n")[0])
	if parts == nil {
		return last, err.Error()
	}
	line, _ := strconv.Atoi(parts[1])
	if line < 1 {
		line = unnamed
	}
	return min(line, last), parts[2]
}

// explainSyntax translates the parser's message, and says what to do.
func explainSyntax(message string) (text, hint string) {
	switch {
	case strings.Contains(message, "mapping values are not allowed"):
		return "a `key: value` is not allowed here",
			"keys of one object start in the same column: check the indentation of this line and the one above; quote a text that has `: ` in it"
	case strings.Contains(message, "did not find expected key"),
		strings.Contains(message, "did not find expected '-' indicator"):
		return "the lines of this block have different indentation",
			"start all keys of one object in the same column, and all `- ` of one list; two spaces a level"
	case strings.Contains(message, "could not find expected ':'"):
		return "this key has no `:`", "write `key: value`, with a space after the colon"
	case strings.Contains(message, "unexpected end of stream"),
		strings.Contains(message, "unexpected document indicator"):
		return "the closing quote is missing", "add the closing quote"
	case strings.Contains(message, "contains itself"):
		return "this alias is inside of what it stands for", "write out what is meant"
	case strings.Contains(message, "cannot start any token"):
		return "a value cannot start with this character", "put the value in quotes"
	default:
		return "not valid YAML: " + message, ""
	}
}

// openQuote returns the last line that has an odd number of double or single quotes.
func (f *File) openQuote(first, end int) int {
	for i := end - 1; i >= first; i-- {
		code, _, _ := strings.Cut(f.lines[i], " #")
		if strings.Count(code, `"`)%2 == 1 || strings.Count(code, `'`)%2 == 1 {
			return i + 1
		}
	}
	return 0
}
