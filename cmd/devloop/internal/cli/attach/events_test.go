//go:build unix

package attach

import (
	"bufio"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
)

// TestEventsEndWithTheirReader has a reader that takes a line and ends, as head -n 1 does, while nothing happens in the
// session.
func TestEventsEndWithTheirReader(t *testing.T) {
	useNewState(t)
	dir := t.TempDir()
	serve(t, dir)
	for _, flags := range [][]string{nil, {"--json"}} {
		output, end, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = end.Close() })
		s := wiring.Streams{In: strings.NewReader(""), Out: end, Err: os.Stderr}
		app := &cli.App{Commands: []*cli.Command{EventsCommand(s)}}
		ended := make(chan error, 1)
		go func() {
			ended <- app.RunContext(t.Context(), append(append([]string{"devloop", "events"}, flags...), dir))
		}()
		if _, err := bufio.NewReader(output).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		_ = output.Close()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("%q: ended with %v", flags, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%q: it goes on", flags)
		}
	}
}
