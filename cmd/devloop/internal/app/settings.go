package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/config"
)

// settingFlags returns the flags of the settings of those names.
func settingFlags(names ...string) []cli.Flag {
	var flags []cli.Flag
	for _, name := range names {
		s, known := config.Find(name)
		if !known {
			panic("no setting " + name) // a slip in this package, found by any test
		}
		flags = append(flags, settingFlag(s))
	}
	return flags
}

func settingFlag(s config.Setting) cli.Flag {
	var aliases []string
	if s.Alias != "" {
		aliases = []string{s.Alias}
	}
	usage := s.Usage
	if len(s.Choices) > 0 && !strings.Contains(usage, s.Choices[0]) {
		usage += ": " + strings.Join(s.Choices, ", ")
	}
	if s.Kind == config.List {
		usage += "; may be repeated"
	}
	switch s.Kind {
	case config.Switch:
		return &cli.BoolFlag{Name: s.Name, Aliases: aliases, Usage: usage, Value: s.Default == "true"}
	case config.Span:
		value, _ := time.ParseDuration(s.Default) // the table is tested
		return &cli.DurationFlag{Name: s.Name, Aliases: aliases, Usage: usage, Value: value, DefaultText: s.Default}
	case config.List:
		return &cli.StringSliceFlag{Name: s.Name, Aliases: aliases, Usage: usage}
	default:
		return &cli.StringFlag{Name: s.Name, Aliases: aliases, Usage: usage, Value: s.Default}
	}
}

// settle gives the flags that the command line leaves open their values from the
// project's devloop.yaml and the environment, and checks those that it gives.
// Commands without a project take only what says where to work.
func settle(c *cli.Context) error {
	settings, err := config.Load(projectDir(c), os.LookupEnv)
	if err != nil {
		return err
	}
	var wrong []error
	for _, s := range config.Settings {
		switch value, given := settings[s.Name]; {
		case !hasFlag(c.Command, s.Name):
		case c.IsSet(s.Name):
			wrong = append(wrong, checkFlag(c, s))
		case given && (s.Place || ofProject(c.Command)):
			wrong = append(wrong, set(c, s.Name, value.Texts))
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return &UsageError{Err: err, command: c.Command.Name}
	}
	return nil
}

// ofProject says whether a command works on the project in DIR.
func ofProject(c *cli.Command) bool { return c.ArgsUsage == "[DIR]" }

// projectDir is where devloop.yaml is looked for.
func projectDir(c *cli.Context) string {
	if ofProject(c.Command) && c.Args().Present() {
		return c.Args().First()
	}
	return ""
}

// isSetting says whether a flag is one of the settings.
func isSetting(f cli.Flag) bool {
	_, is := config.Find(f.Names()[0])
	return is
}

func hasFlag(c *cli.Command, name string) bool {
	return slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return f.Names()[0] == name })
}

func set(c *cli.Context, name string, texts []string) error {
	for _, text := range texts {
		if err := c.Set(name, text); err != nil {
			return err
		}
	}
	return nil
}

func checkFlag(c *cli.Context, s config.Setting) error {
	for _, text := range flagTexts(c, s) {
		if err := s.Check(text); err != nil {
			return fmt.Errorf("--%s %q: %w", s.Name, text, err)
		}
	}
	return nil
}

// flagTexts returns a flag's value as texts.
func flagTexts(c *cli.Context, s config.Setting) []string {
	switch s.Kind {
	case config.List:
		return c.StringSlice(s.Name)
	case config.Switch:
		return []string{fmt.Sprint(c.Bool(s.Name))}
	case config.Span:
		return []string{shortSpan(c.Duration(s.Name))}
	default:
		return []string{c.String(s.Name)}
	}
}

// shortSpan writes a duration as people do: 2m, where Go writes 2m0s.
func shortSpan(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// settled has a command's settings in place before it begins.
func settled(s Streams, c *cli.Command) cli.BeforeFunc {
	return func(ctx *cli.Context) error {
		err := settle(ctx)
		if err == nil || !hasFlag(c, "quiet") {
			return err
		}
		return session(newDisplay(ctx, s), func() (error, bool) { return err, false })
	}
}

func configCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:      "config",
		Usage:     "show a project's settings, and where each value comes from",
		ArgsUsage: "[DIR]",
		Description: `Shows every setting for the project in DIR (default: the current directory) with its
effective value and where it comes from: a flag, the environment, devloop.yaml with its
line, or the default. Each is a flag here, too, so that one sees what it would change.`,
		Flags:  append(settingFlags(settingNames()...), &cli.BoolFlag{Name: "json", Usage: "print JSON"}),
		Action: func(c *cli.Context) error { return showConfig(c, s.Out) },
	}
}

func settingNames() []string {
	var names []string
	for _, s := range config.Settings {
		names = append(names, s.Name)
	}
	return names
}

// shownSetting is a line of `devloop config`.
type shownSetting struct {
	Name  string   `json:"name"`
	Value []string `json:"value"`
	From  string   `json:"from"`
}

// showConfig runs without settle: it has to tell flags from what lies below them.
func showConfig(c *cli.Context, out io.Writer) error {
	if _, err := directory(c); err != nil {
		return err
	}
	settings, err := config.Load(projectDir(c), os.LookupEnv)
	if err != nil {
		return err
	}
	var rows []shownSetting
	for _, s := range config.Settings {
		row := shownSetting{s.Name, []string{}, "default"}
		if value, given := settings[s.Name]; given {
			row.Value, row.From = value.Texts, value.From
		} else if s.Default != "" {
			row.Value = []string{s.Default}
		}
		if c.IsSet(s.Name) {
			if err := checkFlag(c, s); err != nil {
				return &UsageError{Err: err}
			}
			row.Value, row.From = flagTexts(c, s), "--"+s.Name
		}
		rows = append(rows, row)
	}
	if c.Bool("json") {
		return printJSON(out, rows)
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "SETTING\tVALUE\tFROM")
	for _, r := range rows {
		value := strings.Join(r.Value, " ")
		if s, known := config.Find(r.Name); known && len(r.Value) == 0 {
			value = "(" + s.Unset + ")"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", r.Name, value, r.From)
	}
	return table.Flush()
}

func schemaCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "print the JSON Schema of devloop.yaml, for editors",
		Description: `devloop init writes it beside devloop.yaml, whose first line names it: editors that know
the YAML language server then complete and check the file, without a network.`,
		Action: func(c *cli.Context) error {
			schema, err := config.Schema()
			if err != nil {
				return err
			}
			_, err = s.Out.Write(schema)
			return err
		},
	}
}
