package topics

import (
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
)

// TestTopicsFitANarrowTerminal: only a command, or another word without spaces, may be wider.
func TestTopicsFitANarrowTerminal(t *testing.T) {
	t.Parallel()
	for _, language := range languages {
		for _, topic := range All(language) {
			for _, width := range []int{40, 60} {
				fitted := Fit(topic.Text, width)
				for line := range strings.Lines(fitted) {
					line = strings.TrimRight(line, "\n")
					whole := typed.MatchString(strings.TrimLeft(line, " ")) || len(strings.Fields(line)) < 2
					if cells.Width(line) > width && !whole {
						t.Errorf("%s in %s, %d columns: %d cells in %q", topic.Word, language, width,
							cells.Width(line), line)
					}
				}
				if got, want := strings.Fields(fitted),
					strings.Fields(topic.Text); strings.Join(got, " ") != strings.Join(want, " ") {
					t.Errorf("%s in %s: the words changed:\n%s", topic.Word, language, fitted)
				}
			}
			if got := Fit(topic.Text, 80); got != topic.Text {
				t.Errorf("%s in %s changed in 80 columns:\n%s", topic.Word, language, got)
			}
		}
	}
}

func TestFitBreaksEachKindOfLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"one two three\nfour five\n\nsix\n":                                   "one two three four\nfive\n\nsix\n",
		"  - a list item that is long\n":                                      "  - a list item\n    that is long\n",
		"  a    the last column of a row\n       and more of it\n  b    no\n": "  a\n      the last\n      column of a\n      row and more\n      of it\n  b\n      no\n",
		"  → all of it: devloop explain imagePullPolicy\n":                    "  → all of it:\n    devloop explain imagePullPolicy\n",
		"  metadata:\n    name: web\n":                                        "  metadata:\n    name: web\n",
	} {
		if got := Fit(text, 20); got != want {
			t.Errorf("%q:\ngot\n%swant\n%s", text, got, want)
		}
	}
	if got, want := Fit("  exit code 0   nothing is left to do\n", 40),
		"  exit code 0   nothing is left to do\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Fit("  exit code 0   nothing is left to be done\n", 40),
		"  exit code 0   nothing is left to be\n                done\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
