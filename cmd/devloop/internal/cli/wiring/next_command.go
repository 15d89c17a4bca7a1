package wiring

import (
	"regexp"
	"slices"
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

// commandInHint matches a hint that ends with a command of devloop.
var commandInHint = regexp.MustCompile(`(?:^|: )(devloop ([a-z]+)[^,]*)$`)

// PlaceHints has the commands of hints work in the cluster and namespace of c. Libraries make hints, and know no flags.
func PlaceHints(c *cli.Context, commands []*cli.Command, hints []string) []string {
	placed := slices.Clone(hints)
	for i, hint := range placed {
		if at := commandInHint.FindStringSubmatchIndex(hint); at != nil {
			placed[i] = hint[:at[2]] + inPlace(c, commands, hint[at[2]:], hint[at[4]:at[5]])
		}
	}
	return placed
}

// inPlace adds to the line of a command the flags that it takes and does not have.
func inPlace(c *cli.Context, commands []*cli.Command, line, name string) string {
	i := slices.IndexFunc(commands, func(command *cli.Command) bool { return command.Name == name })
	if i < 0 || strings.HasSuffix(line, " --help") {
		return line
	}
	missing := slices.DeleteFunc(slices.Clone(PlaceFlags), func(flag string) bool {
		given := strings.Contains(line, " --"+flag) || flag == "namespace" && strings.Contains(line, " -n ")
		return given || !hasFlag(commands[i], flag)
	})
	line, rest, inPod := strings.Cut(line, " -- ")
	if line = WithFlags(c, line, missing); inPod {
		line += " -- " + rest
	}
	return line
}
