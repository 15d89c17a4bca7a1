package labs

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// TestLabsAreTheSameInBothLanguages: only what is to be read differs.
func TestLabsAreTheSameInBothLanguages(t *testing.T) {
	t.Parallel()
	for number := 1; number <= Count; number++ {
		english, korean := read(t, number, "en"), read(t, number, "ko")
		if len(english) != len(korean) {
			t.Errorf("lab %d has %d parts in English and %d in Korean", number, len(english), len(korean))
			continue
		}
		for i := range english {
			if english[i].Text != "" && korean[i].Text != "" {
				same(t, number, english[i].Text, korean[i].Text)
			} else if !sameBlock(english[i], korean[i]) {
				t.Errorf("lab %d: part %d differs:\n%+v\n%+v", number, i, english[i], korean[i])
			}
		}
	}
}

// sameBlock compares blocks, but for what devloop says, which is in the language of the lab.
func sameBlock(english, korean Block) bool {
	if len(english.Commands) != len(korean.Commands) {
		return false
	}
	english.Commands, korean.Commands = slices.Clone(english.Commands), slices.Clone(korean.Commands)
	for i := range english.Commands {
		if !sameOutput(english.Commands[i].Shows, korean.Commands[i].Shows) {
			return false
		}
		english.Commands[i].Shows, korean.Commands[i].Shows = nil, nil
	}
	return reflect.DeepEqual(english, korean)
}

// sameOutput reports whether the lines without Korean are those in English, and the others stand for what is left.
func sameOutput(english, korean []string) bool {
	rest := slices.DeleteFunc(slices.Clone(english), func(line string) bool { return line == "…" })
	translated := 0
	for _, line := range korean {
		at := slices.Index(rest, line)
		switch {
		case line == "…":
		case strings.ContainsFunc(line, func(r rune) bool { return unicode.Is(unicode.Hangul, r) }):
			translated++
		case at < 0:
			return false
		default:
			rest = slices.Delete(rest, at, at+1)
		}
	}
	return (len(rest) > 0) == (translated > 0)
}

// same compares what texts have in common in any language: headings, rows of tables, sections.
func same(t *testing.T, number int, english, korean string) {
	t.Helper()
	for _, mark := range []string{"\n## ", "\n|", "<details>", "\n> ", "**"} {
		if strings.Count(english, mark) != strings.Count(korean, mark) {
			t.Errorf("lab %d: %q stands %d times in English and %d times in Korean:\n%s\n\n%s", number, mark,
				strings.Count(english, mark), strings.Count(korean, mark), english, korean)
		}
	}
	if utf8.RuneCountInString(korean) == len(korean) && len(korean) > 40 {
		t.Errorf("lab %d is not translated: %s", number, korean)
	}
}

func read(t *testing.T, number int, language string) []Block {
	t.Helper()
	return must.Get(Read(number, language))(t)
}

// TestFilesAreNamedInTheText: GitHub shows what is in a block, and not the name of its file.
func TestFilesAreNamedInTheText(t *testing.T) {
	t.Parallel()
	for number := 1; number <= Count; number++ {
		for _, language := range []string{"en", "ko"} {
			before := ""
			for _, b := range read(t, number, language) {
				if b.File != nil && !strings.Contains(before, "`"+b.File.Path+"`") {
					t.Errorf("lab %d (%s): no text before it names %s", number, language, b.File.Path)
				}
				if b.Text != "" {
					before = b.Text
				}
			}
		}
	}
}

// TestManifestsOfTheLabsAreManifests: all but the trap at the end of the first lab.
func TestManifestsOfTheLabsAreManifests(t *testing.T) {
	t.Parallel()
	checked := 0
	for number := 1; number <= Count; number++ {
		for _, b := range read(t, number, "en") {
			if b.File == nil || filepath.Ext(b.File.Path) != ".yaml" {
				continue
			}
			checked++
			path := testfile.Write(t, t.TempDir(), b.File.Path, b.File.Content)
			if _, err := manifest.Load(path); (err == nil) != (b.File.Path != "no-containers.yaml") {
				t.Errorf("lab %d, %s: %v", number, b.File.Path, err)
			}
		}
	}
	if checked < 5 {
		t.Errorf("found %d manifests", checked)
	}
}

// TestBrokenManifestsOfTheTrapsAreRefused: what devloop says of them stands in their first line.
func TestBrokenManifestsOfTheTrapsAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"no-containers.yaml", "tab.yaml"} {
		path := filepath.Join("traps", name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		_, err = manifest.Load(path)
		if says := strings.TrimPrefix(first, "# devloop says: "); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want %q", name, err, says)
		}
	}
}

// TestEveryTrapIsListed compares the directory with the table in both languages.
func TestEveryTrapIsListed(t *testing.T) {
	t.Parallel()
	traps, err := os.ReadDir("traps")
	if err != nil || len(traps) < 7 {
		t.Fatalf("%d traps, %v", len(traps), err)
	}
	for _, readme := range []string{"README.md", "ko/README.md"} {
		text := must.Get(fs.ReadFile(files, readme))(t)
		for _, trap := range traps {
			if !strings.Contains(string(text), "traps/"+trap.Name()+")") {
				t.Errorf("%s does not have %s", readme, trap.Name())
			}
		}
	}
}

func TestParseReadsWhatALabHas(t *testing.T) {
	t.Parallel()
	got, err := parse("# Title\n\n```yaml a.yaml\nkind: Pod\n```\n\n```console\n$ one\n…\nready … a\n$ two\n^C\n```\n<!-- wait: pod a ready -->\n```text\npicture\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Block{
		{Text: "# Title"},
		{File: &File{"a.yaml", "kind: Pod\n"}},
		{Commands: []Command{{"one", []string{"…", "ready … a"}, false}, {"two", nil, true}}},
		{Wait: &Condition{"pod", "a", "ready"}},
		{Text: "```text\npicture\n```"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	for _, wrong := range []string{"pod a", "port many", "weather fine"} {
		if _, err := parse("<!-- wait: " + wrong + " -->"); err == nil {
			t.Errorf("%q is a condition", wrong)
		}
	}
	if _, err := Read(Count+1, "en"); err == nil {
		t.Error("there is a lab too many")
	}
}
