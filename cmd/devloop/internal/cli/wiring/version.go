package wiring

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/update"
)

// version is set by the linker (see Makefile); a build by `go install` has none.
var version = ""

// build returns the commit that the program was built from and its day, "" where the build did not know them.
func build() (commit, day string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", ""
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case "vcs.time":
			day = s.Value[:min(len(time.DateOnly), len(s.Value))]
		}
	}
	return commit, day
}

// Version returns devloop's version: the linker's, or that of the module, or "devel".
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}

// LookForUpdate looks for a later release while a command runs. The function that it returns tells the user of it.
func LookForUpdate(ctx context.Context, s Streams) func() {
	_, reads := cmdline.Terminal(s.Out)
	_, warned := cmdline.Terminal(s.Err)
	dir, err := sessions.StateDir()
	if err != nil || !update.Wanted(Version(), reads && warned, os.Getenv) {
		return func() {}
	}
	found := update.Check{Version: Version(), URL: update.Latest, File: filepath.Join(dir, "update.json")}.Start(ctx)
	return func() {
		if r := found(); r != nil {
			ui.NewPlain(s.Err,
				ui.PlainOptions{Style: s.Style(nil, s.Err)}).Handle(event.Event{Body: event.Notice{Level: event.Info,
				Text:  fmt.Sprintf("devloop %s is available, this is %s", r.Version, Version()),
				Hints: []string{"get it: " + r.URL}}})
		}
	}
}

// VersionCommand is devloop version.
func VersionCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version, the commit and its date",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "as JSON"}},
		Action: func(c *cli.Context) error {
			commit, day := build()
			platform := runtime.GOOS + "/" + runtime.GOARCH
			if c.Bool("json") {
				return json.NewEncoder(s.Out).Encode(map[string]string{
					"version": Version(), "commit": commit, "date": day, "go": runtime.Version(), "platform": platform,
				})
			}
			from := ""
			if commit != "" {
				from = fmt.Sprintf(", commit %s of %s", commit, day)
			}
			_, err := fmt.Fprintf(s.Out, "devloop %s (%s, %s%s)\n", Version(), runtime.Version(), platform, from)
			return err
		},
	}
}
