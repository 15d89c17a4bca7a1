package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/runner"
)

// Where only bodies of methods have changed, and only requests call them, the running JVM
// takes them; and pages and styles are read anew for each request. The answers are those of a
// fresh start, and nothing has to start.

// swapTimeout bounds the conversation with a JVM, which takes a tenth of a second. One
// that has a debugger does not answer, unless that one came through devloop's port.
const swapTimeout = 3 * time.Second

// swap changes the Pods that serve, and leaves the application running. It says false where
// it has to start again.
func (l *Session) swap(ctx context.Context, n int, d plan.Decision) (bool, error) {
	r, now := l.live.present, l.live.built
	name := map[plan.Path]event.Stage{plan.Pages: event.Pages, plan.Swap: event.Swap}[d.Path]
	swapped, err := stage(ctx, l, n, name, func(ctx context.Context, s *step) (bool, error) {
		err := l.swapIn(ctx, r, d.Files)
		s.note = fmt.Sprintf("%s to %s", plan.Summary(d.Files), names(r.ours()))
		if err != nil && !cancelled(err) {
			s.skip, s.note, err = true, fmt.Sprintf("%s instead: %v", map[bool]string{false: "a restart", true: "a new Pod"}[r.sealed], err), nil
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		// It is not known how far it came: what serves is what no image holds.
		l.live.lose("a change was cut off half-way")
		l.live.serving = stateHash(now)
	}
	if !swapped || err != nil {
		return false, err
	}
	r.now, l.live.serving = now, stateHash(now)
	_, err = stage(ctx, l, n, event.Forward, func(ctx context.Context, s *step) (none, error) { return none{}, l.forward(ctx, s, r.pods) })
	return true, err
}

// swapIn brings the files into the Pods, where a later start finds them, and their methods
// into the JVMs. What was begun is as good as done: the same files are brought again
// whatever comes next.
func (l *Session) swapIn(ctx context.Context, r *present, files map[string][]byte) error {
	l.live.loaded = nil
	if err := l.bringFiles(ctx, r, files); err != nil {
		return err
	}
	classes := map[string][]byte{}
	for path, text := range files {
		if name, isClass := strings.CutSuffix(path, ".class"); isClass {
			classes[name] = text
		}
	}
	if len(classes) == 0 {
		return nil
	}
	return r.each(ctx, func(ctx context.Context, _ int, p runner.Pod) error { return l.redefine(ctx, p, classes, r.sealed) })
}

// bringFiles brings files into Pods; into sealed ones only the word that they are changed.
func (l *Session) bringFiles(ctx context.Context, r *present, files map[string][]byte) error {
	change := r.change(files, l.live.built)
	if !r.sealed {
		_, err := l.change(ctx, r, change)
		return err
	}
	l.live.altered.Store(true)
	return r.each(ctx, func(ctx context.Context, _ int, p runner.Pod) error { return l.Deployer.Note(ctx, p, change.Summary) })
}

// redefine has a Pod's JVM take other versions of classes, with a debugger attached or without;
// all of them have to be loaded where their files stay as they were.
func (l *Session) redefine(ctx context.Context, p runner.Pod, classes map[string][]byte, all bool) error {
	asking, cancel := context.WithTimeout(ctx, swapTimeout)
	defer cancel()
	var err error
	if d := l.live.debugger(p); d != nil {
		_, err = d.Redefine(asking, classes, all)
	} else {
		_, err = jdwp.Redefine(asking, l.dial(p), classes, all)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
