// Package settings has the commands for devloop's settings: init writes devloop.yaml and the files for editors,
// config shows each value and where it comes from, and schema prints the JSON Schema.
//
// The settings themselves, and how they are read, are in package config.
package settings

import (
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/config"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/urfave/cli/v2"
)

// ConfigCommand is devloop config.
func ConfigCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "config",
		Usage:     "show a project's settings, and where each value comes from",
		ArgsUsage: "[DIR]",
		Description: `Shows every setting for the project in DIR (default: the current directory) with its
effective value and where it comes from: a flag, the environment, devloop.yaml with its
line, or the default. Each is also a flag here, so that you see what it would change.`,
		Flags:  append(wiring.SettingFlags(config.Names()...), &cli.BoolFlag{Name: "json", Usage: "print JSON"}),
		Action: func(c *cli.Context) error { return showConfig(c, s) },
	}
}

// shownSetting is a line of `devloop config`.
type shownSetting struct {
	Name  string   `json:"name"`
	Value []string `json:"value"`
	From  string   `json:"from"`
}

// showConfig runs without settle: it has to tell flags from what lies below them.
func showConfig(c *cli.Context, s wiring.Streams) error {
	dir, err := wiring.Directory(c)
	if err != nil {
		return err
	}
	if err := project.CheckDir(dir); err != nil {
		return err
	}
	settings, err := config.Load(wiring.ProjectDir(c), os.LookupEnv)
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
			if err := wiring.CheckFlag(c, s); err != nil {
				return &cmdline.UsageError{Err: err}
			}
			row.Value, row.From = wiring.FlagTexts(c, s), "--"+s.Name
		}
		row.Value = masked(row.Value)
		rows = append(rows, row)
	}
	if c.Bool("json") {
		return wiring.PrintJSON(s.Out, rows)
	}
	_, err = io.WriteString(s.Out, settingsTable(rows, s.Say))
	return err
}

func settingsTable(rows []shownSetting, say func(message string) string) string {
	table := [][]string{{say("SETTING"), say("VALUE"), say("FROM")}}
	for _, r := range rows {
		value := strings.Join(r.Value, " ")
		if s, known := config.Find(r.Name); known && len(r.Value) == 0 {
			value = "(" + say(s.Unset) + ")"
		}
		table = append(table, []string{r.Name, value, say(r.From)})
	}
	return cells.Table(table, 2)
}

var (
	// secretName matches the name of a variable whose value must not appear on a shared screen.
	secretName = regexp.MustCompile(`(?i)passw|secret|token|api_?key|private_?key|credential`)
	// urlPassword is a password in a URL.
	urlPassword = regexp.MustCompile(`(://[^/@:\s]*:)[^/@\s]+@`)
)

// masked returns settings with *** for what is secret in them.
func masked(texts []string) []string {
	shown := make([]string, len(texts))
	for i, text := range texts {
		if name, value, pair := strings.Cut(text, "="); pair && value != "" && secretName.MatchString(name) {
			text = name + "=***"
		}
		shown[i] = urlPassword.ReplaceAllString(text, "$1***@")
	}
	return shown
}

// SchemaCommand is devloop schema.
func SchemaCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "print the JSON Schema of devloop.yaml, for editors, or of events",
		Description: `devloop init writes it beside devloop.yaml, whose first line names it: editors that know
the YAML language server then complete and check the file, without a network. --events prints
the one of the events that --json and devloop events print.`,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "events", Usage: "the schema of an event, a line of --json"}},
		Action: func(c *cli.Context) error {
			of := config.Schema
			if c.Bool("events") {
				of = event.JSONSchema
			}
			schema, err := of()
			if err != nil {
				return err
			}
			_, err = s.Out.Write(schema)
			return err
		},
	}
}
