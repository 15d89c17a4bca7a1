package machine

import (
	"net"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/setup"
)

func TestQuestionNamesEachChange(t *testing.T) {
	t.Parallel()
	loud := strings.ToUpper // stands for a translation
	docker := setup.Change{Step: "docker", Reason: "no engine", Text: "start the Docker engine"}
	cluster := setup.Change{Step: "cluster", Text: "create the cluster"}
	if got, want := question([]setup.Change{docker}, loud), "docker: NO ENGINE\nSTART THE DOCKER ENGINE?"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want := "DEVLOOP WILL MAKE THESE CHANGES:\n  docker      START THE DOCKER ENGINE\n  cluster     IF NECESSARY, CREATE THE CLUSTER\nCONTINUE?"
	if got := question([]setup.Change{docker, cluster}, loud); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPortThatIsInUse: by another program, then by a devloop that forwards it.
func TestPortThatIsInUse(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	port := listener.Addr().(*net.TCPAddr).Port
	if word, err := portWord(t.Context(), port); err == nil {
		t.Errorf("a port in use: %q", word)
	}
	book := sessions.AddressBook{}
	book.Handle(event.Event{Body: event.SessionStarted{Context: "kind-devloop", Namespace: "default"}})
	book.Handle(event.Event{Body: event.PortForwarded{Pod: "shop", Port: 8080, URL: "http://" + listener.Addr().String()}})
	if word, err := portWord(t.Context(), port); err != nil || !strings.HasSuffix(word, " is forwarded to shop by devloop") {
		t.Errorf("a port of devloop: %q, %v", word, err)
	}
	book.Handle(event.Event{Body: event.SessionFinished{}})
}
