package ui

import (
	"bytes"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// visible writes a link as {target text}.
func visible(text string) string {
	text = strings.ReplaceAll(text, "\x1b]8;;\x1b\\", "}")
	return strings.NewReplacer("\x1b]8;;", "{", "\x1b\\", " ").Replace(text)
}

func TestPlacesAndAddressesAreLinks(t *testing.T) {
	t.Parallel()
	s := Style{Links: Links{On: true, Dir: "/home/ada/my shop", Host: "box"}}
	for text, want := range map[string]string{
		"src/A.java:12:30: ';' expected":    "{file://box/home/ada/my%20shop/src/A.java src/A.java:12:30}: ';' expected",
		"compile: /tmp/A.kt:3: no":          "compile: {file://box/tmp/A.kt /tmp/A.kt:3}: no",
		"open http://localhost:8080/x.":     "open {http://localhost:8080/x http://localhost:8080/x}.",
		"pom.xml:7 and application.yml:2":   "{file://box/home/ada/my%20shop/pom.xml pom.xml:7} and {file://box/home/ada/my%20shop/application.yml application.yml:2}",
		"at 10:30, spring-server:1, A.java": "at 10:30, spring-server:1, A.java",
	} {
		if got := visible(s.Link(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	s.Links.VSCode = true
	if got := visible(s.Link("A.java:12:3")); got != "{vscode://file/home/ada/my%20shop/A.java:12:3 A.java:12:3}" {
		t.Errorf("in VS Code: %q", got)
	}
	if got := (Style{}).Link("A.java:12"); got != "A.java:12" {
		t.Errorf("without links: %q", got)
	}
}

// TestProblemsAreLinksInTheProject replays a compile error: the links differ from the text by nothing else.
func TestProblemsAreLinksInTheProject(t *testing.T) {
	t.Parallel()
	var linked, plain bytes.Buffer
	replay(t, "testdata/compile-error.jsonl", NewPlain(&linked, PlainOptions{Style: Style{Links: Links{On: true, Host: "box"}}}))
	replay(t, "testdata/compile-error.jsonl", NewPlain(&plain, PlainOptions{}))
	const place = "src/main/java/com/example/AppController.java:12:30"
	link := "{file://box/home/ada/spring-server/src/main/java/com/example/AppController.java " + place + "}"
	if got, want := visible(linked.String()), strings.ReplaceAll(plain.String(), place, link); got != want || !strings.Contains(got, link) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestFooterHasTheAddressAsALink and takes as much room as without.
func TestFooterHasTheAddressAsALink(t *testing.T) {
	t.Parallel()
	s := &screen{t: t, width: 80}
	l := newLive(s, PlainOptions{Style: Style{Links: Links{On: true}}}, func() int { return s.width })
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
