package runner

import (
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// source is a manifest file as text.
type source struct {
	path  string
	lines []string
	below string // the directory of a kustomization that it was built of, else ""
}

// readSource reads path; "-" is standard input.
func readSource(path string) (*source, error) {
	read := func() ([]byte, error) { return os.ReadFile(path) }
	if path == "-" {
		read = func() ([]byte, error) { return io.ReadAll(os.Stdin) }
	}
	text, err := read()
	if err != nil {
		return nil, err
	}
	return newSource(path, text), nil
}

func newSource(path string, text []byte) *source {
	clean := strings.TrimPrefix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\ufeff")
	return &source{path: path, lines: strings.Split(clean, "\n")}
}

// line returns the text of line n, which counts from 1.
func (s *source) line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	return s.lines[n-1]
}

func (s *source) problem(line, column int, message, hint string) Problem {
	return Problem{File: s.path, Line: line, Column: column, Message: message, Hint: hint, Source: s.line(line)}
}

// separator stands between two documents of a file, see YAML 1.2, 9.1.2.
var separator = regexp.MustCompile(`^---(\s|$)`)

// documents returns the parsed documents of the file. Each is parsed by itself, so
// that a mistake in one does not hide those of the others.
func (s *source) documents() ([]*yaml.Node, []Problem) {
	var nodes []*yaml.Node
	var problems []Problem
	first := 0
	for i := range len(s.lines) + 1 {
		if i < len(s.lines) && !separator.MatchString(s.lines[i]) {
			continue
		}
		node, found := s.parse(first, i)
		problems = append(problems, found...)
		if node != nil {
			nodes = append(nodes, node)
		}
		first = i + 1
	}
	return nodes, problems
}

// parse parses lines first to end, which count from 0. Empty lines stand for the
// rest of the file, so that the nodes know their true line.
func (s *source) parse(first, end int) (*yaml.Node, []Problem) {
	text := strings.Repeat("\n", first) + strings.Join(s.lines[first:end], "\n")
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return nil, s.syntax(err, first, end)
	}
	if len(document.Content) == 0 || document.Content[0].Tag == "!!null" {
		return nil, nil
	}
	return document.Content[0], nil
}

// syntax explains why lines first to end are no YAML. Tabs are the usual reason,
// and then each of them is named; the parser sees only the first, if any.
func (s *source) syntax(err error, first, end int) []Problem {
	var tabs []Problem
	for i := first; i < end; i++ {
		if column := tabIn(s.lines[i]); column > 0 {
			tabs = append(tabs, s.problem(i+1, column, "a tab indents this line, and YAML allows only spaces there",
				"replace the tabs by spaces: expand -t 2 "+s.path))
		}
	}
	if len(tabs) > 0 {
		return tabs
	}
	line, message := syntaxLine(err, end)
	column := len(s.line(line)) - len(strings.TrimLeft(s.line(line), " ")) + 1
	message, hint := explainSyntax(message)
	if open := s.openQuote(first, end); open > 0 && strings.Contains(message, "quote") {
		line, column = open, strings.LastIndexAny(s.line(open), `"'`)+1
	}
	return []Problem{s.problem(line, column, message, hint)}
}

// tabIn returns the column of the first tab in the white space that starts a line, or 0.
func tabIn(line string) int {
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	if strings.TrimSpace(line) == "" {
		return 0
	}
	return strings.IndexByte(indent, '\t') + 1
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntaxLine takes the parser's error apart, whose only form is text.
func syntaxLine(err error, last int) (int, string) {
	parts := yamlError.FindStringSubmatch(strings.Split(err.Error(), "\n")[0])
	if parts == nil {
		return last, err.Error()
	}
	line, _ := strconv.Atoi(parts[1])
	if line < 1 {
		line = last
	}
	return min(line, last), parts[2]
}

// explainSyntax says in other words what the YAML parser found.
func explainSyntax(message string) (text, hint string) {
	switch {
	case strings.Contains(message, "mapping values are not allowed"):
		return "a `key: value` can't stand here", "keys of one object start in the same column: check the indentation of this line and the one above; quote a text that has `: ` in it"
	case strings.Contains(message, "did not find expected key"), strings.Contains(message, "did not find expected '-' indicator"):
		return "the lines of this block are not indented alike", "start all keys of one object in the same column, and all `- ` of one list; two spaces a level"
	case strings.Contains(message, "could not find expected ':'"):
		return "a key without its `:`", "write `key: value`, with a space behind the colon"
	case strings.Contains(message, "unexpected end of stream"), strings.Contains(message, "unexpected document indicator"):
		return "a quoted text never ends: the closing quote is missing", `close the quote`
	case strings.Contains(message, "cannot start any token"):
		return "this character can't start a value", "put the value in quotes"
	default:
		return "not valid YAML: " + message, ""
	}
}

// openQuote returns the last line that has an odd number of double or single quotes.
func (s *source) openQuote(first, end int) int {
	for i := end - 1; i >= first; i-- {
		code, _, _ := strings.Cut(s.lines[i], " #")
		if strings.Count(code, `"`)%2 == 1 || strings.Count(code, `'`)%2 == 1 {
			return i + 1
		}
	}
	return 0
}

// pair is an entry of a mapping.
type pair struct{ key, value *yaml.Node }

// pairs returns the entries of a mapping, merged ones (`<<: *base`) included.
func pairs(n *yaml.Node) []pair {
	var list []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], target(n.Content[i+1])
		if key.Tag != "!!merge" {
			list = append(list, pair{key, value})
			continue
		}
		list = append(list, merged(n, value)...)
	}
	return list
}

// merged returns the entries of a merged mapping, or of several, that n itself lacks.
func merged(n, base *yaml.Node) []pair {
	if base.Kind == yaml.SequenceNode {
		var list []pair
		for _, item := range base.Content {
			list = append(list, merged(n, target(item))...)
		}
		return list
	}
	var list []pair
	for _, p := range pairs(base) {
		if own := get(&yaml.Node{Kind: yaml.MappingNode, Content: withoutMerges(n)}, p.key.Value); own == nil {
			list = append(list, p)
		}
	}
	return list
}

func withoutMerges(n *yaml.Node) []*yaml.Node {
	var content []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag != "!!merge" {
			content = append(content, n.Content[i], n.Content[i+1])
		}
	}
	return content
}

// target follows an alias (`*base`) to what it stands for.
func target(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// get returns the value of a mapping's key, or nil.
func get(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for _, p := range pairs(n) {
		if p.key.Value == key {
			return p.value
		}
	}
	return nil
}

var errScalar = errors.New("not a value that JSON knows")

// value converts a node to what encoding/json would make of it. kubectl reads YAML
// 1.1, in which a bare yes or off is a truth value, so it is one here too.
func value(n *yaml.Node) (any, error) {
	switch n = target(n); n.Kind {
	case yaml.MappingNode:
		object := map[string]any{}
		for _, p := range pairs(n) {
			v, err := value(p.value)
			if err != nil {
				return nil, err
			}
			object[p.key.Value] = v
		}
		return object, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			v, err := value(item)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.ScalarNode:
		return scalar(n)
	default:
		return nil, errScalar
	}
}

func scalar(n *yaml.Node) (any, error) {
	if truth, is := oldBool(n); is {
		return truth, nil
	}
	switch n.Tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int":
		var i int64
		err := n.Decode(&i)
		return i, err
	case "!!float":
		var f float64
		err := n.Decode(&f)
		return f, err
	default:
		return n.Value, nil
	}
}

// oldBool reads YAML 1.1's other words for true and false.
func oldBool(n *yaml.Node) (truth, is bool) {
	if n.Style != 0 || n.Tag != "!!str" {
		return false, false
	}
	switch strings.ToLower(n.Value) {
	case "yes", "on":
		return true, true
	case "no", "off":
		return false, true
	default:
		return false, false
	}
}
