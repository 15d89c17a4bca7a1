package wiring

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/urfave/cli/v2"
)

// version is set by the linker (see Makefile); a build by `go install` has none.
var version = ""

// build returns the commit that the program was built from and its day, "" where the build did not
// know them.
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
