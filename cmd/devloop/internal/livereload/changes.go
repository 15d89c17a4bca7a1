package livereload

import (
	"path"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// cycle is what is known of the cycle under way.
type cycle struct {
	files  []string // that differ, by their paths on the class path; none where all may
	served bool     // it has answered
}

// Handle implements [event.Sink].
func (s *Server) Handle(e event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch b := e.Body.(type) {
	case event.CycleStarted:
		s.cycle = cycle{}
	case event.Chosen:
		s.cycle.files = b.Files
	case event.StageFinished:
		s.cycle.served = s.cycle.served || b.Stage == event.Forward && b.Outcome == event.OK
	case event.CycleFinished:
		if b.Outcome == event.OK && s.cycle.served {
			s.tell(messages(s.cycle.files))
		}
	}
}

// messages are what browsers are told of files that differ: each style by itself, or one for
// the whole page.
func messages(files []string) []message {
	var all []message
	for _, file := range files {
		served, isStatic := address(file)
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

// staticDirs are those from which Spring Boot serves files as they are.
// https://docs.spring.io/spring-boot/reference/web/servlet.html#web.servlet.spring-mvc.static-content
var staticDirs = []string{"META-INF/resources/", "resources/", "static/", "public/"}

// address returns where a browser finds a file, as far as a path can say.
func address(file string) (string, bool) {
	i := slices.IndexFunc(staticDirs, func(dir string) bool { return strings.HasPrefix(file, dir) })
	if i < 0 {
		return "", false
	}
	return "/" + strings.TrimPrefix(file, staticDirs[i]), true
}
