// Package teach holds short texts about the words of Kubernetes that a newcomer
// meets first: what a word means, how it comes about, and what to do next.
//
// Each topic is a file in topics/: its head names the word, its other names and a
// title, the rest is the text. A new topic is a new file there.
package teach

import (
	"cmp"
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Topic is a word and what there is to know about it.
type Topic struct {
	Word  string   `json:"word"`
	Also  []string `json:"also,omitempty"` // other names
	Title string   `json:"title"`          // in a line
	Text  string   `json:"text"`
}

//go:embed topics
var files embed.FS

// Topics returns all topics, by their words.
func Topics() []Topic {
	entries, err := files.ReadDir("topics")
	if err != nil {
		panic(err) // they are in the binary
	}
	topics := make([]Topic, len(entries))
	for i, e := range entries {
		text, err := files.ReadFile(path.Join("topics", e.Name()))
		if err != nil {
			panic(err)
		}
		topics[i] = parse(string(text))
	}
	slices.SortFunc(topics, func(a, b Topic) int { return cmp.Compare(strings.ToLower(a.Word), strings.ToLower(b.Word)) })
	return topics
}

// parse reads a topic: lines of "name: value", an empty one, the text.
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

// Find returns the topic of a word among topics, by any of its names; upper and lower case,
// spaces and dashes make no difference. Its error is an [*UnknownError].
func Find(word string, topics []Topic) (Topic, error) {
	for _, t := range topics {
		for _, name := range append([]string{t.Word}, t.Also...) {
			if plain(name) == plain(word) {
				return t, nil
			}
		}
	}
	return Topic{}, &UnknownError{Word: word, Near: nearest(word, topics)}
}

// plain is a name without what people write in different ways.
func plain(name string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "", ":", "").Replace(strings.ToLower(name))
}

// nearest returns the topic that a word is most likely a slip of, or a part of, "" for none.
func nearest(word string, topics []Topic) string {
	best, distance := "", max(len(word)/3, 1)+1
	for _, t := range topics {
		for _, name := range append([]string{t.Word}, t.Also...) {
			if d := edits(plain(word), plain(name)); d < distance {
				best, distance = t.Word, d
			}
		}
	}
	for _, t := range topics {
		if best == "" && len(plain(word)) > 3 && strings.Contains(plain(t.Word+strings.Join(t.Also, " ")), plain(word)) {
			best = t.Word
		}
	}
	return best
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// UnknownError says that there is no topic for a word.
type UnknownError struct {
	Word string
	Near string // a word that may be meant, "" for none
}

func (e *UnknownError) Error() string { return fmt.Sprintf("there is no topic %q", e.Word) }

// Code returns "usage".
func (e *UnknownError) Code() string { return "usage" }

// Hints says which word may be meant, or where all of them are.
func (e *UnknownError) Hints() []string {
	if e.Near != "" {
		return []string{"did you mean: devloop explain " + e.Near}
	}
	return []string{"see what there is: devloop explain"}
}
