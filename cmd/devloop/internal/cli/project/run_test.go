package project

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/keyboard"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
	"github.com/devloop-cli/devloop/watch"
)

func TestKeysOfRun(t *testing.T) {
	var shown strings.Builder
	ctx, quit := context.WithCancelCause(t.Context())
	batches := make(chan watch.Batch, 2)
	d, pause := wiring.Display{Bus: event.NewBus(ui.NewPlain(&shown, ui.PlainOptions{})), ShowsFailures: true}, 0
	press := keys{d, batches, func(context.Context) { pause++ }, quit, func() []string { return nil }, nil}.press(ctx)
	press(keyboard.Enter)
	if text := shown.String(); !strings.HasPrefix(text, "\n") || strings.Count(text, ":") != 2 || len(batches) != 0 {
		t.Errorf("Enter shows %q and builds %d times, want an empty line with the time", text, len(batches))
	}
	press("r")
	press("R")
	if one, two := <-batches, <-batches; !reflect.DeepEqual(one, watch.Whatever()) ||
		!reflect.DeepEqual(two, watch.Everything()) {
		t.Errorf("r and R ask for %+v and %+v", one, two)
	}
	press("h")
	if !strings.Contains(shown.String(), "R: make a new image and a new Pod") {
		t.Errorf("h shows %q", &shown)
	}
	press("o")
	if !strings.Contains(shown.String(), "no address yet") {
		t.Errorf("o shows %q", &shown)
	}
	press("l")
	press("x") // no key
	if !strings.HasSuffix(shown.String(), "log is hidden; l shows it\n") {
		t.Errorf("l shows %q", &shown)
	}
	press("p")
	if pause != 1 {
		t.Error("p does not pause")
	}
	press("q")
	if context.Cause(ctx) != wiring.ErrInterrupted {
		t.Error("q does not quit")
	}
}
