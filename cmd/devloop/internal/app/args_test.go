package app

import (
	"io"
	"slices"
	"strings"
	"testing"
)

func TestFlagsMayStandBehindArguments(t *testing.T) {
	commands := newApp(Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}).Commands
	for given, want := range map[string]string{
		"devloop":                                "devloop",
		"devloop unknown web --follow":           "devloop unknown web --follow",
		"devloop logs web --follow":              "devloop logs --follow web",
		"devloop logs web -n here --tail=3":      "devloop logs -n here --tail=3 web",
		"devloop logs web --no-such x":           "devloop logs --no-such web x",
		"devloop logs web --tail":                "devloop logs --tail web",
		"devloop exec web -it -- ls -l --follow": "devloop exec -it -- web -- ls -l --follow",
		"devloop exec -i -- cat -n":              "devloop exec -i -- -- cat -n",
		"devloop apply - -f -":                   "devloop apply -f - -",
	} {
		if got := flagsFirst(commands, strings.Fields(given)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s:\n got %v\nwant %s", given, got, want)
		}
	}
}

func TestForwardArguments(t *testing.T) {
	for text, want := range map[string]struct {
		name  string
		ports portPair
	}{
		"":            {"", portPair{}},
		"web":         {"web", portPair{}},
		"8080":        {"", portPair{8080, 8080, false}},
		"web 80":      {"web", portPair{80, 80, false}},
		"web 8080:80": {"web", portPair{8080, 80, true}},
		"web :80":     {"web", portPair{0, 80, false}},
		"web 0:80":    {"web", portPair{0, 80, false}},
	} {
		name, ports, err := forwardArgs(strings.Fields(text))
		if err != nil || name != want.name || ports != want.ports {
			t.Errorf("%q: got %q %v %v", text, name, ports, err)
		}
	}
	for _, bad := range []string{"web eighty", "web 80:", "web 70000", "web 1:2:3", "a b c", "web -1"} {
		if _, _, err := forwardArgs(strings.Fields(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestAddressesLastAsLongAsTheirProcess writes addresses down as a session does.
func TestAddressesLastAsLongAsTheirProcess(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	book := &addressBook{}
	a := address{Context: "kind-a", Namespace: "default", Pod: "web", Port: 8080, URL: "http://localhost:8080"}
	book.add(a)
	moved := a
	moved.Pod = "web-2" // the same local port leads elsewhere now
	book.add(moved)
	if got := openAddresses("kind-a"); !slices.Equal(got, []address{moved}) {
		t.Errorf("got %v", got)
	}
	if got := openAddresses("kind-b"); len(got) != 0 {
		t.Errorf("another cluster has %v", got)
	}
	if err := book.lock.Unlock(); err != nil { // as the system does when a process dies
		t.Fatal(err)
	}
	if got := openAddresses("kind-a"); len(got) != 0 {
		t.Errorf("a dead process still has %v", got)
	}
}
