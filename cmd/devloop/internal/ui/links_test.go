package ui

import (
	"bytes"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/hyperlink"
)

// TestProblemsAreLinksInTheProject replays a compile error: the links differ from the text by nothing else.
func TestProblemsAreLinksInTheProject(t *testing.T) {
	t.Parallel()
	var linked, plain bytes.Buffer
	replay(t, "testdata/compile-error.jsonl",
		NewPlain(&linked, PlainOptions{Style: Style{Links: hyperlink.Links{On: true, Host: "box"}}}))
	replay(t, "testdata/compile-error.jsonl", NewPlain(&plain, PlainOptions{}))
	links := hyperlink.Links{On: true, Host: "box", Dir: "/home/ada/spring-server"}
	const place = "file://box/home/ada/spring-server/src/main/java/com/example/AppController.java"
	if got, want := linked.String(), links.Add(plain.String()); got != want || !strings.Contains(got, place) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// TestFooterHasTheAddressAsALink and takes as much room as without.
func TestFooterHasTheAddressAsALink(t *testing.T) {
	t.Parallel()
	s := &screen{t: t, width: 80}
	l := newLive(s, PlainOptions{Style: Style{Links: hyperlink.Links{On: true}}}, func() int { return s.width })
	for _, e := range append(serving(), at(2, event.Mark{})) {
		l.Handle(e)
	}
	if got, want := s.last(), "● http://localhost:8080"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := "http://localhost:8080"; len(s.links) == 0 || s.links[0] != want {
		t.Errorf("the links are %q", s.links)
	}
}
