package wiring

import (
	"strings"

	"github.com/urfave/cli/v2"
)

// placeFlags say where in which cluster a command works, moduleFlag which module of the build.
var (
	PlaceFlags = []string{"kubeconfig", "context", "namespace"}
	moduleFlag = []string{"module"}
)

// NextCommand returns the line that runs another command on the project of c, in the same place.
func NextCommand(c *cli.Context, command string) string {
	line := "devloop " + command
	if dir := c.Args().First(); dir != "" {
		line += " " + Quoted(dir)
	}
	return WithFlags(c, WithFlags(c, line, moduleFlag), PlaceFlags)
}

// WithFlags adds those of the flags that are set for c to a command line.
func WithFlags(c *cli.Context, line string, names []string) string {
	for _, name := range names {
		flag := "--" + name
		if name == "namespace" {
			flag = "-n"
		}
		if value := c.String(name); value != "" {
			line += " " + flag + " " + Quoted(value)
		}
	}
	return line
}

// Quoted writes a word as a shell reads it.
func Quoted(word string) string {
	if strings.ContainsAny(word, " \t'\"$&|;<>()*?[]#~\\`!") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}
