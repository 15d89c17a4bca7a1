package cli

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/translate"
	"github.com/devloop-cli/devloop/internal/testfile"
)

var update = flag.Bool("update", false, "rewrite the documents that are made from the code")

const root = "../../../.."

// documents returns the texts for users, by their paths in the repository.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || slices.Contains([]string{"bin",
				"build", "builder", "cmd", "dist", "loader", "runner", "target", "watch"}, name)) {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".md" || d.Name() == "CHANGELOG.md" {
			return nil
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		texts[filepath.ToSlash(name)] = string(text)
		return err
	})
	if err != nil || len(texts) < 20 {
		t.Fatalf("%d documents, %v", len(texts), err)
	}
	return texts
}

// TestREADMEIsShort counts the words that are read: not the addresses behind links, and no tags.
func TestREADMEIsShort(t *testing.T) {
	t.Parallel()
	text := regexp.MustCompile(`\]\([^)]*\)|<[^>]*>`).ReplaceAllString(documents(t)["README.md"], "]")
	words := slices.DeleteFunc(strings.Fields(text), func(word string) bool {
		return !strings.ContainsFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	})
	if len(words) > 900 {
		t.Errorf("README.md has %d words, want 900 at most", len(words))
	}
}

// TestREADMEsSayTheSame compares what is the same in both languages.
func TestREADMEsSayTheSame(t *testing.T) {
	t.Parallel()
	texts := documents(t)
	for _, same := range []*regexp.Regexp{
		regexp.MustCompile("`devloop [^`]*`"), regexp.MustCompile(`(?m)^    (?:devloop|go|make|cd) .*?(?:  |$)`),
		regexp.MustCompile(`https?://[^\s)]+`),
		regexp.MustCompile(`[0-9.]+(?:–[0-9.]+)? s\b`), regexp.MustCompile(`(?m)^#+ `), regexp.MustCompile(`(?m)^\|`),
	} {
		count := func(name string) map[string]int {
			found := map[string]int{}
			for _, s := range same.FindAllString(texts[name], -1) {
				found[strings.TrimRight(strings.ReplaceAll(s, " --lang ko", ""), " .")]++
			}
			return found
		}
		if english, korean := count("README.md"), count("README.ko.md"); len(english) == 0 {
			t.Errorf("README.md has nothing like %s", same)
		} else if fmt.Sprint(english) != fmt.Sprint(korean) {
			t.Errorf("%s:\n%v\n%v", same, english, korean)
		}
	}
}

// TestCommandsInDocumentsAreCommands parses every command line of devloop in the documents and in
// the topics, as the program itself does.
func TestCommandsInDocumentsAreCommands(t *testing.T) {
	found := map[string][]string{}
	for name, text := range documents(t) {
		if name != "docs/cli.md" { // made from the code
			found[name] = commandLines(text)
		}
	}
	for _, language := range []string{"en", "ko"} {
		for _, topic := range allTopics(language) {
			found["topic "+topic.Word+" in "+language] = commandsOfTopic(topic.Text)
		}
	}
	parsed := 0
	for name, lines := range found {
		parsed += len(lines)
		for _, line := range lines {
			if err := parse(line); err != nil {
				t.Errorf("%s: %s: %v", name, line, err)
			}
		}
	}
	if parsed < 250 {
		t.Errorf("found %d commands", parsed)
	}
}

var (
	quoted  = regexp.MustCompile("`(devloop [a-z][^`]*)`")
	inBlock = regexp.MustCompile(`^ *(?:\$ )?(devloop [a-z].*)$`)
	inTopic = regexp.MustCompile(`(?:^ {2,}|  +|→ |: )(devloop [a-z].*)$`)
)

// commandLines returns devloop's command lines in Markdown: in blocks and in back quotes.
func commandLines(markdown string) (lines []string) {
	fenced := false
	for line := range strings.Lines(markdown) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if m := inBlock.FindStringSubmatch(line); m != nil && (fenced || strings.HasPrefix(line, "    ")) {
			lines = append(lines, shellWords(m[1]))
			continue
		}
		for _, m := range quoted.FindAllStringSubmatch(line, -1) {
			lines = append(lines, shellWords(m[1]))
		}
	}
	return lines
}

// commandsOfTopic returns those in a topic, where they follow a column, an arrow or a colon.
func commandsOfTopic(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if m := inTopic.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			lines = append(lines, shellWords(m[1]))
		}
	}
	return lines
}

// shellWords returns a command line up to what the shell, a comment or the end of a sentence takes.
func shellWords(line string) string {
	var words []string
	for _, word := range strings.Fields(line) {
		if strings.ContainsAny(word[:1], "#|><&;(") || strings.HasPrefix(word, "→") {
			break
		}
		end := strings.TrimRight(word, ".,;:")
		words = append(words, strings.Trim(end, `"'[]`))
		if end != word && !strings.HasSuffix(word, "..") {
			break
		}
	}
	return strings.Join(words, " ")
}

// parse runs a command line in a program whose commands do nothing.
func parse(line string) error {
	a := newApp(wiring.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	var still func(commands []*cli.Command)
	still = func(commands []*cli.Command) {
		for _, c := range commands {
			c.Before, c.Action = nil, func(*cli.Context) error { return nil }
			still(c.Subcommands)
		}
	}
	still(a.Commands)
	words, err := cmdline.Arguments(a.Commands, strings.Fields(line))
	if err != nil {
		return err
	}
	return a.Run(words)
}

// TestCommandLinesAreFound: what is found is a command, and ends where its sentence goes on.
func TestCommandLinesAreFound(t *testing.T) {
	for text, want := range map[string][]string{
		"```console\n$ devloop run # here\nshows\n```":          {"devloop run"},
		"    devloop status   # all":                            {"devloop status"},
		"Press `devloop deploy --forward`, or `devloop.yaml`":   {"devloop deploy --forward"},
		"devloop needs no kubectl":                              nil,
		"```\n$ devloop deploy --json | jq .\n```":              {"devloop deploy --json"},
		"```sh\ndevloop setup\ndevloop doctor >report.txt\n```": {"devloop setup", "devloop doctor"},
		"`devloop COMMAND --help`":                              nil,
	} {
		if got := commandLines(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string][]string{
		"  → see it: devloop logs NAME --previous\n":        {"devloop logs NAME --previous"},
		"killed, mostly for memory: devloop explain OOM.\n": {"devloop explain OOM"},
		"  kubectl get pods      devloop status\n":          {"devloop status"},
		"devloop sets it for the image\n":                   nil,
	} {
		if got := commandsOfTopic(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	for _, wrong := range []string{"devloop run --no-such-flag", "devloop frobnicate", "devloop deploy --port"} {
		if parse(wrong) == nil {
			t.Errorf("%s is no command", wrong)
		}
	}
}

// TestLinksInDocumentsResolve follows links to files of the repository, and to their headings.
func TestLinksInDocumentsResolve(t *testing.T) {
	t.Parallel()
	texts, link, followed := documents(t), regexp.MustCompile(`(?:\]\(|src="|srcset=")([^)"\s]+)[)"]`), 0
	for name, text := range texts {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			followed++
			path := filepath.ToSlash(filepath.Join(filepath.Dir(name), target))
			if target == "" {
				path = name
			}
			if _, err := os.Stat(filepath.Join(root, path)); err != nil {
				t.Errorf("%s: %v", name, err)
			} else if anchor != "" && !slices.Contains(anchors(texts[path]), anchor) {
				t.Errorf("%s: %s has no heading %q", name, path, anchor)
			}
		}
	}
	if followed < 60 {
		t.Errorf("followed %d links", followed)
	}
}

// anchors returns the names by which GitHub finds the headings of a text.
func anchors(text string) (names []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(text, -1) {
		names = append(names, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, m[1]))
	}
	return names
}

// TestEveryPageIsListed: docs/README.md names each page beside it.
func TestEveryPageIsListed(t *testing.T) {
	t.Parallel()
	texts := documents(t)
	for name := range texts {
		if dir, page := filepath.Split(name); dir == "docs/" && page != "README.md" &&
			!strings.Contains(texts["docs/README.md"], "("+page+")") {
			t.Errorf("docs/README.md does not list %s", page)
		}
	}
}

// TestDocumentsMadeFromTheCodeAreCurrent keeps them equal to the code. `go test -update` writes them.
func TestDocumentsMadeFromTheCodeAreCurrent(t *testing.T) {
	exitCodes := "```\n" + cmdline.ExitCodes(cmdline.English) + "\n```\n"
	reference := "# Command line\n\n<!-- made from the code: go test ./cmd/devloop/internal/cli -update -->\n" +
		allHelp()
	for name, made := range map[string]func(text string) string{
		"docs/exit-codes.md": func(text string) string {
			before, rest, _ := strings.Cut(text, "```\n")
			_, after, _ := strings.Cut(rest, "```\n")
			return before + exitCodes + after
		},
		"docs/cli.md": func(string) string { return reference },
	} {
		path := filepath.Join(root, name)
		text, err := os.ReadFile(path)
		if err != nil && !*update {
			t.Fatal(err)
		}
		want := made(string(text))
		if *update {
			testfile.Write(t, "", path, want)
		} else if string(text) != want {
			t.Errorf("%s is not what the code says: go test ./cmd/devloop/internal/cli -update", name)
		}
	}
}

// allHelp is the help of every command, as a page.
func allHelp() string {
	var b bytes.Buffer
	show := func(title string, of any) {
		fmt.Fprintf(&b, "\n## %s\n\n```text\n", title)
		cmdline.HelpPrinter(translate.To("en"))(&b, "", of)
		b.WriteString("```\n")
	}
	a := newApp(wiring.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	show("devloop", a)
	for _, c := range a.Commands {
		if c.Hidden {
			continue
		}
		show("devloop "+c.Name, c)
		for _, sub := range c.Subcommands {
			show("devloop "+c.Name+" "+sub.Name, sub)
		}
	}
	return b.String()
}
