package app

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"
)

// Help is set for the terminal's width: paragraphs are filled, and a flag's words stand
// beside it. What begins with spaces, such as a command to type, keeps its lines.

const (
	pipeWidth = 80  // of help that goes to no terminal, in columns
	wideEyes  = 100 // columns: nobody reads longer lines
	flagWidth = 26  // columns of the flags' names; longer ones have a line of their own
)

// printHelp writes the help of the program or of a command; cli calls it.
func printHelp(w io.Writer, _ string, data any) {
	var b strings.Builder
	width := helpWidth(w)
	switch of := data.(type) {
	case *cli.App:
		appHelp(&b, of, width)
	case *cli.Command:
		commandHelp(&b, of, width)
	}
	_, _ = io.WriteString(w, b.String())
}

func helpWidth(w io.Writer) int {
	if fd, is := terminal(w); is {
		if columns, _, err := term.GetSize(fd); err == nil && columns > 2*flagWidth {
			return min(columns, wideEyes)
		}
	}
	return pipeWidth
}

func appHelp(b *strings.Builder, a *cli.App, width int) {
	fmt.Fprintf(b, "%s\nUsage: devloop COMMAND [FLAG...] [ARGUMENT...]\n\n%s", filled("devloop: "+a.Usage, "", width), filled(a.Description, "", width))
	category := "\x00"
	for _, c := range a.Commands {
		if c.Hidden {
			continue
		}
		if c.Category != category {
			category = c.Category
			heading := strings.ToUpper(category[:min(1, len(category))]) + category[min(1, len(category)):]
			if heading == "" {
				heading = "Commands"
			}
			fmt.Fprintf(b, "\n%s:\n", heading)
		}
		b.WriteString(beside("  "+c.Name, c.Usage, 14, width))
	}
	fmt.Fprintf(b, "\nExit codes:\n%s\n\ndevloop COMMAND --help shows a command's flags.\n", exitCodes)
}

func commandHelp(b *strings.Builder, c *cli.Command, width int) {
	fmt.Fprintf(b, "%s\nUsage: devloop %s\n", filled("devloop "+c.Name+": "+c.Usage, "", width), strings.TrimRight(c.Name+" [FLAG...] "+c.ArgsUsage, " "))
	if c.Description != "" {
		fmt.Fprintf(b, "\n%s", filled(c.Description, "", width))
	}
	b.WriteString("\nFlags:\n")
	fromSettings := false
	for _, f := range c.Flags {
		if f == cli.HelpFlag {
			continue // cli adds it to commands that it runs
		}
		names, usage := optionOf(f)
		b.WriteString(beside("  "+names, usage, flagWidth, width))
		fromSettings = fromSettings || isSetting(f)
	}
	b.WriteString(beside("  -h, --help", "show this", flagWidth, width))
	if fromSettings {
		fmt.Fprintf(b, "\n%s", filled("Settings can stand in devloop.yaml and in the environment, too: devloop config shows them.", "", width))
	}
}

// optionOf returns the names of a flag with the word for its value, as in "-p, --port PORT",
// and what it is for.
func optionOf(f cli.Flag) (names, usage string) {
	documented, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return "--" + f.Names()[0], ""
	}
	usage = documented.GetUsage()
	value := "TIME"
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
	preset := strings.Trim(documented.GetDefaultText(), `"`)
	if preset != "" && preset != "false" && preset != "0" && !strings.Contains(usage, "(default") {
		usage += " (default: " + preset + ")"
	}
	return names, strings.ReplaceAll(usage, "`", "")
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
	line := ""
	flush := func() {
		if line != "" {
			b.WriteString(indent + line + "\n")
		}
		line = ""
	}
	for _, given := range strings.Split(text, "\n") {
		if given == "" || given[0] == ' ' {
			flush()
			b.WriteString(strings.TrimRight(indent+given, " ") + "\n")
			continue
		}
		for _, word := range strings.Fields(given) {
			if line != "" && len(indent+line)+1+len(word) > width {
				flush()
			}
			line = strings.TrimLeft(line+" "+word, " ")
		}
	}
	flush()
	return b.String()
}
