package localport

import (
	"net/http"

	"github.com/devloop-cli/devloop/runner/localport/clientconn"
	"github.com/devloop-cli/devloop/runner/localport/outage"
)

// asksForStatus reports whether a request, of this machine only, is the unavailable page's and not the application's.
func (p *Port) asksForStatus(r *http.Request) bool {
	if r.Method != http.MethodGet || r.URL.Path != outage.StatusPath || !outage.IsLocal(r) {
		return false
	}
	backend, _, _ := p.current()
	return backend == nil
}

// serveStatus streams the status until the page should load again: the application serves, or something else is wrong.
func (p *Port) serveStatus(w http.ResponseWriter, r *http.Request) {
	if client, is := r.Context().Value(clientKey{}).(*clientconn.HalfClose); is {
		client.EndAtOnce()
	}
	_, first, _ := p.current()
	p.status.Serve(w, r, func() (again bool, routed <-chan struct{}) {
		backend, unavailable, routed := p.current()
		return backend != nil || unavailable != nil && unavailable != first, routed
	})
}
