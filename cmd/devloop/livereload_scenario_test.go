package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/devloop-cli/devloop/internal/must"
)

// TestScenarioBrowsersReloadWhenAChangeIsServed listens as a page does, and asks as it would when it is told.
func TestScenarioBrowsersReloadWhenAChangeIsServed(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	s.write("src/main/resources/static/shop.css", "body {}")
	r := s.start("run", "--without", "archive", "--livereload")
	url := r.answered("Hello, World")
	r.took()
	page, _, err := websocket.DefaultDialer.Dial("ws://localhost:35729/livereload", http.Header{"Origin": {url}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = page.Close() }()
	_ = page.SetReadDeadline(time.Now().Add(s.patience))
	must.Do(t, page.WriteJSON(
		map[string]any{"command": "hello", "protocols": []string{"http://livereload.com/protocols/official-7"}}))
	told := func() (m struct{ Command, Path string }) {
		t.Helper()
		must.Do(t, page.ReadJSON(&m))
		return m
	}
	if got := told(); got.Command != "hello" {
		t.Fatalf("it was greeted with %+v", got)
	}

	s.write("src/main/resources/static/shop.css", "body { color: red }")
	if got := told(); got.Command != "reload" || got.Path != "/shop.css" {
		t.Errorf("after a style: %+v", got)
	}
	if got, err := get(url + "/shop.css"); err != nil || got != "body { color: red }" {
		t.Errorf("the style is %q, %v", got, err)
	}
	s.replaceInSource("class AppController {", "class AppController { int more;")
	s.replaceInSource("Hello, World", "Hello, browser")
	for got := ""; got != "Hello, browser"; { // a save may be seen in halves
		if m := told(); m.Command != "reload" || m.Path != "/" {
			t.Errorf("after a class: %+v", m)
		}
		if got, err = get(url); err != nil {
			t.Fatal(err)
		}
	}
	r.quit()
}
