package translate

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/internal/testfile"
)

const root = "../../../.."

// command is one that a message tells the user to type.
var command = regexp.MustCompile("`[^`]*`|devloop (?:run|deploy|setup|doctor|down|cluster|status|describe|logs|exec|forward|open|explain|learn|wait|trigger|events|stats|init|config|apply|delete|help|COMMAND)\\b|: (?:docker|kubectl|sudo|brew|winget|helm) [a-z].*")

// commandAtEnd is one with which a message ends.
var commandAtEnd = regexp.MustCompile(`: devloop (?:run|deploy|setup|down|cluster|status|describe|logs|exec|forward|open|explain|wait|events|stats|init|config|apply|delete)[^,:]*[^,:.]$`)

// TestBothLanguagesSayTheSame compares placeholders, code and commands, and looks at the width of each line.
func TestBothLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range parsed() {
		if seen[e.english] {
			t.Errorf("%q is there twice", e.english)
		}
		seen[e.english] = true
		if got, want := numbered(e.other), numbered(e.english); !slices.Equal(got, want) {
			t.Errorf("%q has the placeholders %q, and its translation %q", e.english, want, got)
		}
		for _, c := range command.FindAllString(e.english, -1) {
			if !strings.Contains(unnumbered(e.other), c) {
				t.Errorf("%q: the translation does not have %q", e.english, c)
			}
		}
		if c := commandAtEnd.FindString(e.english); !strings.HasSuffix(unnumbered(e.other), c) {
			t.Errorf("%q: the translation does not end with %q, which may have more arguments", e.english, c)
		}
		if !regexp.MustCompile(`\p{Hangul}|^[^\pL]*$`).MatchString(verb.ReplaceAllString(unnumbered(e.other), "")) {
			t.Errorf("%q is not translated: %q", e.english, e.other)
		}
		for line := range strings.Lines(e.other) {
			if width := cells.Width(unnumbered(line)); width > 80 {
				t.Errorf("%q: a line has %d cells: %s", e.english, width, line)
			}
		}
		if literal(e) < 2 {
			t.Errorf("%q fits everything", e.english)
		}
	}
	if len(seen) < 100 {
		t.Errorf("the catalogue has %d messages", len(seen))
	}
}

// numbered returns the placeholders with their numbers, sorted.
func numbered(text string) (all []string) {
	for i, m := range number.FindAllStringSubmatch(text, -1) {
		n := fmt.Sprint(i + 1)
		if m[1] != "" {
			n = m[1]
		}
		all = append(all, n+m[0][len(m[0])-1:])
	}
	slices.Sort(all)
	return all
}

func unnumbered(text string) string {
	return regexp.MustCompile(`%\[\d\]`).ReplaceAllString(text, "%")
}

// TestEveryMessageIsStillSaid looks for the words of each message in the sources: one that was changed
// there would not be translated any more.
func TestEveryMessageIsStillSaid(t *testing.T) {
	t.Parallel()
	said := literals(t)
	for _, e := range parsed() {
		for _, part := range verb.Split(e.english, -1) {
			if part = strings.Trim(part, " :,;."); len(part) > 3 && !strings.Contains(said, part) {
				t.Errorf("%q: no source has %q", e.english, part)
			}
		}
	}
}

// literals returns the strings of all sources of devloop.
func literals(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, dir := range []string{"cmd", "builder", "internal", "loader", "runner", "watch"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if l, is := n.(*ast.BasicLit); is && l.Kind == token.STRING {
					text, _ := strconv.Unquote(l.Value)                               // it compiles
					all.WriteString(strings.Join(strings.Fields(text), " ") + "\x00") // help is filled
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all.WriteString(strings.Join(strings.Fields(page(t)), " "))
	return all.String()
}

// TestEveryDiagnosisOfARecordedPodIsTranslated reads what devloop says of Pods that do not serve.
func TestEveryDiagnosisOfARecordedPodIsTranslated(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "runner/readiness/testdata/pods/*.golden"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	failed := regexp.MustCompile(`(?m)^(?:pod\.\w+|hint): (.*)$`)
	for _, file := range files {
		text := testfile.Read(t, file)
		for _, m := range failed.FindAllStringSubmatch(string(text), -1) {
			said, known := parsed().say(m[1])
			for line := range strings.Lines(said) {
				if cells.Width(line) > 80 && !strings.Contains(line, "settings") &&
					!strings.Contains(line, "Reason: ") {
					// words of other programs
					t.Errorf("%s: too wide: %s", filepath.Base(file), line)
				}
			}
			if !known && !strings.HasPrefix(m[1], "consider the following") { // Spring's words
				t.Errorf("%s: %q is not translated: %q", filepath.Base(file), m[1], said)
			}
		}
	}
}

func TestMessagesAreTranslatedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	c := parse("# a comment\nstart %q: %m\n%[1]q 시작:\n%[2]m\n\nit ended%m\n끝났습니다%m\n\n (killed)\n (강제 종료)\n\nsaid: %t\n한 말: %t\n")
	for message, want := range map[string]string{
		`start "web": it ended (killed)`: "\"web\" 시작:\n끝났습니다 (강제 종료)",
		`start "web": it ended`:          "\"web\" 시작:\n끝났습니다",
		`start "web": it ended (why)`:    "",
		`said: no such thing`:            "한 말: no such thing",
		`said: it ended`:                 "한 말: 끝났습니다",
		`other`:                          "",
	} {
		if got, known := c.say(message); got != want || known != (want != "") {
			t.Errorf("%s: got %q", message, got)
		}
	}
	for message, want := range map[string]string{
		"see what there is: devloop status --all --context kind-two -n team": "무엇이 있는지 보세요: devloop status --all --context kind-two -n team",
		"look at them: devloop status '../my shop'":                          "살펴보세요: devloop status '../my shop'",
		"no such message: devloop status --all":                              "no such message: devloop status --all",
	} {
		if got := To("ko")(message); got != want {
			t.Errorf("%s: got %q", message, got)
		}
	}
	if got := To("en")("the application"); got != "the application" {
		t.Errorf("got %q", got)
	}
	if got := To("ko")("this has no translation"); got != "this has no translation" {
		t.Errorf("got %q", got)
	}
}
