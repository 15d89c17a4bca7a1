package settings

import (
	"encoding/json"
	"encoding/xml"
	"regexp"
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestProblemsAreFoundInTheOutput applies the patterns to what devloop shows of a compile error.
// The output is that which the display writes: one error or several, in each language, of one service or several.
func TestProblemsAreFoundInTheOutput(t *testing.T) {
	t.Parallel()
	const app = "src/main/java/com/example/AppController.java"
	for name, want := range map[string][]string{
		"compile-error.txt":    {app, "12", "30", "';' expected"},
		"compile-error.ko.txt": {app, "12", "30", "';' expected"},
		"readme.txt":           {app, "11", "", "';' expected"},
		"readme.ko.txt":        {app, "11", "", "';' expected"},
		"services.txt":         {"customers/src/main/java/A.java", "3", "7", "';' expected"},
		"services.ko.txt":      {"customers/src/main/java/A.java", "3", "7", "';' expected"},
	} {
		text := testfile.Read(t, "../../ui/testdata/"+name)
		multiline := func(pattern string) *regexp.Regexp { return regexp.MustCompile("(?m)" + pattern) }
		found := multiline(problemPattern).FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 || !slices.Equal(found[0][1:], want) {
			t.Errorf("%s: got %q", name, found)
		}
		if !multiline(beginPattern).Match(text) || !multiline(endPattern).Match(text) {
			t.Errorf("%s: no build begins and ends", name)
		}
	}
	for _, line := range []string{"cycle 2 because AppController.java changed", "done         0.21 s",
		"사이클 2 · A.java 변경됨", "완료       0.23 s", "orders    | done       7.00 s"} {
		if regexp.MustCompile(beginPattern).MatchString(line) == regexp.MustCompile(endPattern).MatchString(line) {
			t.Errorf("%q is not one of both", line)
		}
	}
}

func TestFilesForEditorsAreWellFormed(t *testing.T) {
	t.Parallel()
	drafts := must.Get(vscodeDrafts(5005))(t)
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
