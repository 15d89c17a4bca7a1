// Package yamlfile reads YAML and keeps the line of every value, so that a mistake can be shown where it is.
//
//	file, err := yamlfile.Read("pod.yaml")
//	documents, problems := file.Documents()
//	spec := yamlfile.Get(documents[0].Node, "spec")
//	problems = append(problems, file.Problem(spec, "add `containers:`", "`spec` has no `containers`"))
//	fmt.Println(problems[0]) // pod.yaml:5:3: …, the line itself, and a caret below it
//
// Values are decoded as kubectl does it. The callers know which values are valid.
package yamlfile

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	kyaml "sigs.k8s.io/yaml"
)

// File is a YAML file as text.
type File struct {
	Path  string
	lines []string
}

// Document is one of the documents of a file.
type Document struct {
	Node  *yaml.Node // with the positions
	Value any        // the decoded value, as for JSON
}

// Read reads the file at path; "-" is standard input.
func Read(path string) (*File, error) {
	read := func() ([]byte, error) { return os.ReadFile(path) }
	if path == "-" {
		read = func() ([]byte, error) { return io.ReadAll(os.Stdin) }
	}
	text, err := read()
	if err != nil {
		return nil, err
	}
	return New(path, text), nil
}

// New returns a file that holds text.
func New(path string, text []byte) *File {
	clean := strings.TrimPrefix(strings.ReplaceAll(string(text), "\r\n", "\n"), "\ufeff")
	return &File{Path: path, lines: strings.Split(clean, "\n")}
}

// Problem describes a mistake at node n; hint may be "".
func (f *File) Problem(n *yaml.Node, hint, message string, args ...any) Problem {
	return f.at(n.Line, n.Column, hint, fmt.Sprintf(message, args...))
}

func (f *File) at(line, column int, hint, message string) Problem {
	return Problem{File: f.Path, Line: line, Column: column, Message: message, Hint: hint, Source: f.line(line)}
}

// line returns the text of line n, which counts from 1.
func (f *File) line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	return f.lines[n-1]
}

// startLine and endLine match the lines that separate documents (YAML 1.2, 9.1.2 and 9.1.3).
var (
	startLine = regexp.MustCompile(`^---(\s|$)`)
	endLine   = regexp.MustCompile(`^\.\.\.(\s|$)`)
)

// Documents returns the documents that are not empty, parsed separately: a mistake hides none in the others.
func (f *File) Documents() (documents []Document, problems []Problem) {
	first := 0
	for i := range len(f.lines) + 1 {
		if i < len(f.lines) && !startLine.MatchString(f.lines[i]) && !endLine.MatchString(f.lines[i]) {
			continue
		}
		document, found := f.parse(first, i)
		problems = append(problems, found...)
		if document != nil {
			documents = append(documents, *document)
		}
		if first = i; i < len(f.lines) && endLine.MatchString(f.lines[i]) {
			first = i + 1
		}
	}
	return documents, problems
}

// hasContent says whether a line is more than a comment or a directive, such as %YAML 1.1.
func hasContent(line string) bool {
	text := strings.TrimSpace(line)
	return text != "" && !strings.HasPrefix(text, "#") && !strings.HasPrefix(line, "%")
}

// parse parses lines first to end, from 0, with as many empty lines in front: nodes have the right line numbers.
func (f *File) parse(first, end int) (*Document, []Problem) {
	if !slices.ContainsFunc(f.lines[first:end], hasContent) {
		return nil, nil
	}
	text := []byte(strings.Repeat("\n", first) + strings.Join(f.lines[first:end], "\n"))
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, f.syntax(err, first, end)
	}
	if len(root.Content) == 0 || root.Content[0].Tag == "!!null" {
		return nil, nil
	}
	document := &Document{Node: root.Content[0]}
	data, err := kyaml.YAMLToJSON(text)
	if err == nil {
		err = utiljson.Unmarshal(data, &document.Value)
	}
	if err != nil {
		return nil, f.syntax(fmt.Errorf("yaml: line %d: %w", f.aliasIn(err, first), err), first, end)
	}
	return document, nil
}

// Target follows an alias (`*base`) to its node.
func Target(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// Pair is an entry of a mapping.
type Pair struct{ Key, Value *yaml.Node }

// Pairs returns the entries of a mapping, then those merged into it (`<<: *base`) unless it has one with the same key.
func Pairs(n *yaml.Node) (list []Pair) {
	var merged []Pair
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], Target(n.Content[i+1])
		switch {
		case key.Tag != "!!merge":
			list = append(list, Pair{key, value})
		case value.Kind == yaml.SequenceNode:
			for _, base := range value.Content {
				merged = append(merged, Pairs(Target(base))...)
			}
		default:
			merged = append(merged, Pairs(value)...)
		}
	}
	for _, p := range merged {
		if !slices.ContainsFunc(list, func(own Pair) bool { return own.Key.Value == p.Key.Value }) {
			list = append(list, p)
		}
	}
	return list
}

// Get returns the value of a mapping's key, or nil.
func Get(n *yaml.Node, key string) *yaml.Node {
	if n = Target(n); n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for _, p := range Pairs(n) {
		if p.Key.Value == key {
			return p.Value
		}
	}
	return nil
}
