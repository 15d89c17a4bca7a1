package ui

import (
	"bytes"
	"fmt"
	"io"
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

// prefix returns the prefix of a Pod's log lines: its name, coloured and padded; "" if there is only one Pod.
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

// service shows one of a session's services: each line begins with its name.
type service struct {
	*Plain
	name string
}

func (p *Plain) service(name string) *service {
	if i := slices.IndexFunc(p.services, func(s *service) bool { return s.name == name }); i >= 0 {
		return p.services[i]
	}
	number := len(p.services)
	lines := func(out io.Writer, style Style) io.Writer {
		return &prefixed{out: out,
			prefix: func() string { return style.Tint(number, fmt.Sprintf("%-*s |", p.longestService(), name)) + " " }}
	}
	o := p.PlainOptions
	o.App, o.Report = lines(p.App, p.AppStyle), lines(p.Report, p.Style)
	s := &service{NewPlain(lines(p.out, p.Style), o), name}
	s.noLogs, s.progress.last = p.noLogs, p.progress.last
	p.services = append(p.services, s)
	return s
}

func (p *Plain) longestService() (longest int) {
	for _, s := range p.services {
		longest = max(longest, len(s.name))
	}
	return longest
}

// showFailures shows the last failure of each service whose last save failed, and reports whether there is one.
func (p *Plain) showFailures() (shown bool) {
	for _, s := range p.services {
		if s.failure != nil {
			PrintFailure(s.out, s.Style, *s.failure)
			shown = true
		}
	}
	return shown
}

// prefixed writes a prefix before each line.
type prefixed struct {
	out    io.Writer
	prefix func() string
	inLine bool // the last line has no end yet
}

func (w *prefixed) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		if !w.inLine {
			line = append([]byte(w.prefix()), line...)
		}
		if _, err := w.out.Write(line); err != nil {
			return 0, err
		}
		w.inLine = !bytes.HasSuffix(line, []byte("\n"))
	}
	return len(p), nil
}
