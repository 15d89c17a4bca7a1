package wiring

import (
	"testing"

	"github.com/urfave/cli/v2"
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
		a := &cli.App{Commands: []*cli.Command{{Name: "run", Flags: SettingFlags("module", "kubeconfig", "context", "namespace"),
			Action: func(c *cli.Context) error { got = NextCommand(c, "down"); return nil }}}}
		if err := a.Run(append([]string{"devloop", "run"}, c.args...)); err != nil {
			t.Fatal(err)
		}
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.args, got, c.want)
		}
	}
}

func TestCommandsInHintsWorkInTheSamePlace(t *testing.T) {
	all := SettingFlags("kubeconfig", "context", "namespace")
	commands := []*cli.Command{{Name: "exec", Flags: all}, {Name: "describe", Flags: all}, {Name: "events", Flags: all[2:]}, {Name: "explain"}}
	for hint, want := range map[string]string{
		"see how it is: devloop describe web -n team":                 "see how it is: devloop describe web -n team --context kind-two",
		"see what there is: devloop describe":                         "see what there is: devloop describe --context kind-two -n other",
		"try the smaller shell: devloop exec web -n team -- sh":       "try the smaller shell: devloop exec web -n team --context kind-two -- sh",
		"see what devloop run does: devloop events":                   "see what devloop run does: devloop events -n other",
		"why: devloop explain probes":                                 "why: devloop explain probes",
		"make one: devloop describe, or devloop exec web":             "make one: devloop describe, or devloop exec web",
		"an image has only the programs that its Dockerfile installs": "an image has only the programs that its Dockerfile installs",
	} {
		var got []string
		a := &cli.App{Commands: []*cli.Command{{Name: "exec", Flags: all,
			Action: func(c *cli.Context) error { got = PlaceHints(c, commands, []string{hint}); return nil }}}}
		if err := a.Run([]string{"devloop", "exec", "--context", "kind-two", "-n", "other"}); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%q: got %q, want %q", hint, got, want)
		}
	}
}
