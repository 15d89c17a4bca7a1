package cmdline

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/config"
	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// Help is set for the terminal's width: paragraphs are filled, and a flag's words stand
// beside it. What begins with spaces, such as a command to type, keeps its lines.

const (
	PipeWidth   = 80  // of help that goes to no terminal, in columns
	wideEyes    = 100 // columns: longer lines are hard to read
	flagWidth   = 26  // columns of the flags' names; longer ones have a line of their own
	exampleLeft = 50  // columns of examples; the notes of longer ones have a line of their own
)

// HelpPrinter returns what writes the help of the program or of a command, translated by say, for package cli.
func HelpPrinter(say func(message string) string) func(w io.Writer, _ string, data any) {
	return func(w io.Writer, _ string, data any) {
		h := help{width: helpWidth(w), say: say}
		switch of := data.(type) {
		case *cli.App:
			h.app(of)
		case *cli.Command:
			h.command(of)
		}
		_, _ = io.WriteString(w, h.String())
	}
}

// help is a text of help as it is written.
type help struct {
	strings.Builder
	width int
	say   func(message string) string
}

// TextWidth returns the width of texts that go to w: the terminal's, up to a hundred columns.
func TextWidth(w io.Writer) int {
	if fd, is := Terminal(w); is {
		if columns, _, err := term.GetSize(fd); err == nil && columns > 0 {
			return min(columns, wideEyes)
		}
	}
	return PipeWidth
}

// helpWidth is that of help, which needs room for what stands beside the flags.
func helpWidth(w io.Writer) int {
	if width := TextWidth(w); width > 2*flagWidth {
		return width
	}
	return PipeWidth
}

func (h *help) app(a *cli.App) {
	fmt.Fprintf(h, "%s\n%s devloop COMMAND [FLAG...] [ARGUMENT...]\n", filled("devloop: "+h.say(a.Usage), "", h.width),
		h.say("Usage:"))
	category := "\x00"
	for _, c := range a.Commands {
		if c.Hidden {
			continue
		}
		if c.Category != category {
			category = c.Category
			fmt.Fprintf(h, "\n%s:\n", upperFirst(h.say(cmp.Or(category, "Commands"))))
		}
		h.WriteString(beside("  "+c.Name, h.say(c.Usage), 14, h.width))
	}
	for _, line := range []string{"\n" +
		h.say("A command's flags: devloop COMMAND --help. Exit codes: devloop explain exit-codes."),
		h.say("To begin: devloop setup, then devloop run in your project's directory.")} {
		h.WriteString(line + "\n")
	}
}

func (h *help) command(c *cli.Command) {
	name := cmp.Or(c.HelpName, c.Name)
	name = strings.TrimPrefix(name, "devloop ")
	fmt.Fprintf(h, "%s\n%s devloop %s\n", filled("devloop "+name+": "+h.say(c.Usage), "", h.width), h.say("Usage:"),
		strings.TrimRight(name+" [FLAG...] "+c.ArgsUsage, " "))
	if c.Description != "" {
		fmt.Fprintf(h, "\n%s", filled(h.prose(c.Description), "", h.width))
	}
	if list := exampleList(name, h.width, h.say); list != "" {
		fmt.Fprintf(h, "\n%s:\n%s", h.say("Examples"), list)
	}
	for i, sub := range c.Subcommands {
		if i == 0 {
			fmt.Fprintf(h, "\n%s:\n", h.say("Commands"))
		}
		h.WriteString(beside("  "+sub.Name, h.say(sub.Usage), 14, h.width))
	}
	h.flags(c.Flags)
	if slices.ContainsFunc(c.Flags, isSetting) {
		fmt.Fprintf(h, "\n%s", filled(h.say("Settings can also be made in devloop.yaml and in the environment: devloop config shows them."), "", h.width))
	}
}

// prose translates paragraphs, each a message in one line, but for tables and lines to type, which begin with spaces.
func (h *help) prose(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		message := strings.Join(strings.Fields(p), " ")
		if said := h.say(message); said != message || !strings.HasPrefix(p, " ") {
			paragraphs[i] = said
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// ExampleHelp returns a command's examples, "" for none.
func ExampleHelp(command string, width int) string {
	if list := exampleList(command, width, English); list != "" {
		return "\nExamples:\n" + list
	}
	return ""
}

// English says a message as it is.
func English(message string) string { return message }

func exampleList(command string, width int, say func(message string) string) string {
	var b strings.Builder
	for _, e := range examples[command] {
		if e[1] == "" {
			b.WriteString("  " + e[0] + "\n")
			continue
		}
		b.WriteString(beside("  "+e[0]+"  ", say(e[1]), exampleWidth(command), width))
	}
	return b.String()
}

// exampleWidth is where the notes beside a command's examples begin.
func exampleWidth(command string) int {
	longest := 0
	for _, e := range examples[command] {
		longest = max(longest, len(e[0]))
	}
	return min(longest+5, exampleLeft)
}

// flags writes flags, in groups where there are many.
func (h *help) flags(flags []cli.Flag) {
	rest := slices.DeleteFunc(slices.Clone(flags), func(f cli.Flag) bool {
		return f == cli.HelpFlag // cli adds it to commands that it runs
	})
	if len(rest) >= grouped {
		groups := map[string][]cli.Flag{}
		for _, f := range rest {
			heading := headingOf(f)
			groups[heading] = append(groups[heading], f)
		}
		h.flagGroup(OwnFlags, groups[OwnFlags])
		for _, g := range flagGroups {
			h.flagGroup(g.heading, groups[g.heading])
		}
	} else if len(rest) == 0 {
		fmt.Fprintf(h, "\n%s:\n", h.say(OwnFlags))
	} else {
		h.flagGroup(OwnFlags, rest)
	}
	h.WriteString(beside("  -h, --help", h.say("show this help"), flagWidth, h.width))
}

// headingOf returns the heading that a flag stands under: its group's, or that of what only its command has.
func headingOf(f cli.Flag) string {
	if in, is := f.(cli.CategorizableFlag); is && in.GetCategory() != "" {
		return in.GetCategory()
	}
	for _, g := range flagGroups {
		if slices.Contains(g.flags, f.Names()[0]) {
			return g.heading
		}
	}
	return OwnFlags
}

func (h *help) flagGroup(heading string, flags []cli.Flag) {
	if len(flags) == 0 {
		return
	}
	fmt.Fprintf(h, "\n%s:\n", h.say(heading))
	for _, f := range flags {
		names, usage := OptionOf(f, h.say)
		h.WriteString(beside("  "+names, usage, flagWidth, h.width))
	}
}

// OptionOf returns the names of a flag with the word for its value, as in "-p, --port PORT", and what it is for.
func OptionOf(f cli.Flag, say func(message string) string) (names, usage string) {
	documented, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return "--" + f.Names()[0], ""
	}
	usage = documented.GetUsage()
	value := strings.ToUpper(f.Names()[0])
	if _, timed := f.(*cli.DurationFlag); timed {
		value = "TIME"
	}
	if _, word, found := strings.Cut(usage, "`"); found {
		value, _, _ = strings.Cut(word, "`")
	}
	names = "    --" + f.Names()[0]
	if all := f.Names(); len(all) > 1 && len(all[1]) == 1 {
		names = "-" + all[1] + ", --" + all[0]
	}
	if documented.TakesValue() {
		names += " " + value
	}
	preset := ""
	if text := strings.Trim(documented.GetDefaultText(), `"`); text != "" && text != "false" && text != "0" &&
		text != "0s" && !strings.Contains(usage, "(default") {
		preset = " (" + say("default: "+text) + ")"
	}
	usage, repeated := strings.CutSuffix(usage, "; may be repeated")
	if usage = say(usage); repeated {
		usage += "; " + say("may be repeated")
	}
	return names, strings.ReplaceAll(usage, "`", "") + preset
}

func upperFirst(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

// beside sets text right of a name, below it where that is too long.
func beside(name, text string, left, width int) string {
	indent := strings.Repeat(" ", left)
	body := filled(text, indent, width)
	if len(name) >= left {
		return name + "\n" + body
	}
	return name + body[min(len(name), len(body)):]
}

// filled fills the paragraphs of text. Lines that begin with a space stay as they are.
func filled(text, indent string, width int) string {
	var b strings.Builder
	paragraph := ""
	flush := func() {
		for _, line := range cells.Wrap(paragraph, width-len(indent)) {
			b.WriteString(indent + line + "\n")
		}
		paragraph = ""
	}
	for given := range strings.SplitSeq(text, "\n") {
		if given != "" && given[0] != ' ' {
			paragraph += " " + given
			continue
		}
		flush()
		b.WriteString(strings.TrimRight(indent+given, " ") + "\n")
	}
	flush()
	return b.String()
}

func isSetting(f cli.Flag) bool {
	_, is := config.Find(f.Names()[0])
	return is
}
