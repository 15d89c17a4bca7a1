package project

import (
	"context"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/keyboard"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/ui"
	"github.com/devloop-cli/devloop/watch"
)

// compiles is a compiler that returns an application.
type compiles struct {
	engine.Compiler
	app springboot.App
}

func (c compiles) Compile(context.Context, []string, io.Writer) (springboot.App, error) {
	return c.app, nil
}

// TestModulesAreLookedForAfterABuild: other saves change nothing about them, and they are read from many files.
func TestModulesAreLookedForAfterABuild(t *testing.T) {
	t.Parallel()
	for app, want := range map[*springboot.App]bool{
		{}: true,
		{CompiledBy: "by maven, as pom.xml changed", BuildReason: "pom.xml changed"}: true,
		{CompiledBy: "by the incremental compiler, 1 source"}:                        false,
	} {
		found := false
		m := &modules{Compiler: compiles{app: *app}, found: func(string) { found = true }}
		if _, err := m.Compile(t.Context(), nil, io.Discard); err != nil || found != want {
			t.Errorf("%+v: looked for: %v, %v", app, found, err)
		}
	}
}

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
