package wiring

import (
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/lists"
)

// PlaceFlags say where in which cluster a command works, moduleFlag which module of the build.
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

// commandInHint matches a text that ends with a command of devloop.
var commandInHint = regexp.MustCompile(`(?:^|: )(devloop [a-z]+[^,]*)$`)

// Placed has the command at the end of a text work where c does. Libraries write hints, and know no flags.
func Placed(c *cli.Context, text string) string {
	if at := commandInHint.FindStringSubmatchIndex(text); at != nil {
		return text[:at[2]] + inPlace(c, text[at[2]:])
	}
	return text
}

// PlaceHints places hints: see [Placed].
func PlaceHints(c *cli.Context, hints []string) []string {
	return lists.Map(hints, func(hint string) string { return Placed(c, hint) })
}

// PlaceFailure places the hints of a failure, which may be nil.
func PlaceFailure(c *cli.Context, f *event.Failure) *event.Failure {
	if f == nil {
		return nil
	}
	placed := *f
	placed.Hints = PlaceHints(c, f.Hints)
	return &placed
}

func placeEvent(c *cli.Context, body event.Body) event.Body {
	switch b := body.(type) {
	case event.Notice:
		b.Hints = PlaceHints(c, b.Hints)
		return b
	case event.CheckFinished:
		b.Hints, b.Failure = PlaceHints(c, b.Hints), PlaceFailure(c, b.Failure)
		return b
	case event.StageFinished:
		b.Failure = PlaceFailure(c, b.Failure)
		return b
	case event.CycleFinished:
		b.Failure = PlaceFailure(c, b.Failure)
		return b
	case event.SessionFinished:
		b.Failure = PlaceFailure(c, b.Failure)
		return b
	case event.StateChanged:
		b.Outage = PlaceFailure(c, b.Outage)
		return b
	}
	return body
}

// inPlace adds to a command's line what c has and the command takes: project, module, cluster and namespace.
func inPlace(c *cli.Context, line string) string {
	words := strings.Fields(line)
	command, arguments := c.App.Command(words[1]), words[2:]
	if command == nil || strings.HasSuffix(line, " --help") {
		return line
	}
	if len(arguments) > 0 {
		if sub := command.Command(arguments[0]); sub != nil {
			command, arguments = sub, arguments[1:]
		}
	}
	line, inPod, isExec := strings.Cut(line, " -- ")
	flags := PlaceFlags
	if ofProject(c.Command) && ofProject(command) && !slices.Contains(arguments, "--all") {
		flags = slices.Concat(moduleFlag, flags)
		line += projectArgument(c, line, arguments)
	}
	if c.IsSet("cluster") {
		flags = append(slices.Clone(flags), "cluster")
	}
	line = WithFlags(c, line, slices.DeleteFunc(slices.Clone(flags), func(flag string) bool {
		given := strings.Contains(line, " --"+flag) || flag == "namespace" && strings.Contains(line, " -n ")
		return given || !hasFlag(command, flag)
	}))
	if isExec {
		line += " -- " + inPod
	}
	return line
}

// projectArgument returns the directory of c for a line whose arguments name none.
func projectArgument(c *cli.Context, line string, arguments []string) string {
	dir := " " + Quoted(c.Args().First())
	if dir == " " || strings.Contains(line, dir) || len(arguments) > 0 && !strings.HasPrefix(arguments[0], "-") {
		return ""
	}
	return dir
}
