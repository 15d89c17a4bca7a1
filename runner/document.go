package runner

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Document is a YAML file of one document that is no manifest, such as settings.
// Mistakes in it are told of as mistakes in manifests are.
type Document struct {
	// Root is the document's node, nil where the file holds nothing but comments.
	Root *yaml.Node
	src  *source
}

// ReadDocument reads the YAML file at path. What is no YAML comes as problems; the
// error is that of the file system.
func ReadDocument(path string) (*Document, []Problem, error) {
	src, err := readSource(path)
	if err != nil {
		return nil, nil, err
	}
	nodes, problems := src.documents()
	if len(nodes) > 1 {
		problems = append(problems, src.at(nodes[1], "remove the line `---`", "a second document begins here, and one is all there may be"))
	}
	d := &Document{src: src}
	if len(nodes) > 0 {
		d.Root = nodes[0]
	}
	return d, problems, nil
}

// Problem tells of a mistake at the node n; hint may be "".
func (d *Document) Problem(n *yaml.Node, hint, message string, args ...any) Problem {
	return d.src.at(n, hint, message, args...)
}

func (s *source) at(n *yaml.Node, hint, message string, args ...any) Problem {
	return s.problem(n.Line, n.Column, fmt.Sprintf(message, args...), hint)
}
