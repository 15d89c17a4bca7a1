// Package topics has the texts of `devloop explain`: what a Kubernetes term means, its causes, and what to do.
//
// Each topic is a file in topics/, and its translation one in topics/ko/. The head has the term,
// other names for it and a title; the rest is the text. To add a topic, add both files.
package topics

import (
	"cmp"
	"embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/spelling"
)

// Topic explains a term.
type Topic struct {
	Word  string   `json:"word"`
	Also  []string `json:"also,omitempty"` // other names for it
	Title string   `json:"title"`          // one line
	Text  string   `json:"text"`
}

//go:embed topics
var files embed.FS

// All returns all topics in a language, sorted by word. What is not translated is in English.
func All(language string) []Topic {
	entries, err := files.ReadDir("topics")
	if err != nil {
		panic(err) // the files are in the binary
	}
	var topics []Topic
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		text, err := files.ReadFile(path.Join("topics", language, e.Name()))
		if err != nil {
			text, err = files.ReadFile(path.Join("topics", e.Name()))
		}
		if err != nil {
			panic(err)
		}
		topics = append(topics, parse(string(text)))
	}
	slices.SortFunc(topics,
		func(a, b Topic) int { return cmp.Compare(strings.ToLower(a.Word), strings.ToLower(b.Word)) })
	return topics
}

// parse reads a topic: lines of "name: value", an empty line, the text.
func parse(file string) Topic {
	head, text, _ := strings.Cut(file, "\n\n")
	t := Topic{Text: text}
	for line := range strings.Lines(head) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "word":
			t.Word = value
		case "also":
			t.Also = strings.Split(value, ", ")
		case "title":
			t.Title = value
		}
	}
	return t
}

// Find returns the topic with a name, whatever its case, spaces and dashes, or an error that names a near one.
func Find(word string, topics []Topic) (Topic, error) {
	for _, t := range topics {
		for _, name := range append([]string{t.Word}, t.Also...) {
			if plain(name) == plain(word) {
				return t, nil
			}
		}
	}
	hint := "list all topics: devloop explain"
	if near := nearest(word, topics); near != "" {
		hint = "did you mean: devloop explain " + near
	}
	return Topic{}, &fault.Error{Code: "usage", Op: fmt.Sprintf("there is no topic %q", word), Hints: []string{hint}}
}

// plain removes what people write in different ways: case, spaces, dashes and colons.
func plain(name string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "", ":", "").Replace(strings.ToLower(name))
}

// nearest returns the topic that word most likely misspells or is a part of, "" for none.
func nearest(word string, topics []Topic) string {
	byName := map[string]string{}
	for _, t := range topics {
		for _, name := range append([]string{t.Word}, t.Also...) {
			byName[plain(name)] = t.Word
		}
	}
	names := slices.Sorted(maps.Keys(byName))
	if near := spelling.Closest(plain(word), names); near != "" {
		return byName[near]
	}
	if i := slices.IndexFunc(names, func(name string) bool { return strings.Contains(name, plain(word)) }); i >= 0 &&
		len(plain(word)) > 3 {
		return byName[names[i]]
	}
	return ""
}
