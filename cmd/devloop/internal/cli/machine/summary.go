package machine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/setup"
)

// summary is what a setup has come to: the steps by their outcomes.
type summary struct{ done, fixed, failed []string }

func (s *summary) add(r setup.Result) {
	switch {
	case r.State == setup.Fixed:
		s.fixed = append(s.fixed, r.ID)
	case r.State == setup.Failed:
		s.failed = append(s.failed, r.ID)
	case r.Blocked == "":
		s.done = append(s.done, r.ID)
	}
}

// notice sums up a setup that did not come to its end. Steps that were not tried need one that failed, or came after
// an interruption. Again is the line that continues it.
func (s *summary) notice(steps []setup.Step, again string) event.Notice {
	var open []string
	for _, step := range steps {
		if !slices.Contains(slices.Concat(s.done, s.fixed, s.failed), step.ID) {
			open = append(open, step.ID)
		}
	}
	list := func(ids []string) string { return cmp.Or(strings.Join(ids, ", "), "–") }
	return event.Notice{Level: event.Info, Code: event.NoticeMachineUnready,
		Text: fmt.Sprintf("this machine is not ready. Changed: %s. Failed: %s. Not tried: %s", list(s.fixed),
			list(s.failed), list(open)),
		Hints: []string{"mend what failed as its hints say, then continue: " + again}}
}
