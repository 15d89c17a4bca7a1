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
	"github.com/devloop-cli/devloop/internal/must"
)

func listen(t *testing.T, in Language) (*Server, *event.Bus) {
	t.Helper()
	store := event.NewStore()
	s := must.Get(Listen(store, in))(t)
	t.Cleanup(func() { _ = s.Close() })
	return s, event.NewBus(store)
}

// request is a request to a server, with headers as "Name: value"; Host is one of them.
func (s *Server) request(t *testing.T, method, path, body string, headers ...string) *http.Response {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(stop)
	r := must.Get(http.NewRequestWithContext(ctx, method, "http://"+s.host+path, strings.NewReader(body)))(t)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if r.Header.Set(name, value); name == "Host" {
			r.Host = value
		}
	}
	answer := must.Get(http.DefaultClient.Do(r))(t)
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
	s, _ := listen(t, Language{})
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
	s, _ := listen(t, Language{})
	answer := s.request(t, "GET", "/", "")
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy,
		"default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil || strings.Contains(string(body), "://") || strings.Contains(string(body), "<script>") ||
		strings.Contains(string(body), "style=") {
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
	s, bus := listen(t, Language{})
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

// TestPageIsInTheLanguageOfTheSession: the messages of events, and not their codes or what the application writes.
func TestPageIsInTheLanguageOfTheSession(t *testing.T) {
	t.Parallel()
	said := func(message string) string { return "<" + message + ">" }
	s, bus := listen(t, Language{Say: said, Formats: map[string]string{"serving": "응답 중"}, Tag: "ko"})
	body, err := io.ReadAll(s.request(t, "GET", "/language.json", "").Body)
	if err != nil || string(body) != `{"formats":{"serving":"응답 중"},"tag":"ko"}`+"\n" {
		t.Errorf("the language is %s, %v", body, err)
	}
	bus.Publish(1, event.CycleStarted{Because: "saved"})
	bus.Publish(1, event.AppLog{Line: "text"})
	bus.Publish(1, event.CycleFinished{Outcome: event.Failed,
		Failure: &event.Failure{Code: "build.failed", Message: "why", Hints: []string{"do"}}})
	var stream strings.Builder
	for lines := bufio.NewScanner(s.request(t, "GET", "/events", "",
		s.cookie(t)).Body); !strings.Contains(stream.String(), `"event":"cycle.finished"`) && lines.Scan(); {
		stream.WriteString(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(lines.Text()))
	}
	for _, want := range []string{`"because":"<saved>"`, `"line":"text"`, `"code":"build.failed"`, `"message":"<why>"`,
		`"hints":["<do>"]`, `"outcome":"failed"`} {
		if !strings.Contains(stream.String(), want) {
			t.Errorf("%s is missing in %s", want, &stream)
		}
	}
}

// TestPagesSeeTheEnd of a session whose process ends right after it.
func TestPagesSeeTheEnd(t *testing.T) {
	t.Parallel()
	for range 20 {
		s, bus := listen(t, Language{})
		body := s.request(t, "GET", "/events", "", s.cookie(t)).Body
		bus.Publish(0, event.SessionFinished{Outcome: event.OK})
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if text, err := io.ReadAll(body); err != nil || !strings.Contains(string(text), `"event":"session.finished"`) {
			t.Fatalf("the page got %q, %v", text, err)
		}
	}
}

// TestPagesAreLimited: one more is refused until another is closed.
func TestPagesAreLimited(t *testing.T) {
	t.Parallel()
	s, _ := listen(t, Language{})
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
