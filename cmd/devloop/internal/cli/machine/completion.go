package machine

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/completion"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/setup"
	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/fault"
)

// completionStep lets the user's shell complete devloop's commands, where a file does that. It edits no start file.
func completionStep(getenv func(string) string) setup.Step {
	shell := filepath.Base(getenv("SHELL"))
	places := completion.Places(shell, getenv)
	return setup.Step{ID: "completion", Optional: true,
		Check: func(context.Context) (string, error) {
			if len(places) == 0 {
				return "", &setup.NotApplicable{Why: fmt.Sprintf("%s loads no completions unless its start file does; devloop completion --help says what to add to its start file", shell)}
			}
			if file := completion.Installed(places); file != "" {
				return file, nil
			}
			return "", &fault.Error{Code: "machine.completion",
				Op: fmt.Sprintf("%s does not complete devloop's commands", shell)}
		},
		Fix: func(error) *setup.Fix {
			return &setup.Fix{Change: fmt.Sprintf("let %s complete devloop's commands, by %s", shell, places[0]),
				Run: func(context.Context) error {
					script, err := completion.Script(shell)
					if err != nil {
						return err
					}
					return atomicfile.Write(places[0], script)
				}}
		},
	}
}
