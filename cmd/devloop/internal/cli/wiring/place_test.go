package wiring

import (
	"testing"

	"github.com/urfave/cli/v2"
)

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
