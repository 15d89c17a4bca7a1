package localport

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/runner/localport/clientconn"
	"github.com/devloop-cli/devloop/runner/localport/outage"
)

// heartbeat finds out that a page is gone.
const heartbeat = 15 * time.Second

// asksForStatus reports whether a request is the unavailable page's and not the application's. A site whose
// name leads to this machine gets no answer.
func (p *Port) asksForStatus(r *http.Request) bool {
	if r.Method != http.MethodGet || r.URL.Path != outage.StatusPath || !outage.IsLocal(r) {
		return false
	}
	backend, _, _ := p.current()
	return backend == nil
}

// serveStatus streams the status as server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html), until the page should load again: the application
// serves, or something else is wrong than before.
func (p *Port) serveStatus(w http.ResponseWriter, r *http.Request) {
	if client, is := r.Context().Value(clientKey{}).(*clientconn.HalfClose); is {
		client.EndAtOnce()
	}
	h := w.Header()
	h.Set("Server", ServerHeader)
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	flush := http.NewResponseController(w).Flush
	_, first, _ := p.current()
	beats := time.NewTicker(heartbeat)
	defer beats.Stop()
	for said := "\n"; ; { // which is no status
		backend, unavailable, routed := p.current()
		text, changed := p.status.Get()
		message := ":\n\n"
		switch {
		case backend != nil, unavailable != nil && unavailable != first:
			message = "event: reload\ndata:\n\n"
		case text != said:
			message, said = "data: "+text+"\n\n", text
		}
		if _, err := fmt.Fprint(w, message); err != nil || flush() != nil || strings.HasPrefix(message, "event") {
			return
		}
		select {
		case <-routed:
		case <-changed:
		case <-beats.C:
		case <-r.Context().Done():
			return
		}
	}
}
