package attach

import (
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ledger"
)

// StatsCommand is devloop stats.
func StatsCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "stats",
		Usage:     "show how long saves took, and what made them slow",
		ArgsUsage: "[DIR]",
		Description: `Shows how long the saves in the project in DIR (default: the current directory) took to reach
localhost in devloop run, by the path that they took, what made the slow ones slow, and how
to avoid that. The numbers are kept on this machine, the last few thousand, and go nowhere
else.`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "all", Aliases: []string{"A"}, Usage: "of all projects"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		},
		Action: func(c *cli.Context) error { return stats(c, s) },
	}
}

func stats(c *cli.Context, s wiring.Streams) error {
	dir, err := wiring.Directory(c)
	if err != nil {
		return err
	}
	state, err := sessions.StateDir()
	if err != nil {
		return err
	}
	var of []ledger.Entry
	for _, e := range ledger.Read(filepath.Join(state, ledger.File)) {
		if c.Bool("all") || sessions.Within(dir, e.Dir) {
			of = append(of, e)
		}
	}
	sum := ledger.StatsOf(of)
	switch {
	case c.Bool("json"):
		return wiring.PrintJSON(s.Out, sum)
	case sum.Saves == 0:
		_, err := fmt.Fprintln(s.Err,
			s.Say(fmt.Sprintf("devloop run has served no save of the project in %q yet", dir)))
		return err
	}
	return sum.Write(s.Out, s.Say)
}
