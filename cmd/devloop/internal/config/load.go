package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"go.yaml.in/yaml/v3"

	"github.com/devloop-cli/devloop/internal/spelling"
	"github.com/devloop-cli/devloop/internal/yamlfile"
)

// File is the name of the settings' file, in the project's directory.
const File = "devloop.yaml"

// Version is the only version of the file's format that there is.
const Version = "1"

// Value is what a setting is set to.
type Value struct {
	// Texts has one element, and any number for a [List].
	Texts []string
	// From says where the value comes from: "default", "devloop.yaml:3", "$DEVLOOP_WAIT".
	From string
}

// Config is what file and environment say, by the settings' names.
type Config map[string]Value

// Load reads devloop.yaml in dir, if there is one, and the environment over it.
// Every mistake comes in one [*Error]; an unreadable file is an error of its own.
func Load(dir string, lookup func(name string) (string, bool)) (Config, error) {
	c := Config{}
	problems, err := c.readFile(dir)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	problems = append(problems, c.readEnvironment(lookup)...)
	if len(problems) > 0 {
		return nil, &Error{problems}
	}
	return c, nil
}

func (c Config) readFile(dir string) ([]yamlfile.Problem, error) {
	path := filepath.Join(dir, File)
	file, err := yamlfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // the project reports it
		return misnamed(dir), nil
	}
	if err != nil {
		return nil, err
	}
	return c.readDocument(file, dir), nil
}

func (c Config) readDocument(file *yamlfile.File, dir string) []yamlfile.Problem {
	documents, problems := file.Documents()
	if len(documents) == 0 {
		return problems
	}
	if len(documents) > 1 {
		problems = append(problems, file.Problem(documents[1].Node, "remove the line `---`",
			"a second document begins here, and only one is allowed"))
	}
	r := reader{file: file, dir: dir, into: c}
	r.mapping(documents[0].Node)
	return append(problems, r.problems...)
}

// misnamed finds a file that was meant to be devloop.yaml.
func misnamed(dir string) []yamlfile.Problem {
	path := filepath.Join(dir, "devloop.yml")
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	return []yamlfile.Problem{{File: path, Message: "devloop reads " + File + ", and nothing else",
		Hint: fmt.Sprintf("rename it: mv %s %s", path, filepath.Join(dir, File))}}
}

// reader takes the values out of devloop.yaml, and tells of what is no value.
type reader struct {
	file     *yamlfile.File
	dir      string
	into     Config
	problems []yamlfile.Problem
}

func (r *reader) add(n *yaml.Node, hint, message string, args ...any) {
	r.problems = append(r.problems, r.file.Problem(n, hint, message, args...))
}

func (r *reader) mapping(root *yaml.Node) {
	if root.Kind != yaml.MappingNode {
		r.add(root, "see an example: devloop init --print", "settings are lines of `key: value`")
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if line, twice := seen[key.Value]; twice {
			r.add(key, "", "`%s` is there twice, first in line %d", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		r.entry(key, value)
	}
	if seen["version"] == 0 {
		r.add(root, "write it as the first line: version: "+Version, "there is no `version`")
	}
}

func (r *reader) entry(key, value *yaml.Node) {
	if key.Value == "version" {
		r.version(value)
		return
	}
	s, known := Find(key.Value)
	if !known {
		r.unknown(key)
		return
	}
	if value.Tag == "!!null" {
		r.add(value, "give it one, or remove the line", "`%s` has no value", key.Value)
		return
	}
	texts := r.texts(s, value)
	r.into[s.Name] = Value{Texts: texts, From: fmt.Sprintf("%s:%d", File, key.Line)}
}

func (r *reader) version(n *yaml.Node) {
	if n.Value != Version {
		r.add(n, "a newer devloop may know it: devloop version",
			"`version` must be %s, the only one that this devloop knows", Version)
	}
}

func (r *reader) unknown(key *yaml.Node) {
	hint := "see which there are: devloop config"
	if near := spelling.Closest(key.Value, append(Names(), "version")); near != "" {
		hint = fmt.Sprintf("did you mean `%s`?", near)
	}
	r.add(key, hint, "there is no setting `%s`", key.Value)
}

// texts returns the value of a setting, or its values, checked.
func (r *reader) texts(s Setting, n *yaml.Node) []string {
	items := []*yaml.Node{n}
	if s.Kind == List && n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var texts []string
	for _, item := range items {
		if item.Kind != yaml.ScalarNode {
			r.add(item, "write "+s.Name+": "+s.Example, "`%s` must be %s", s.Name, word(s.Kind))
			continue
		}
		if err := s.Check(item.Value); err != nil {
			r.add(item, meant(s, item.Value), "`%s` %v, not %q", s.Name, err, item.Value)
			continue
		}
		texts = append(texts, r.resolve(s, item.Value))
	}
	return texts
}

func word(k Kind) string {
	if k == List {
		return "a text, or a list of them"
	}
	return "one value"
}

// meant returns the hint for a value that misspells a known one.
func meant(s Setting, value string) string {
	if near := spelling.Closest(value, s.Choices); near != "" {
		return fmt.Sprintf("did you mean `%s`?", near)
	}
	return ""
}

// resolve makes a path that is relative to the file one that is good everywhere.
func (r *reader) resolve(s Setting, value string) string {
	if !s.Path || filepath.IsAbs(value) || s.None && value == "none" {
		return value
	}
	if rest, inHome := strings.CutPrefix(filepath.ToSlash(value), "~/"); inHome {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, filepath.FromSlash(rest))
		}
	}
	return filepath.Join(r.dir, filepath.FromSlash(value))
}

// readEnvironment takes DEVLOOP_NAME for each setting. Empty counts as unset; commas separate a list's values.
func (c Config) readEnvironment(lookup func(string) (string, bool)) []yamlfile.Problem {
	var problems []yamlfile.Problem
	for _, s := range Settings {
		text, _ := lookup(s.Env())
		if text == "" {
			continue
		}
		texts := []string{text}
		if s.Kind == List {
			texts = parts(text, s.Pair)
		}
		for _, t := range texts {
			if err := s.Check(t); err != nil {
				problems = append(problems, yamlfile.Problem{File: "$" + s.Env(),
					Message: fmt.Sprintf("%v, not %q", err, t), Hint: meant(s, t)})
			}
		}
		c[s.Name] = Value{Texts: texts, From: "$" + s.Env()}
	}
	return problems
}

// parts are the values of a list, between commas. In one of pairs a comma that no name follows is part of a value.
func parts(text string, pairs bool) (all []string) {
	for _, part := range strings.Split(text, ",") {
		if pairs && len(all) > 0 && !variable.MatchString(part) {
			all[len(all)-1] += "," + part
		} else {
			all = append(all, part)
		}
	}
	return all
}

// Error lists every mistake in the settings: those of the file by line, then the environment's. Nothing has been done.
type Error struct{ yamlfile.Problems }

func (e *Error) Error() string {
	if len(e.Problems) > 1 {
		return fmt.Sprintf("settings have %d problems", len(e.Problems))
	}
	return "read settings: " + e.Problems.Error()
}

// Code returns "config.invalid".
func (e *Error) Code() string { return "config.invalid" }
