package sessions

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
)

func TestAddressesLastAsLongAsTheirProcess(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	book := &AddressBook{}
	a := Address{Context: "kind-a", Namespace: "default", Pod: "web", Port: 8080, URL: "http://localhost:8080"}
	book.add(a)
	moved := a
	moved.Pod = "web-2" // the same local port leads elsewhere now
	book.add(moved)
	if got := OpenAddresses("kind-a"); !slices.Equal(got, []Address{moved}) {
		t.Errorf("got %v", got)
	}
	if got := OpenAddresses("kind-b"); len(got) != 0 {
		t.Errorf("another cluster has %v", got)
	}
	if err := book.record.lock.Unlock(); err != nil { // as the system does when a process dies
		t.Fatal(err)
	}
	if got := OpenAddresses("kind-a"); len(got) != 0 {
		t.Errorf("a dead process still has %v", got)
	}
}

// TestAddressesThatLeadNowhereGo: the application of a service has another port, and another path, after a save.
func TestAddressesThatLeadNowhereGo(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	book := &AddressBook{}
	defer book.close()
	forwarded := func(service, url string) {
		book.Handle(event.Event{Service: service, Body: event.PortForwarded{Pod: service, Port: 8080, URL: url}})
	}
	finished := func(outcome event.Outcome, url string) {
		book.Handle(event.Event{Service: "shop", Body: event.StageFinished{Stage: event.Forward, Outcome: outcome,
			StageResult: event.StageResult{Answers: []event.PortAnswer{{URL: url}}}}})
	}
	book.Handle(event.Event{Service: "shop", Body: event.DebugPortOpen{Pod: "shop", Address: "localhost:5005"}})
	forwarded("bank", "http://localhost:8081")
	forwarded("shop", "http://localhost:8080/old")
	forwarded("shop", "http://localhost:8080/new")
	finished(event.Failed, "http://localhost:8080/new")
	if got := OpenAddresses(""); len(got) != 4 {
		t.Errorf("after a failure: got %+v", got)
	}
	finished(event.OK, "http://localhost:8080/new")
	var urls []string
	for _, a := range OpenAddresses("") {
		urls = append(urls, a.URL)
	}
	if want := []string{"jdwp://localhost:5005", "http://localhost:8081",
		"http://localhost:8080/new"}; !slices.Equal(urls, want) {
		t.Errorf("got %q, want %q", urls, want)
	}
}

func TestAddressesSayWhereADebuggerIsAttached(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	book := &AddressBook{}
	defer book.close()
	for _, test := range []struct {
		happens event.Body
		want    bool
	}{
		{event.DebugPortOpen{Pod: "web", Address: "localhost:5005"}, false},
		{event.Debugger{Action: "attached", Pod: "web"}, true},
		{event.Debugger{Action: "redefined", Pod: "web"}, true},
		{event.Debugger{Action: "refused"}, true},
		{event.Debugger{Action: "detached", Pod: "web-2"}, true},
		{event.Debugger{Action: "detached", Pod: "web"}, false},
	} {
		book.Handle(event.Event{Body: test.happens})
		if got := OpenAddresses(""); len(got) != 1 || got[0].Debugger != test.want ||
			got[0].URL != "jdwp://localhost:5005" {
			t.Errorf("after %+v: got %+v", test.happens, got)
		}
	}
}

func TestCacheIsTheUsersAlone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the place of caches has another name")
	}
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	if err := os.Mkdir(filepath.Join(home, "devloop"), 0o755); err != nil { // as an earlier devloop made it
		t.Fatal(err)
	}
	dir := must.Get(CacheDir())(t)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v", info, err)
	}
}
