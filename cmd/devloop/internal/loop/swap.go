package loop

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/loop/plan"
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
func (l *Loop) swap(ctx context.Context, n int, d plan.Decision) (bool, error) {
	r, now := l.live.present, l.live.built
	name := map[plan.Path]event.Stage{plan.Pages: event.Pages, plan.Swap: event.Swap}[d.Path]
	swapped, err := stage(ctx, l, n, name, func(ctx context.Context, s *step) (bool, error) {
		err := l.swapIn(ctx, r, d.Files)
		s.note = fmt.Sprintf("%s to %s", plan.Summary(d.Files), names(r.pods))
		if err != nil && !cancelled(err) {
			s.skip, s.note, err = true, fmt.Sprintf("a restart instead: %v", err), nil
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
func (l *Loop) swapIn(ctx context.Context, r *present, files map[string][]byte) error {
	l.live.loaded = nil
	if _, err := l.change(ctx, r.pods, r.change(files, l.live.built)); err != nil {
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
	return each(ctx, r.pods, func(ctx context.Context, _ int, p runner.Pod) error { return l.redefine(ctx, p, classes) })
}

// redefine has a Pod's JVM take other versions of classes, with a debugger attached or without.
func (l *Loop) redefine(ctx context.Context, p runner.Pod, classes map[string][]byte) error {
	asking, cancel := context.WithTimeout(ctx, swapTimeout)
	defer cancel()
	var err error
	if d := l.live.debugger(p); d != nil {
		_, err = d.Redefine(asking, classes)
	} else {
		_, err = jdwp.Redefine(asking, l.dial(p), classes)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
