package wiring

import (
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

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
