package cmdline

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/hyperlink"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
)

// ColorFlag is the flag of commands that use colours.
func ColorFlag() cli.Flag {
	return &cli.StringFlag{Name: "color", Value: "auto",
		Usage:  "`WHEN` to use colours: auto (on a terminal; see NO_COLOR and CLICOLOR_FORCE), always, or never",
		Action: OneOf("color", "auto", "always", "never")}
}

// OneOf returns the check of a flag that has a few values. In front of the command, the context is nil.
func OneOf(flag string, values ...string) func(*cli.Context, string) error {
	return func(c *cli.Context, value string) error {
		if slices.Contains(values, value) {
			return nil
		}
		last := len(values) - 1
		err := &UsageError{Err: fmt.Errorf("--%s is %s or %s, not %q", flag, strings.Join(values[:last], ", "),
			values[last], value)}
		if c != nil {
			err.Command = NameOf(c.Command)
		}
		return err
	}
}

// StyleFor returns the colours and links of what is written to w. Without a command, c is nil.
func StyleFor(c *cli.Context, w io.Writer) ui.Style {
	flag := "auto"
	if c != nil {
		flag = c.String("color")
	}
	_, terminal := Screen(w)
	host, _ := os.Hostname()
	return ui.Style{
		Colour: colours(flag, terminal, os.Getenv),
		Links: hyperlink.Links{On: links(terminal, os.Getenv), Host: host,
			VSCode: os.Getenv("TERM_PROGRAM") == "vscode"},
	}
}

// colours decides by the flag, then https://no-color.org and https://bixense.com/clicolors, then the stream.
func colours(flag string, terminal bool, getenv func(string) string) bool {
	force := getenv("CLICOLOR_FORCE")
	switch {
	case flag == "always", flag == "never":
		return flag == "always"
	case getenv("NO_COLOR") != "":
		return false
	case force != "" && force != "0":
		return true
	}
	return terminal
}

// links decides by FORCE_HYPERLINK, as many tools do, then by the stream. A link is no colour, so NO_COLOR does not
// matter. Linux's own console shows parts of a link as text.
func links(terminal bool, getenv func(string) string) bool {
	if force := getenv("FORCE_HYPERLINK"); force != "" {
		return force != "0"
	}
	return terminal && getenv("TERM") != "linux"
}
