package wiring

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/config"
)

// SettingFlags returns the flags of the settings of those names.
func SettingFlags(names ...string) []cli.Flag {
	var flags []cli.Flag
	for _, name := range names {
		s, known := config.Find(name)
		if !known {
			panic("no setting " + name) // a mistake in this package, found by any test
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

// settle gives the flags that the command line leaves open their values from the project's devloop.yaml and the
// environment, and checks those that it gives. Commands without a project take only what says where to work.
func settle(c *cli.Context) error {
	if !slices.ContainsFunc(config.Settings, func(s config.Setting) bool { return hasFlag(c.Command, s.Name) }) {
		return nil // such as version: a mistake in devloop.yaml does not concern it
	}
	settings, err := config.Load(ProjectDir(c), os.LookupEnv)
	if err != nil {
		return err
	}
	var wrong []error
	for _, s := range config.Settings {
		switch value, given := settings[s.Name]; {
		case !hasFlag(c.Command, s.Name):
		case c.IsSet(s.Name):
			wrong = append(wrong, CheckFlag(c, s))
		case given && (s.Place || ofProject(c.Command)):
			wrong = append(wrong, set(c, s.Name, value.Texts))
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return &cmdline.UsageError{Err: err, Command: c.Command.Name}
	}
	return nil
}

// ofProject says whether a command works on the project in DIR.
func ofProject(c *cli.Command) bool { return c.ArgsUsage == "[DIR]" }

// ProjectDir is where devloop.yaml is looked for.
func ProjectDir(c *cli.Context) string {
	if ofProject(c.Command) && c.Args().Present() {
		return c.Args().First()
	}
	return ""
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

// CheckFlag returns an error if a flag has a value that its setting cannot have.
func CheckFlag(c *cli.Context, s config.Setting) error {
	for _, text := range FlagTexts(c, s) {
		if err := s.Check(text); err != nil {
			return fmt.Errorf("--%s %q: %w", s.Name, text, err)
		}
	}
	return nil
}

// FlagTexts returns a flag's value as texts.
func FlagTexts(c *cli.Context, s config.Setting) []string {
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
		return RunSession(NewDisplay(ctx, s), func() (error, bool) { return err, false })
	}
}
