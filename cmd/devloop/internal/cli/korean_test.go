package cli

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/topics"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/translate"
)

func TestExplainFindsKoreanWords(t *testing.T) {
	t.Parallel()
	if topic, err := topics.Find("파드", allTopics("ko")); err != nil || topic.Word != "Pod" {
		t.Errorf("got %v, %v", topic.Word, err)
	}
}

// TestHelpIsKorean: every command and heading is translated, and no line is wider than a terminal.
func TestHelpIsKorean(t *testing.T) {
	t.Parallel()
	say := translate.To("ko")
	a := newApp(wiring.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	for _, c := range a.Commands {
		if !c.Hidden && (say(c.Usage) == c.Usage || c.Category != "" && say(c.Category) == c.Category) {
			t.Errorf("%s is not translated: %s: %s", c.Name, c.Category, c.Usage)
		}
	}
	var b bytes.Buffer
	cmdline.HelpPrinter(say)(&b, "", a)
	for line := range strings.Lines(b.String()) {
		if cells.Width(strings.TrimSuffix(line, "\n")) > cmdline.PipeWidth {
			t.Errorf("too wide: %s", line)
		}
	}
	if !strings.Contains(b.String(), "\n파드(Pod) 살펴보기(kubectl 없이):\n") {
		t.Errorf("got\n%s", b.String())
	}
}

// TestStartIsKorean, and has the same commands.
func TestStartIsKorean(t *testing.T) {
	t.Parallel()
	if got := cmdline.StartIn(translate.To("en")); got != cmdline.Start {
		t.Errorf("in English it is\n%s", got)
	}
	got := cmdline.StartIn(translate.To("ko"))
	for line := range strings.Lines(got) {
		if cells.Width(strings.TrimSuffix(line, "\n")) > cmdline.PipeWidth ||
			len(line) > 30 && cells.Width(line) == len(line) {
			t.Errorf("too wide, or not translated: %s", line)
		}
	}
	if strings.Count(got, "devloop ") < strings.Count(cmdline.Start, "\n  devloop ") {
		t.Errorf("got\n%s", got)
	}
}

// TestHelpOfEveryCommandIsKorean: each paragraph, flag and example.
func TestHelpOfEveryCommandIsKorean(t *testing.T) {
	t.Parallel()
	say := translate.To("ko")
	a := newApp(wiring.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	for _, c := range append(a.Commands, a.Command("cluster").Subcommands...) {
		if c.Hidden {
			continue
		}
		for _, text := range helpTexts(c) {
			if text = strings.Join(strings.Fields(text), " "); text != "" && say(text) == text {
				t.Errorf("devloop %s: not translated: %q", c.Name, text)
			}
		}
		var b bytes.Buffer
		cmdline.HelpPrinter(say)(&b, "", c)
		for line := range strings.Lines(b.String()) {
			if cells.Width(strings.TrimSuffix(line, "\n")) > cmdline.PipeWidth {
				t.Errorf("devloop %s: too wide: %s", c.Name, line)
			}
		}
		if c.Name == "run" && !strings.Contains(b.String(), "\n   swap      요청만") {
			t.Errorf("the table of the paths is not translated:\n%s", &b)
		}
	}
}

// helpTexts returns what is to be translated in a command's help. Lines that begin with spaces are to be typed.
func helpTexts(c *cli.Command) (texts []string) {
	texts = append(texts, c.Usage)
	for paragraph := range strings.SplitSeq(c.Description, "\n\n") {
		if !strings.HasPrefix(paragraph, " ") {
			texts = append(texts, paragraph)
		}
	}
	for _, f := range c.Flags {
		usage, _ := strings.CutSuffix(f.(cli.DocGenerationFlag).GetUsage(), "; may be repeated")
		texts = append(texts, usage)
	}
	return texts
}

func TestLanguageIsTheFlagsOrTheEnvironments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, name, value, want string }{
		{"run --lang ko", "LANG", "en_US.UTF-8", "ko"},
		{"run --lang=en", "LANG", "ko_KR.UTF-8", "en"},
		{"exec pod -- print --lang ko", "", "", "en"},
		{"run", "DEVLOOP_LANG", "ko", "ko"},
		{"run", "LC_ALL", "ko_KR.UTF-8", "ko"},
		{"run", "LC_MESSAGES", "ko-KR", "ko"},
		{"run", "LANG", "C.UTF-8", "en"},
	} {
		got := cmdline.Language(strings.Fields(c.line), func(name string) string {
			if name == c.name {
				return c.value
			}
			return ""
		})
		if got != c.want {
			t.Errorf("%s with %s=%s: got %s", c.line, c.name, c.value, got)
		}
	}
}
