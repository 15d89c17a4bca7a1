package settings

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestProblemsAreFoundInTheOutput applies the patterns to what devloop shows of a compile error.
func TestProblemsAreFoundInTheOutput(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../ui/testdata/compile-error.txt")
	if err != nil {
		t.Fatal(err)
	}
	multiline := func(pattern string) *regexp.Regexp { return regexp.MustCompile("(?m)" + pattern) }
	found := multiline(problemPattern).FindAllStringSubmatch(string(text), -1)
	if len(found) != 1 || !slices.Equal(found[0][1:], []string{"src/main/java/com/example/AppController.java", "12", "30", "';' expected"}) {
		t.Errorf("got %q", found)
	}
	if !multiline(beginPattern).Match(text) || !multiline(endPattern).Match(text) {
		t.Error("no build begins and ends")
	}
	for _, line := range []string{"cycle 2 because AppController.java changed", "done         0.21 s"} {
		if multiline(beginPattern).MatchString(line) == multiline(endPattern).MatchString(line) {
			t.Errorf("%q is not one of both", line)
		}
	}
}

func TestFilesForEditorsAreWellFormed(t *testing.T) {
	t.Parallel()
	drafts, err := vscodeDrafts(5005)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range drafts {
		if !json.Valid(f.text) {
			t.Errorf("%s: %s", f.path, f.text)
		}
	}
	for _, text := range []string{ideaRun, ideaDebug} {
		if err := xml.Unmarshal([]byte(text), new(struct{})); err != nil {
			t.Errorf("%v in %s", err, text)
		}
	}
}
