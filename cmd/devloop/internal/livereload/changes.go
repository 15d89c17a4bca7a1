package livereload

import (
	"path"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/staticfile"
)

// cycle records what is known about the current cycle.
type cycle struct {
	files  []string // changed files by their paths on the class path; none if any may have changed
	served bool     // the application has answered
}

func (s *Server) Handle(e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cycles[e.Service]
	if _, begins := e.Body.(event.CycleStarted); begins || now == nil {
		now = &cycle{}
		s.cycles[e.Service] = now
	}
	switch b := e.Body.(type) {
	case event.PathChosen:
		now.files = b.Files
	case event.StageFinished:
		now.served = now.served || b.Stage == event.Forward && b.Outcome == event.OK
	case event.CycleFinished:
		if b.Outcome == event.OK && now.served {
			s.broadcast(messages(now.files))
		}
	}
}

// messages returns one message for each style sheet if only style sheets have changed, else one for the whole page.
func messages(files []string) []message {
	var all []message
	for _, file := range files {
		served, isStatic := staticfile.URLPath(file)
		if !isStatic || path.Ext(file) != ".css" {
			all = nil
			break
		}
		all = append(all, message{Command: "reload", Path: served, LiveCSS: true})
	}
	if len(all) == 0 {
		return []message{{Command: "reload", Path: "/", LiveCSS: true}}
	}
	return all
}
