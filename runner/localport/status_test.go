package localport

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/localport/outage"
	"github.com/devloop-cli/devloop/runner/tunnel/tunneltest"
)

// statusStream opens the stream of the unavailable page, and returns its next lines that are not empty.
func statusStream(t *testing.T, f *Port) (next func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	request := must.Get(http.NewRequestWithContext(ctx, http.MethodGet, f.URL()+outage.StatusPath, nil))(t)
	response := must.Get(browser(t).Do(request))(t)
	t.Cleanup(func() { _ = response.Body.Close() })
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" ||
		response.Header.Get("Server") != ServerHeader {
		t.Fatalf("got %s of %s", got, response.Header.Get("Server"))
	}
	lines := bufio.NewScanner(response.Body)
	return func() string {
		for lines.Scan() {
			if lines.Text() != "" {
				return lines.Text()
			}
		}
		return "end"
	}
}

// TestUnavailablePageHearsOfTheNextBuild follows a build from the failure before it to the answer.
func TestUnavailablePageHearsOfTheNextBuild(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	node.Serve = application(echo)
	status := &Status{}
	f := listenAny(t, node, Options{Status: status})
	f.SetUnavailable(Unavailable{Reason: "it does not compile"})
	status.Set("")
	if page := answerOf(browser(t), "GET", f.URL(), "", "Accept", "text/html"); !strings.Contains(page,
		`new EventSource("/.devloop/status")`) || !strings.Contains(page, "location.reload()") {
		t.Errorf("the page is %s", page)
	}
	if page := answerOf(browser(t), "POST", f.URL(), "", "Accept", "text/html"); strings.Contains(page,
		"location.reload()") {
		t.Errorf("the page sends a POST again: %s", page)
	}
	next := statusStream(t, f)
	want := func(line string) {
		t.Helper()
		for got := next(); got != line; got = next() {
			if got != ":" { // a heartbeat, or another change
				t.Fatalf("got %q, want %q", got, line)
			}
		}
	}
	want("data: ")
	status.Set("compile · A.java changed\nevent: reload")
	want("data: compile · A.java changed event: reload")
	f.Pause(t.Context())
	status.Set("ready 3 s")
	want("data: ready 3 s")
	f.SetBackend(webPod, 8080)
	want("event: reload")
	want("data:")
	want("end")
}

func TestUnavailablePageLoadsTheNextFailure(t *testing.T) {
	t.Parallel()
	f := listenAny(t, &tunneltest.Node{}, Options{})
	f.SetUnavailable(Unavailable{Reason: "one"})
	next := statusStream(t, f)
	if got := next(); got != "data: " {
		t.Errorf("got %q", got)
	}
	f.Pause(t.Context())
	f.SetUnavailable(Unavailable{Reason: "two"})
	got := next()
	for got == ":" {
		got = next()
	}
	if got != "event: reload" {
		t.Errorf("got %q", got)
	}
}

// TestStatusIsNeverAnsweredForTheApplication nor for a site whose name leads here.
func TestStatusIsNeverAnsweredForTheApplication(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	node.Serve = application(echo)
	f := listenAny(t, node, Options{Status: &Status{}})
	f.SetUnavailable(Unavailable{Reason: "it does not compile"})
	request := must.Get(http.NewRequest(http.MethodGet, f.URL()+outage.StatusPath, nil))(t)
	for host, origin := range map[string]string{"evil.example": "", "localhost": "https://evil.example"} {
		request.Host = host
		request.Header.Set("Origin", origin)
		response := must.Get(browser(t).Do(request))(t)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a page of %q that asks for %s got %d", origin, host, response.StatusCode)
		}
	}
	if got := answerOf(browser(t), "POST", f.URL()+outage.StatusPath, ""); !strings.HasPrefix(got, "503 ") {
		t.Errorf("a POST got %q", got)
	}
	f.SetBackend(webPod, 8080)
	if got := answerOf(browser(t), "GET", f.URL()+outage.StatusPath, "", "Accept",
		"text/event-stream"); got != "200 8080 GET " {
		t.Errorf("the application got no request: %q", got)
	}
}
