package pods

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/podview"
	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/cluster"
)

// watcher shows the status again and again until Ctrl+C: a terminal is redrawn in place, anything else gets what has
// changed, and with --json a line for each change. While the cluster does not answer it says so, and goes on.
type watcher struct {
	wiring.Streams
	cluster    *cluster.Client
	look       func(context.Context) ([]podview.Row, error)
	json, wide bool
	none       string // what to say where there are no Pods
	interval   time.Duration
	patience   time.Duration // the client would ask for longer before it gives up

	rows   []podview.Row // the last that were seen
	outage string        // why the last look failed
	drawn  string        // what is on the terminal
}

func (w *watcher) watch(ctx context.Context) error {
	for first := true; ; first = false {
		rows, err := w.ask(ctx, first)
		switch {
		case ctx.Err() != nil:
			return nil // that is how it is meant to end
		case err != nil && first:
			return err
		}
		if err := w.show(rows, err, first); err != nil {
			return err
		}
		if !pause.For(ctx, w.interval) {
			return nil
		}
	}
}

// ask looks once.
func (w *watcher) ask(ctx context.Context, first bool) (rows []podview.Row, err error) {
	bounded, stop := context.WithTimeout(ctx, w.patience)
	defer stop()
	look := func() error { rows, err = w.look(bounded); return err }
	if !first {
		_ = look()
	} else {
		_ = wiring.Connecting(w.Streams, look)
	}
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		err = w.cluster.Unreachable(errors.New("it does not answer"))
	}
	return rows, err
}

// show shows what a look has found, or that it failed.
func (w *watcher) show(rows []podview.Row, failed error, first bool) error {
	outage := ""
	if failed != nil {
		rows, outage = w.rows, w.Say(fmt.Sprintf("cannot list the Pods, asking again every second: %v", failed))
	}
	changed := first || !reflect.DeepEqual(rows, w.rows)
	before := w.outage
	w.rows, w.outage = rows, outage
	if fd, terminal := cmdline.Terminal(w.Out); terminal && !w.json {
		return w.redraw(fd)
	}
	switch {
	case outage != "" && outage != before:
		_, _ = fmt.Fprintln(w.Err, outage)
	case outage == "" && before != "":
		_, _ = fmt.Fprintln(w.Err, w.Say("the cluster answers again"))
	}
	if !changed {
		return nil
	}
	if w.json {
		return json.NewEncoder(w.Out).Encode(statusDocument{w.cluster.Context(), rows})
	}
	_, err := io.WriteString(w.Out, w.table())
	return err
}

// table is the status as text.
func (w *watcher) table() string {
	if len(w.rows) == 0 {
		return w.Say(w.none) + "\n"
	}
	var b strings.Builder
	_ = podview.Status(&b, w.rows, w.cluster.Now(), w.wide, w.Say) // a builder takes all
	return b.String()
}

// redraw replaces what the terminal shows. A terminal that is too low shows the beginning: the cursor cannot go above
// its first row.
func (w *watcher) redraw(terminal int) error {
	width, height, err := term.GetSize(terminal)
	if err != nil || width == 0 || height == 0 {
		width, height = math.MaxInt, math.MaxInt
	}
	text := w.table()
	if w.outage != "" {
		text = w.outage + "\n" + text
	}
	erase := ""
	if n := rowsOf(w.drawn, width); n > 0 {
		erase = fmt.Sprintf("\x1b[%dA\r\x1b[J", n) // up, and clear to the end
	}
	w.drawn = firstRows(text, width, height-1)
	_, err = io.WriteString(w.Out, erase+w.drawn)
	return err
}

// rowsOf returns how many rows of a terminal the lines of a text take.
func rowsOf(text string, width int) (rows int) {
	for line := range strings.Lines(text) {
		rows += 1 + max(0, cells.Width(strings.TrimSuffix(line, "\n"))-1)/width
	}
	return rows
}

// firstRows returns the lines of a text that fit.
func firstRows(text string, width, height int) string {
	shown := ""
	for line := range strings.Lines(text) {
		if rowsOf(shown+line, width) > height {
			break
		}
		shown += line
	}
	return shown
}
