package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// run is a running devloop run.
type run struct {
	command *exec.Cmd
	events  chan event // closed when the stream ends
	url     string
	took    time.Duration // the last cycle, as devloop counts it
}

// event has the fields of devloop's events that are needed here.
type event struct {
	Event, Stage, Outcome, URL, Path string
	Paths                            []string
	Seconds                          float64
	Sent                             int64
}

func (b *bench) byRun(flags ...string) func(context.Context, place) (session, error) {
	return func(ctx context.Context, p place) (session, error) {
		r := &run{events: make(chan event, 1000)}
		args := append([]string{"run", "--json", "--context", "kind-" + b.cluster, "--namespace", p.namespace}, flags...)
		r.command = exec.CommandContext(ctx, b.devloop, args...)
		r.command.Dir = p.dir
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
		_, err = r.outcome(ctx, nil)
		return r, err
	}
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

func (r *run) arrive(ctx context.Context, page, want string) error {
	return answers(ctx, r.url+page, want)
}

// outcome reads events until cycles have ended that served the files.
func (r *run) outcome(ctx context.Context, files []string) (o outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var now outcome // of the cycle that runs
	var paths []string
	for {
		e, err := r.next(ctx)
		if err != nil {
			return o, fmt.Errorf("devloop run does not say that it serves %q: %w", files, err)
		}
		switch e.Event {
		case "forward.open":
			r.url = e.URL
		case "cycle.started":
			now, paths = outcome{}, e.Paths
		case "path.chosen":
			now.path = e.Path
		case "stage.finished":
			now.stages = append(now.stages, fmt.Sprintf("%s %.2f", e.Stage, e.Seconds))
		case "node.loaded":
			now.sent += e.Sent
		case "cycle.finished":
			if e.Outcome == "superseded" { // by a cycle that covers its files
				continue
			}
			if e.Outcome != "ok" {
				return o, fmt.Errorf("the cycle is %s", e.Outcome)
			}
			r.took = time.Duration(e.Seconds * float64(time.Second))
			o.sent, o.stages = o.sent+now.sent, append(o.stages, now.stages...)
			o.path = strings.TrimPrefix(o.path+", "+now.path, ", ")
			files = slices.DeleteFunc(slices.Clone(files), func(f string) bool { return slices.Contains(paths, f) })
			if len(files) == 0 {
				return o, nil
			}
		}
	}
}

func (r *run) next(ctx context.Context) (event, error) {
	select {
	case <-ctx.Done():
		return event{}, context.Cause(ctx)
	case e, open := <-r.events:
		if !open {
			return e, errors.New("it ended")
		}
		return e, nil
	}
}

func (r *run) close() error {
	_ = r.command.Process.Signal(os.Interrupt) // it may have exited
	return r.command.Wait()
}
