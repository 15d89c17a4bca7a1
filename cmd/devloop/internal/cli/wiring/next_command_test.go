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
