package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// run is a running devloop run.
type run struct {
	command *exec.Cmd
	events  chan event // closed when the stream ends
	url     string
	// The last cycle: what led to it, which path it took, and for how long it ran.
	because, path string
	took          time.Duration
}

// event has the fields of devloop's events that are needed here.
type event struct {
	Event, Stage, Outcome, URL, Because, Path string
	Seconds                                   float64
	Sent                                      int64
	Time                                      time.Time
}

func (b *bench) byRun(ctx context.Context, w way, dir string) (session, error) {
	devloop, err := filepath.Abs(b.devloop)
	if err != nil {
		return nil, err
	}
	r := &run{events: make(chan event, 1000)}
	args := append([]string{"run", "--json", "--context", "kind-" + b.cluster, "--namespace", w.namespace}, w.flags...)
	r.command = exec.CommandContext(ctx, devloop, args...)
	r.command.Dir = dir
	r.command.Cancel = func() error { return r.command.Process.Signal(os.Interrupt) }
	if b.verbose {
		r.command.Stderr = os.Stderr
	}
	out, err := r.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.command.Start(); err != nil {
		return nil, err
	}
	go r.read(out)
	_, err = r.cycle(ctx)
	return r, err
}

func (r *run) read(out io.Reader) {
	defer close(r.events)
	for stream := json.NewDecoder(out); ; {
		var e event
		if err := stream.Decode(&e); err != nil {
			return
		}
		r.events <- e
	}
}

// cycle reads events up to the end of a cycle, and returns its stages.
func (r *run) cycle(ctx context.Context) (steps []step, err error) {
	var sent int64
	for {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case e, open := <-r.events:
			switch {
			case !open:
				return nil, errors.New("devloop run ended")
			case e.Event == "forward.open":
				r.url = e.URL
			case e.Event == "cycle.started":
				r.because = e.Because
			case e.Event == "path.chosen":
				r.path = e.Path
			case e.Event == "stage.finished":
				steps = append(steps, step{e.Stage, time.Duration(e.Seconds * float64(time.Second)), sent})
				sent = 0
			case e.Event == "node.loaded":
				sent += e.Sent
			case e.Event == "cycle.finished" && e.Outcome == "superseded": // the save arrived in two batches
				steps = nil
			case e.Event == "cycle.finished" && e.Outcome != "ok":
				return nil, fmt.Errorf("the cycle is %s", e.Outcome)
			case e.Event == "cycle.finished":
				r.took = time.Duration(e.Seconds * float64(time.Second))
				return steps, nil
			}
		}
	}
}

// bring waits for the new answer, as a browser does that reloads the page.
func (r *run) bring(ctx context.Context, want string) ([]step, error) {
	began := time.Now()
	if !answers(ctx, r.url, want, nil) {
		return nil, fmt.Errorf("%s never answered %q", r.url, want)
	}
	whole := time.Since(began)
	steps, err := r.cycle(ctx)
	return append(steps, step{name: "save → start, end", took: whole - sum(steps)}), err
}

func (r *run) close() error {
	_ = r.command.Process.Signal(os.Interrupt) // it may have exited
	return r.command.Wait()
}
