// Package outage has the answer that clients of a local port get while no application serves: a page for browsers, text
// for others, and a stream on which the page hears what is done about it.
//
//	var status outage.Status
//	(&outage.Unavailable{Reason: "it does not compile"}).Write(w, r, 503, &status)
//	status.Set("compile 3 s")
//
// When it is given is up to package localport.
package outage

import (
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/devloop-cli/devloop/internal/lists"
)

// ServerHeader is the Server header of devloop's own responses, to tell them from the application's.
const ServerHeader = "devloop"

// retryAfter is when a browser asks again, in seconds.
const retryAfter = 2

// Unavailable is the answer to clients while there is no backend and none is coming.
type Unavailable struct {
	Reason   string   // in a line
	Evidence []string // compiler problems, last log lines
	Hints    []string // one action each
}

// Error returns the reason.
func (u *Unavailable) Error() string { return u.Reason }

// Write sends a page or plain text, whichever the client accepts. A site whose name resolves to this machine for a
// while (DNS rebinding) may read what its page gets from here, and --address opens the port to others. So the reason,
// with lines of the build and the log, is for those who ask a loopback name.
func (u *Unavailable) Write(w http.ResponseWriter, r *http.Request, code int, status *Status) {
	local := IsLocal(r)
	if !local {
		u = &Unavailable{Reason: "the application does not answer; at localhost this page says why"}
	}
	u = u.translated(status.say)
	h := w.Header()
	h.Set("Server", ServerHeader)
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", fmt.Sprint(retryAfter))
	h.Set("X-Content-Type-Options", "nosniff")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		h.Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(code)
		working, _ := status.Get()
		_ = page.Execute(w, map[string]any{ // an error: the client is gone
			"Code": code, "Text": http.StatusText(code), "Unavailable": u, "Again": retryAfter, "Working": working,
			"Live": local && code == http.StatusServiceUnavailable, "Path": StatusPath,
			"Safe":     r.Method == http.MethodGet,
			"Holds":    status.say("devloop holds this port. This page reloads when the application answers."),
			"Language": status.language(),
		})
		return
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, u.text())
}

// translated returns the answer in another language. Evidence is the words of other programs.
func (u *Unavailable) translated(say func(message string) string) *Unavailable {
	return &Unavailable{Reason: say(u.Reason), Evidence: u.Evidence, Hints: lists.Map(u.Hints, say)}
}

// IsLocal reports whether a request asks for a host that always is this machine (RFC 6761, 6.3), not from another site.
func IsLocal(r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	return isLoopback(&url.URL{Host: r.Host}) && err == nil && (origin.String() == "" || isLoopback(origin))
}

func isLoopback(u *url.URL) bool {
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

func (u *Unavailable) text() string {
	lines := []string{"devloop: " + u.Reason}
	for _, e := range u.Evidence {
		lines = append(lines, "  | "+e)
	}
	for _, h := range u.Hints {
		lines = append(lines, "  -> "+h)
	}
	return strings.Join(lines, "\n") + "\n"
}

// page reloads itself, so that a browser shows the application as soon as it serves: at once where it can hear of
// that, see [StatusPath]. A request that changes something is not sent again.
var page = template.Must(template.New("unavailable").Parse(`<!doctype html>
<html lang="{{.Language}}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
{{if .Live}}<noscript><meta http-equiv="refresh" content="{{.Again}}"></noscript>
{{else}}<meta http-equiv="refresh" content="{{.Again}}">{{end}}
<title>{{.Code}} {{.Text}}</title>
<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 10vh auto; padding: 0 1rem }
  h1 { font-size: 1.3rem; white-space: pre-line }
  li { white-space: pre-line }
  pre { padding: 1rem; overflow-x: auto; border-left: 4px solid crimson;
    background: color-mix(in srgb, currentColor 7%, transparent) }
  small { opacity: .6 }
</style>
<h1>{{.Unavailable.Reason}}</h1>
{{with .Unavailable.Evidence}}<pre>{{range .}}{{.}}
{{end}}</pre>
{{end}}{{with .Unavailable.Hints}}<ul>
{{range .}}<li>{{.}}</li>
{{end}}</ul>
{{end}}{{if .Live}}<p id="working" role="status">{{.Working}}</p>
<script>
  const again = () => {{if .Safe}}location.reload(){{else}}location.replace(location.pathname + location.search){{end}};
  const events = new EventSource({{.Path}});
  events.onmessage = e => { document.getElementById("working").textContent = e.data };
  events.addEventListener("reload", () => { events.close(); again() });
  events.onerror = () => { events.close(); setTimeout(again, {{.Again}} * 1000) };
</script>
{{end}}<p><small>{{.Holds}}</small></p>
</html>
`))
