package page

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

func listen(t *testing.T) (*Server, *event.Bus) {
	t.Helper()
	store := event.NewStore()
	s, err := Listen(store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, event.NewBus(store)
}

// request is a request to a server, with headers as "Name: value"; Host is one of them.
func (s *Server) request(t *testing.T, method, path, body string, headers ...string) *http.Response {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.host+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// cookie logs in and returns the header with the cookie.
func (s *Server) cookie(t *testing.T) string {
	t.Helper()
	answer := s.request(t, "POST", "/login", s.secret, "Origin: http://"+s.host)
	if cookies := answer.Cookies(); len(cookies) == 1 {
		return "Cookie: " + cookies[0].Name + "=" + cookies[0].Value
	}
	t.Fatalf("the login ended with %s", answer.Status)
	return ""
}

// TestOnlyThePageItselfSeesEvents tries what pages of other sites and other programs can send.
func TestOnlyThePageItselfSeesEvents(t *testing.T) {
	t.Parallel()
	s, _ := listen(t)
	own, cookie := "Origin: http://"+s.host, s.cookie(t)
	_, port, _ := strings.Cut(s.host, ":")
	for name, test := range map[string]struct {
		method, path, body string
		headers            []string
		want               int
	}{
		"the page":                    {"GET", "/", "", nil, 200},
		"its script":                  {"GET", "/page.js", "", nil, 200},
		"its events":                  {"GET", "/events", "", []string{cookie, own}, 200},
		"without the cookie":          {"GET", "/events", "", []string{own}, 403},
		"with another's cookie":       {"GET", "/events", "", []string{"Cookie: " + s.cookieName() + "=x"}, 403},
		"DNS rebinding":               {"GET", "/events", "", []string{cookie, "Host: evil.example:" + port}, 403},
		"rebinding of the page":       {"GET", "/", "", []string{"Host: evil.example:" + port}, 403},
		"another port's page":         {"GET", "/events", "", []string{cookie, "Origin: http://127.0.0.1:1"}, 403},
		"another site":                {"GET", "/events", "", []string{cookie, "Origin: https://evil.example"}, 403},
		"a sandboxed page":            {"GET", "/events", "", []string{cookie, "Origin: null"}, 403},
		"a login of another site":     {"POST", "/login", s.secret, []string{"Origin: https://evil.example"}, 403},
		"a login without an origin":   {"POST", "/login", s.secret, nil, 403},
		"a login with a wrong secret": {"POST", "/login", s.secret + "x", []string{own}, 403},
		"a login without one":         {"POST", "/login", "", []string{own}, 403},
		"a login by GET":              {"GET", "/login", "", []string{own}, 404},
		"a file beside the page":      {"GET", "/assets/page.html", "", nil, 404},
		"a directory above":           {"GET", "/../page.go", "", nil, 404},
	} {
		if got := s.request(t, test.method, test.path, test.body, test.headers...); got.StatusCode != test.want {
			t.Errorf("%s: got %s, want %d", name, got.Status, test.want)
		}
	}
}

// TestPageCanLoadNothingFromElsewhere, and no script that is not its own file.
func TestPageCanLoadNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	s, _ := listen(t)
	answer := s.request(t, "GET", "/", "")
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil || strings.Contains(string(body), "://") || strings.Contains(string(body), "<script>") || strings.Contains(string(body), "style=") {
		t.Errorf("the page has something that the policy forbids: %v\n%s", err, body)
	}
	cookie := s.request(t, "POST", "/login", s.secret, "Origin: http://"+s.host).Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode {
		t.Errorf("the cookie is %v", cookie)
	}
}

// TestEventsAreStreamed: first the state, then what happened lately, then each event as it happens.
func TestEventsAreStreamed(t *testing.T) {
	t.Parallel()
	s, bus := listen(t)
	bus.Publish(0, event.SessionStarted{Project: "shop"})
	lines := bufio.NewScanner(s.request(t, "GET", "/events", "", s.cookie(t)).Body)
	await := func(text string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				return
			}
		}
		t.Fatalf("the stream ended without %s: %v", text, lines.Err())
	}
	await(`"event":"snapshot"`)
	await(`"project":"shop"`)
	bus.Publish(0, event.AppLog{Line: "hello"})
	await(`"line":"hello"`)
}

// TestPagesAreLimited: one more is refused until another is closed.
func TestPagesAreLimited(t *testing.T) {
	t.Parallel()
	s, _ := listen(t)
	cookie := s.cookie(t)
	var open []*http.Response
	for range maxReaders {
		open = append(open, s.request(t, "GET", "/events", "", cookie))
	}
	if got := s.request(t, "GET", "/events", "", cookie); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %s", got.Status)
	}
	_ = open[0].Body.Close()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if s.request(t, "GET", "/events", "", cookie).StatusCode == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a page that was closed still counts")
		}
	}
}
