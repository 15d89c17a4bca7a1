package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
)

// TestLoopGoesOnWhileItsOutputIsNotRead has a pipe that nothing reads while files are saved: each of them is served,
// and whoever reads the pipe then gets every event of the cycles.
func TestLoopGoesOnWhileItsOutputIsNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		output, pipe := io.Pipe()
		store := event.NewStore()
		bus, shown := event.NewBus(store), store.Show(ui.NewJSONL(pipe))
		l, _ := newTestSession(&fakes{}, func(c *Config) { c.Bus = bus })
		save, end := running(t, l)
		const saves = 20
		for n := range saves {
			save(fmt.Sprintf("A%d.java", n))
			if settled, err := l.Wait(t.Context()); err != nil || settled.Failure != nil {
				t.Fatalf("save %d: %+v, %v", n, settled, err)
			}
			time.Sleep(time.Minute)
		}
		end()
		bus.Publish(0, event.SessionFinished{})
		go func() { <-shown; _ = pipe.Close() }()
		served := 0
		for lines := json.NewDecoder(output); ; {
			var e event.Event
			if err := lines.Decode(&e); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if b, is := e.Body.(event.CycleFinished); is && b.Outcome == event.OK {
				served++
			}
		}
		if served < saves {
			t.Errorf("%d cycles are in the output, want %d", served, saves)
		}
	})
}
