package ui

import (
	"fmt"
	"slices"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// podNames tells the log lines of several Pods apart.
type podNames struct {
	cycle   int
	current []string // the Pods of the cycle that made some last
	known   []string // all Pods so far, in the order in which they came: it decides their colours
}

// see notes which Pods there are.
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

// prefix returns what stands before a line of a Pod's log: its name, in its colour and as wide as
// the longest, where there are several Pods.
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
