package machine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/setup"
)

// TestCompletionIsInstalledWithOtherChanges has a shell that looks for scripts in the user's directory.
func TestCompletionIsInstalledWithOtherChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		problem error // of another step
		answer  error
		asked   int
		there   bool
	}{
		"with another change":   {errors.New("broken"), nil, 2, true},
		"the user declines":     {errors.New("broken"), errors.New("no"), 2, false},
		"nothing else is amiss": {nil, nil, 0, false},
	} {
		home, problem, asked := t.TempDir(), c.problem, 0
		other := setup.Step{ID: "other", Check: func(context.Context) (string, error) { return "", problem },
			Fix: func(error) *setup.Fix {
				return &setup.Fix{Change: "mend it", Run: func(context.Context) error { problem = nil; return nil }}
			}}
		completion := completionStep(func(name string) string {
			return map[string]string{"HOME": home, "SHELL": "/usr/bin/fish", "HOMEBREW_PREFIX": home}[name]
		})
		states := map[string]setup.State{}
		_ = setup.Run(t.Context(), []setup.Step{other, completion}, setup.Options{
			Ask:    func(changes []setup.Change) error { asked = len(changes); return c.answer },
			Report: func(r setup.Result) { states[r.ID] = r.State },
		})
		_, err := os.Stat(filepath.Join(home, ".config/fish/completions/devloop.fish"))
		if want := map[bool]setup.State{true: setup.Fixed, false: setup.Skipped}[c.there]; asked != c.asked ||
			(err == nil) != c.there || states["completion"] != want {
			t.Errorf("%s: asked for %d changes, the step is %s, the script: %v", name, asked, states["completion"], err)
		}
	}
}
