package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/urfave/cli/v2"
)

func manCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:  "man",
		Usage: "print the manual page",
		Description: `Read it now, or install it:

   devloop man | man -l -
   devloop man >~/.local/share/man/man1/devloop.1`,
		Action: func(c *cli.Context) error {
			_, err := io.WriteString(s.Out, manual(c.App))
			return err
		},
	}
}

// manual writes help as a page for man(1), in the macros of man(7). Descriptions keep their lines.
func manual(a *cli.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH DEVLOOP 1 \"\" \"devloop %s\"\n.SH NAME\ndevloop \\- %s\n", roff(a.Version), roff(a.Usage))
	fmt.Fprintf(&b,
		".SH SYNOPSIS\n.B devloop\nCOMMAND [FLAG...] [ARGUMENT...]\n.SH DESCRIPTION\n.nf\n%s\n.fi\n.SH COMMANDS\n",
		roff(cmdline.Start))
	for _, c := range a.Commands {
		fmt.Fprintf(&b, ".SS devloop %s %s\n%s.\n.PP\n.nf\n%s%s\n.fi\n", c.Name, roff(c.ArgsUsage), roff(c.Usage),
			roff(c.Description), roff(cmdline.ExampleHelp(c.Name, cmdline.PipeWidth)))
		for _, f := range c.Flags {
			names, usage := cmdline.OptionOf(f, cmdline.English)
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(strings.TrimSpace(names)), roff(usage))
		}
	}
	fmt.Fprintf(&b, ".SH EXIT STATUS\n.nf\n%s\n.fi\n", roff(cmdline.ExitCodes(cmdline.English)))
	b.WriteString(".SH FILES\n.TP\n.B devloop.yaml\nthe settings of a project, see devloop init\n")
	return b.String()
}

// roff escapes what would be a request or an escape of troff.
func roff(text string) string {
	lines := strings.Split(strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
