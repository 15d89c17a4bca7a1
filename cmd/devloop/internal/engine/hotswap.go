package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/debugport"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/render"
)

// If only bodies of methods have changed, and only requests call them, the running JVM takes
// them; and the application reads pages and styles at each request. The answers are those of a
// fresh start, and nothing has to start.
//
// A Pod of a Dockerfile's image has no supervisor. Its JVM takes method bodies, but its container
// has the files of the image: when Kubernetes restarts it, it runs the old code. Session.Run
// notices that and makes a new Pod before anybody is led to the old code.

// hotSwapTimeout bounds the conversation with a JVM, which takes a tenth of a second. A JVM whose
// debugger did not come through devloop's port does not answer.
const hotSwapTimeout = 3 * time.Second

// hotSwap changes the Pods that serve and keeps the application running. It reports false if the
// application has to restart.
func (c *cycle) hotSwap(ctx context.Context, decision plan.Decision) (bool, error) {
	d := *c.State().Target()
	instead := map[bool]string{false: "a restart", true: "a new Pod"}[d.HotSwapOnly()]
	name := map[plan.Path]event.Stage{plan.Pages: event.Pages, plan.Swap: event.Swap}[decision.Path]
	c.become(c.n, c.State().PatchStarted())
	swapped, err := stage(ctx, c, name, func(ctx context.Context, r *stageRun) (bool, error) {
		err := c.sendFiles(ctx, d, decision.Files)
		r.note = fmt.Sprintf("%s to %s", plan.Summary(decision.Files), names(d.Patchable()))
		if err != nil && !failure.Cancelled(err) {
			r.skip, r.note = true, fmt.Sprintf("%s instead: %v", instead, err)
			return false, nil
		}
		return err == nil, err
	})
	switch {
	case err != nil:
		c.become(c.n, c.State().PatchInterrupted())
		return false, err
	case !swapped:
		c.become(c.n, c.State().PatchRefused(d.Code))
		return false, nil
	}
	c.become(c.n, c.State().Patched(d.Pods, c.built))
	return true, c.forwardStage(ctx, d.Pods)
}

// sendFiles sends files to the Pods, where a later start finds them, and classes to the JVMs. A
// change that was cut off counts as made: the next cycle sends the same files again.
func (c *cycle) sendFiles(ctx context.Context, d state.Deployment, files map[string][]byte) error {
	change := changeTo(d, c.built, files)
	if d.HotSwapOnly() {
		if err := d.ForEachPatchable(ctx, func(ctx context.Context, _ int, p kube.Pod) error { return c.Deployer.Note(ctx, p, change.Summary) }); err != nil {
			return err
		}
	} else if _, err := c.sendChange(ctx, d, change); err != nil {
		return err
	}
	classes := map[string][]byte{}
	for path, content := range files {
		if name, isClass := strings.CutSuffix(path, ".class"); isClass {
			classes[name] = content
		}
	}
	if len(classes) == 0 {
		return nil
	}
	return d.ForEachPatchable(ctx, func(ctx context.Context, _ int, p kube.Pod) error {
		return c.redefine(ctx, p, classes, d.HotSwapOnly())
	})
}

// redefine has a Pod's JVM take new versions of classes, whether or not a debugger is attached.
// With loadedOnly it fails unless all of them are loaded, since the JVM would load others from
// files that stay as they were.
func (s *Session) redefine(ctx context.Context, p kube.Pod, classes map[string][]byte, loadedOnly bool) error {
	asking, cancel := context.WithTimeout(ctx, hotSwapTimeout)
	defer cancel()
	var err error
	if d := s.debuggers.Of(p); d != nil {
		_, err = d.Redefine(asking, classes, loadedOnly)
	} else {
		_, err = jdwp.Redefine(asking, s.dialJVM(p), classes, loadedOnly)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// jdwpRejected reports whether Pods failed because their JVM does not start with a debug port,
// which the session then does without: an image may lack the library, or start several JVMs.
func (c *cycle) jdwpRejected(debug render.Debug, err error) bool {
	var why *podstatus.NotReadyError
	if debug.JVMOptions == "" || !errors.As(err, &why) || why.Code() != "pod.crash" {
		return false
	}
	i := slices.IndexFunc(why.Evidence(), debugport.AboutJDWP)
	if i < 0 {
		return false
	}
	c.Target.Debug.Unavailable = true
	text := "the JVM of the image does not start with a debug port, so each save makes a new Pod"
	if c.Target.Debug.On {
		text += ", and no debugger reaches it"
	}
	c.publish(event.Notice{Level: event.Warning, Text: text + ": " + why.Evidence()[i]})
	return true
}
