package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// run is a running devloop run.
type run struct {
	command *exec.Cmd
	events  chan event // closed when the stream ends
	said    bytes.Buffer
	urls    map[string]string // by service
	took    time.Duration     // the last cycle, as devloop counts it
}

// event has the fields of devloop's events that are needed here.
type event struct {
	Event, Service, Stage, Outcome, URL, Path string
	Paths                                     []string
	Seconds                                   float64
	Sent                                      int64
}

func (b *bench) byRun(flags ...string) func(context.Context, place) (session, error) {
	return func(ctx context.Context, p place) (session, error) {
		r, err := b.start(ctx, p, flags...)
		if err == nil {
			_, err = r.outcome(ctx, nil)
		}
		return r, err
	}
}

// start starts devloop run.
func (b *bench) start(ctx context.Context, p place, flags ...string) (*run, error) {
	r := &run{events: make(chan event, 1000), urls: map[string]string{}}
	args := append([]string{"run", "--json", "--context", "kind-" + b.cluster, "--namespace", p.namespace}, flags...)
	r.command = exec.CommandContext(ctx, b.devloop, args...)
	r.command.Dir = p.dir
	r.command.Env = append(os.Environ(), b.env...)
	r.command.Cancel = func() error { return r.command.Process.Signal(os.Interrupt) }
	r.command.Stderr = &r.said
	if b.verbose {
		r.command.Stderr = io.MultiWriter(os.Stderr, &r.said)
	}
	out, err := r.command.StdoutPipe()
	if err == nil {
		err = r.command.Start()
	}
	if err == nil {
		go r.read(out)
	}
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

func (r *run) arrive(ctx context.Context, page, want string) error {
	return answers(ctx, r.urls[""]+page, want)
}

// outcome reads events until cycles have ended that served the files, in each of the services if there are several.
func (r *run) outcome(ctx context.Context, files []string) (outcome, error) {
	return r.outcomeOf(ctx, files, []string{""})
}

// cycle is what a service does.
type cycle struct {
	outcome
	paths []string // what it covers
	left  []string // files that no cycle has covered
}

func (r *run) outcomeOf(ctx context.Context, files, services []string) (o outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cycles := map[string]*cycle{}
	for _, name := range services {
		cycles[name] = &cycle{left: files}
	}
	for len(cycles) > 0 {
		e, err := r.next(ctx)
		if err != nil {
			return o, fmt.Errorf("devloop run does not say that it serves %q: %w", files, err)
		}
		if e.Event == "forward.open" {
			r.urls[e.Service] = e.URL
		}
		c := cycles[e.Service]
		if c == nil {
			if e.Event == "path.chosen" && e.Path != "nothing" && !slices.Contains(services, e.Service) {
				return o, fmt.Errorf("%q also reached %s", files, e.Service)
			}
			continue
		}
		if e.Event == "cycle.finished" && e.Outcome != "superseded" && e.Outcome != "ok" {
			return o, fmt.Errorf("the cycle is %s", e.Outcome)
		}
		if c.add(e) {
			delete(cycles, e.Service)
			o.sent, o.stages = o.sent+c.sent, append(o.stages, c.stages...)
			if !slices.Contains(strings.Split(o.path, ", "), c.path) {
				o.path = strings.TrimPrefix(o.path+", "+c.path, ", ")
			}
			r.took = time.Duration(e.Seconds * float64(time.Second))
		}
	}
	return o, nil
}

// add adds an event, and says whether all files are served. A cycle that is superseded is followed by one that covers
// its files.
func (c *cycle) add(e event) bool {
	switch e.Event {
	case "cycle.started":
		c.paths = e.Paths
	case "path.chosen":
		c.path = e.Path
	case "stage.finished":
		c.stages = append(c.stages, fmt.Sprintf("%s %.2f", e.Stage, e.Seconds))
	case "node.loaded":
		c.sent += e.Sent
	case "cycle.finished":
		if e.Outcome != "ok" {
			return false
		}
		c.left = slices.DeleteFunc(slices.Clone(c.left), func(f string) bool { return slices.Contains(c.paths, f) })
		return len(c.left) == 0
	}
	return false
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

var createdBy = regexp.MustCompile(`(?m)^created by (.*) in goroutine`)

// dump ends devloop and counts its goroutines by who started them, as the Go runtime prints them.
func (r *run) dump() {
	_ = r.command.Process.Signal(syscall.SIGABRT)
	_ = r.command.Wait()
	all := createdBy.FindAllStringSubmatch(r.said.String(), -1)
	counts := map[string]int{}
	for _, one := range all {
		counts[one[1]]++
	}
	fmt.Printf("\n%d goroutines at the end:\n", len(all))
	for _, by := range slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return counts[b] - counts[a] }) {
		fmt.Printf("%5d %s\n", counts[by], by)
	}
}

func (r *run) close() error {
	_ = r.command.Process.Signal(os.Interrupt) // it may have exited
	return r.command.Wait()
}
