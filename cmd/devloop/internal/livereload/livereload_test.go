package livereload

import (
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
)

// listening returns a server and its address.
func listening(t *testing.T) (*Server, string) {
	t.Helper()
	s := New()
	port := must.Get(s.Listen(0))(t)
	t.Cleanup(func() { _ = s.Close() })
	return s, "localhost:" + strconv.Itoa(port)
}

// browser connects as a page of an origin does, and says hello.
func browser(t *testing.T, address, origin string) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+address+"/livereload", http.Header{"Origin": {origin}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	must.Do(t, conn.WriteJSON(map[string]any{"command": "hello",
		"protocols": []string{"http://livereload.com/protocols/official-6", protocol}}))
	if got := heard(t, conn); got["command"] != "hello" || got["serverName"] != "devloop" ||
		!reflect.DeepEqual(got["protocols"], []any{protocol}) {
		t.Fatalf("it was greeted with %v", got)
	}
	return conn
}

func heard(t *testing.T, conn *websocket.Conn) map[string]any {
	t.Helper()
	var m map[string]any
	must.Do(t, conn.ReadJSON(&m))
	return m
}

// known waits until the server tells n browsers.
func (s *Server) known(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		now := len(s.browsers)
		s.mu.Unlock()
		if now == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it knows %d browsers, want %d", now, n)
		}
	}
}

// cycleOf publishes a cycle in which files changed, and its stages.
func cycleOf(bus *event.Bus, outcome event.Outcome, forwarded event.Outcome, files ...string) {
	bus.Publish(1, event.CycleStarted{})
	bus.Publish(1, event.PathChosen{Path: "pages", Files: files})
	bus.Publish(1, event.StageFinished{Stage: event.Forward, Outcome: forwarded})
	bus.Publish(1, event.CycleFinished{Outcome: outcome})
}

func TestBrowsersAreToldOfEachChangeThatServes(t *testing.T) {
	s, address := listening(t)
	bus := event.NewBus(s)
	page, extension := browser(t, address, "http://localhost:8080"), browser(t, address, "chrome-extension://abcdef")
	must.Do(t, page.WriteJSON(map[string]any{"command": "info", "url": "http://localhost:8080/"}))
	s.known(t, 2)
	cycleOf(bus, event.Failed, event.Failed, "static/none.css")
	cycleOf(bus, event.OK, event.Skipped, "static/none.css")
	cycleOf(bus, event.OK, event.OK, "META-INF/resources/a.css", "static/css/b.css")
	cycleOf(bus, event.OK, event.OK, "static/css/b.css", "templates/a.html")
	cycleOf(bus, event.OK, event.OK)
	for _, conn := range []*websocket.Conn{page, extension} {
		for _, path := range []string{"/a.css", "/css/b.css", "/", "/"} {
			if got := heard(t, conn); got["command"] != "reload" || got["path"] != path || got["liveCSS"] != true {
				t.Errorf("it heard %v, want %s", got, path)
			}
		}
	}
	_ = page.Close()
	s.known(t, 1)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, _, err := extension.ReadMessage(); err == nil {
		t.Error("the connection outlives the server")
	}
}

func TestBrowserThatTakesNothingIsLetGo(t *testing.T) {
	s := New()
	b := s.add()
	for range backlog + 1 {
		s.mu.Lock()
		s.broadcast([]message{{Command: "reload"}, {Command: "reload"}})
		s.mu.Unlock()
	}
	for range b { // it ends
	}
	s.known(t, 0)
}

func TestPagesOfOtherSitesAreNotLetIn(t *testing.T) {
	_, address := listening(t)
	for origin, allowed := range map[string]bool{
		"":                          true, // a program
		"http://localhost:8080":     true,
		"https://shop.localhost":    true,
		"http://127.0.0.1:8080":     true,
		"http://[::1]:8080":         true,
		"moz-extension://1234":      true,
		"http://example.com":        false,
		"http://localhost.evil.com": false,
		"http://192.168.1.7:8080":   false,
		"http://evil.com?localhost": false,
		"http://localhost@evil.com": false,
		"null":                      false,
		"http://evil.com:35729":     false,
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		conn, response, err := websocket.DefaultDialer.Dial("ws://"+address+"/livereload", header)
		if (err == nil) != allowed {
			t.Errorf("%q: %v", origin, err)
		}
		if err == nil {
			_ = conn.Close()
		} else if response == nil || response.StatusCode != http.StatusForbidden {
			t.Errorf("%q: got %v", origin, response)
		}
	}
}

func TestNamesThatSomebodyElseCanHaveAreNotAnswered(t *testing.T) {
	_, address := listening(t)
	for host, status := range map[string]int{"localhost:35729": 200, "127.0.0.1:35729": 200, "[::1]:35729": 200,
		"LOCALHOST": 200, "evil.com:35729": 421, "192.168.1.7": 421} {
		request := must.Get(
			http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/livereload.js", nil))(t)
		request.Host = host
		response := must.Get(http.DefaultClient.Do(request))(t)
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != status ||
			(status == 200) != strings.Contains(string(text), "new WebSocket") {
			t.Errorf("%q: %d, %v", host, response.StatusCode, err)
		}
	}
}
