package wiring

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/internal/must"
)

func TestHintsNameTheSameProjectAndPlace(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "devloop down"},
		{[]string{"--module", "admin", "-n", "team", "all"}, "devloop down all --module admin -n team"},
		{[]string{"--context", "kind-two", "my shop"}, "devloop down 'my shop' --context kind-two"},
	} {
		var got string
		a := &cli.App{Commands: []*cli.Command{{Name: "run",
			Flags:  SettingFlags("module", "kubeconfig", "context", "namespace"),
			Action: func(c *cli.Context) error { got = NextCommand(c, "down"); return nil }}}}
		must.Do(t, a.Run(append([]string{"devloop", "run"}, c.args...)))
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.args, got, c.want)
		}
	}
}

func TestCommandsInHintsWorkInTheSamePlace(t *testing.T) {
	all := SettingFlags("kubeconfig", "context", "namespace")
	others := []*cli.Command{{Name: "describe", Flags: all}, {Name: "events", Flags: all[2:]}, {Name: "explain"},
		{Name: "cluster", Subcommands: []*cli.Command{{Name: "start", Flags: all[:1]}}}}
	for hint, want := range map[string]string{
		"see how it is: devloop describe web -n team":                 "see how it is: devloop describe web -n team --context kind-two",
		"see what there is: devloop describe":                         "see what there is: devloop describe --context kind-two -n other",
		"try the smaller shell: devloop exec web -n team -- sh":       "try the smaller shell: devloop exec web -n team --context kind-two -- sh",
		"see what devloop run does: devloop events":                   "see what devloop run does: devloop events -n other",
		"why: devloop explain probes":                                 "why: devloop explain probes",
		"start it: devloop cluster start":                             "start it: devloop cluster start --kubeconfig k",
		"make one: devloop describe, or devloop exec web":             "make one: devloop describe, or devloop exec web",
		"an image has only the programs that its Dockerfile installs": "an image has only the programs that its Dockerfile installs",
	} {
		var got []string
		a := &cli.App{Commands: append([]*cli.Command{{Name: "exec", Flags: all,
			Action: func(c *cli.Context) error { got = PlaceHints(c, []string{hint}); return nil }}}, others...)}
		must.Do(t, a.Run([]string{"devloop", "exec", "--kubeconfig", "k", "--context", "kind-two", "-n", "other"}))
		if want = strings.ReplaceAll(want, " --context", " --kubeconfig k --context"); len(got) != 1 || got[0] != want {
			t.Errorf("%q: got %q, want %q", hint, got, want)
		}
	}
}

// TestHintsOfARunInAnotherDirectoryNameIt, and its module.
func TestHintsOfARunInAnotherDirectoryNameIt(t *testing.T) {
	project := func(name string, do cli.ActionFunc) *cli.Command {
		return &cli.Command{Name: name, ArgsUsage: "[DIR]", Flags: append(SettingFlags("module", "namespace"),
			&cli.BoolFlag{Name: "adopt"}, &cli.BoolFlag{Name: "all"}), Action: do}
	}
	for hint, want := range map[string]string{
		"build it: devloop deploy":                             "build it: devloop deploy '../my shop' --module a -n team",
		"let devloop take it over: devloop deploy --adopt":     "let devloop take it over: devloop deploy --adopt '../my shop' --module a -n team",
		"run one: devloop deploy --module b":                   "run one: devloop deploy --module b '../my shop' -n team",
		"remove it: devloop deploy ../other":                   "remove it: devloop deploy ../other --module a -n team",
		"keep it: devloop deploy --adopt '../my shop' -n team": "keep it: devloop deploy --adopt '../my shop' -n team --module a",
		"see all: devloop deploy --all":                        "see all: devloop deploy --all -n team",
	} {
		var got string
		a := &cli.App{Commands: []*cli.Command{project("run",
			func(c *cli.Context) error { got = Placed(c, hint); return nil }), project("deploy", nil)}}
		must.Do(t, a.Run([]string{"devloop", "run", "--module", "a", "-n", "team", "../my shop"}))
		if got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}
