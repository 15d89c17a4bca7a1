package ui

import (
	"fmt"
	"slices"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// podNames prefixes log lines with the name of their Pod if there are several.
type podNames struct {
	cycle   int
	current []string // the Pods of the last cycle that created some
	known   []string // all Pods so far, in order; it determines their colours
}

// see records the Pods that events name.
func (n *podNames) see(e event.Event) {
	phase, is := e.Body.(event.PodPhase)
	if !is {
		return
	}
	if e.Cycle != n.cycle {
		n.cycle, n.current = e.Cycle, nil
	}
	for _, list := range []*[]string{&n.current, &n.known} {
		if !slices.Contains(*list, phase.Pod) {
			*list = append(*list, phase.Pod)
		}
	}
}

// prefix returns the prefix of a Pod's log lines: its name in its colour, padded to the longest
// name. It is empty if there is only one Pod.
func (n *podNames) prefix(pod string, style Style) string {
	if len(n.current) < 2 {
		return ""
	}
	width := 0
	for _, name := range n.current {
		width = max(width, len(name))
	}
	return style.Tint(max(0, slices.Index(n.known, pod)), fmt.Sprintf("%-*s |", width, pod)) + " "
}
