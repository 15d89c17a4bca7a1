package runner

import (
	"fmt"
	"html/template"
	"io"
	"net/http"
	"strings"
)

// OutageServer is the Server header of the pages that devloop answers by itself. An
// application's own answers have the application's.
const OutageServer = "devloop"

// retryAfter is when a browser asks again, in seconds. While devloop works on it the
// request then waits, and gets the application's answer.
const retryAfter = 2

// Outage says why a local port leads nowhere, in words for the person who asks it.
type Outage struct {
	Reason   string   // in a line
	Evidence []string // compiler problems, last log lines
	Hints    []string // one action each
}

// Error returns the reason.
func (o *Outage) Error() string { return o.Reason }

// write answers a request, as a page or as plain text, whichever was asked for.
func (o *Outage) write(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	h.Set("Server", OutageServer)
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", fmt.Sprint(retryAfter))
	h.Set("X-Content-Type-Options", "nosniff")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		h.Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_ = page.Execute(w, map[string]any{"Status": status, "Text": http.StatusText(status), "Outage": o, "Again": retryAfter}) // a client that is gone
		return
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, o.text())
}

// text is the outage as lines.
func (o *Outage) text() string {
	lines := []string{"devloop: " + o.Reason}
	for _, e := range o.Evidence {
		lines = append(lines, "  | "+e)
	}
	for _, h := range o.Hints {
		lines = append(lines, "  -> "+h)
	}
	return strings.Join(lines, "\n") + "\n"
}

// page reloads itself, so that a browser shows the application as soon as it serves.
var page = template.Must(template.New("outage").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="{{.Again}}">
<title>{{.Status}} {{.Text}}</title>
<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 10vh auto; padding: 0 1rem }
  h1 { font-size: 1.3rem }
  pre { padding: 1rem; overflow-x: auto; border-left: 4px solid crimson; background: color-mix(in srgb, currentColor 7%, transparent) }
  small { opacity: .6 }
</style>
<h1>{{.Outage.Reason}}</h1>
{{with .Outage.Evidence}}<pre>{{range .}}{{.}}
{{end}}</pre>
{{end}}{{with .Outage.Hints}}<ul>
{{range .}}<li>{{.}}</li>
{{end}}</ul>
{{end}}<p><small>devloop holds this port. This page asks again by itself, and shows the application as soon as it serves.</small></p>
</html>
`))
