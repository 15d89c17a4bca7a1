package wiring

import (
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// Yields returns what deploy asks before it replaces what was deployed from another directory.
// While a devloop runs there, the answer is an error; otherwise a notice says once what is replaced.
func Yields(d Display, server string) func(dir string) error {
	told := map[string]bool{}
	return func(dir string) error {
		err := sessions.HeldBy(dir, server)
		if err == nil && !told[dir] {
			told[dir] = true
			d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeTakenOver, Dir: dir})
		}
		return err
	}
}
