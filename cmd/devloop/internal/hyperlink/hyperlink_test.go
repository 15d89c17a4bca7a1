package hyperlink

import (
	"strings"
	"testing"
)

// visible writes a link as {target text}.
func visible(text string) string {
	text = strings.ReplaceAll(text, "\x1b]8;;\x1b\\", "}")
	return strings.NewReplacer("\x1b]8;;", "{", "\x1b\\", " ").Replace(text)
}

func TestPlacesAndAddressesAreLinks(t *testing.T) {
	t.Parallel()
	l := Links{On: true, Dir: "/home/ada/my shop", Host: "box"}
	for text, want := range map[string]string{
		"src/A.java:12:30: ';' expected":    "{file://box/home/ada/my%20shop/src/A.java src/A.java:12:30}: ';' expected",
		"compile: /tmp/A.kt:3: no":          "compile: {file://box/tmp/A.kt /tmp/A.kt:3}: no",
		"open http://localhost:8080/x.":     "open {http://localhost:8080/x http://localhost:8080/x}.",
		"pom.xml:7 and application.yml:2":   "{file://box/home/ada/my%20shop/pom.xml pom.xml:7} and {file://box/home/ada/my%20shop/application.yml application.yml:2}",
		"at 10:30, spring-server:1, A.java": "at 10:30, spring-server:1, A.java",
	} {
		if got := visible(l.Add(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	l.VSCode = true
	if got := visible(l.Add("A.java:12:3")); got != "{vscode://file/home/ada/my%20shop/A.java:12:3 A.java:12:3}" {
		t.Errorf("in VS Code: %q", got)
	}
	if got := (Links{}).Add("A.java:12"); got != "A.java:12" {
		t.Errorf("without links: %q", got)
	}
}
