package loop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/watch"
)

// Where only the application's own files have changed, the Pod stays: the supervisor in its
// image takes the files and starts the application again. That saves the image, its way
// to the nodes, and a Pod's birth. The next image has all of it.

// present is what the Pods that answer consist of.
type present struct {
	pods []runner.Pod
	// image is what they were made with, now what they have become.
	image, now builder.Parts
	// swappable says that their JVMs take changed methods while they run.
	swappable bool
	// serving and answering are those of live at the time.
	serving   v1.Hash
	answering []runner.Pod
}

// changesOf are the files in which two states of an application differ; nil marks one
// that is gone.
func changesOf(before, after builder.Parts) map[string][]byte {
	files := map[string][]byte{}
	for path, text := range after.Own {
		if old, there := before.Own[path]; !there || !bytes.Equal(old, text) {
			files[path] = text
		}
	}
	for path := range before.Own {
		if _, there := after.Own[path]; !there {
			files[path] = nil
		}
	}
	return files
}

// summary says of how many classes and other files a change consists.
func summary(files map[string][]byte) string {
	classes := 0
	for path := range files {
		if strings.HasSuffix(path, ".class") {
			classes++
		}
	}
	var parts []string
	if classes > 0 {
		parts = append(parts, counted(classes, "class", "classes"))
	}
	if others := len(files) - classes; others > 0 {
		parts = append(parts, counted(others, "resource", "resources"))
	}
	return strings.Join(parts, " and ")
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// stateOf names what an application consists of, by its content.
func stateOf(p builder.Parts) string {
	h := sha256.New()
	_, _ = h.Write([]byte(p.Rest)) // a hash takes all
	for _, path := range slices.Sorted(maps.Keys(p.Own)) {
		_, _ = fmt.Fprintf(h, "\x00%s\x00%d\x00", path, len(p.Own[path]))
		_, _ = h.Write(p.Own[path])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// whyNewPod says why a change needs a new Pod, "" where the one that runs can be changed.
// A clause, or "-" where there is nothing to say.
func (l *Loop) whyNewPod(now builder.Parts, changed watch.Batch) string {
	r := l.live.present
	switch {
	case r == nil || changed.All || changed.Kinds.Has(watch.Manifest):
		return "-"
	case r.now.Rest != now.Rest:
		return "more than the application's own classes and resources has changed"
	case l.live.faster.Swap(false):
		return "there is an archive of the dependencies' classes by now"
	}
	return ""
}

// inPlaceOf changes the running application, where that gives what a new Pod would.
// It says false where a new Pod has to be made.
func (l *Loop) inPlaceOf(ctx context.Context, n int, app builder.App, changed watch.Batch) (done bool, err error) {
	if app.Dockerfile != "" {
		return false, nil // what its image consists of is the Dockerfile's affair
	}
	now, err := app.Parts()
	if err != nil {
		return false, nil // the image's making says it better
	}
	l.live.built = now
	if why := l.whyNewPod(now, changed); why != "" {
		if why != "-" {
			l.Bus.Publish(n, event.Progress{Line: "a new Pod: " + why})
		}
		return false, nil
	}
	r := l.live.present
	files := changesOf(r.now, now)
	if l.live.serves() {
		l.dropFailed()
		if len(files) == 0 {
			return true, nil
		}
	}
	if swapped, err := l.swap(ctx, n, files, now); swapped || err != nil {
		return true, err
	}
	before := *r
	before.serving, before.answering = l.live.serving, l.live.answering
	changing, err := stage(ctx, l, n, event.Restart, func(ctx context.Context, s *step) (bool, error) { return l.restart(ctx, s, files, now) })
	if !changing || err != nil {
		return false, err
	}
	if _, err = stage(ctx, l, n, event.Ready, func(ctx context.Context, s *step) (none, error) { return none{}, l.proven(ctx, s, &before, r) }); err == nil {
		_, err = stage(ctx, l, n, event.Forward, func(ctx context.Context, s *step) (none, error) { return none{}, l.forward(ctx, s, r.pods) })
	}
	if err != nil {
		l.undone(err, before)
		return true, err
	}
	l.live.serving, l.live.answering = v1.Hash{Algorithm: "state", Hex: stateOf(now)}, r.pods
	return true, nil
}

// proven waits until the Pods serve with a change, and tells them that they do.
func (l *Loop) proven(ctx context.Context, s *step, before, after *present) error {
	if err := l.ready(ctx, s, after.pods); err != nil {
		return err
	}
	was := summary(changesOf(before.image, before.now))
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range after.pods {
		group.Go(func() error { return l.Deployer.Prove(ctx, p, builder.SupervisorPort, stateOf(after.now), was) })
	}
	return group.Wait()
}

// undone notes how a restart failed. One Pod that ended with the change runs as it was before by
// now, and localhost leads to it again; of more than one, some may run with the change.
func (l *Loop) undone(err error, before present) {
	var why *runner.NotReadyError
	back := errors.As(err, &why) && why.WentBack()
	switch {
	case cancelled(err):
	case back && len(before.pods) == 1 && before.answering != nil:
		before.pods = l.live.present.pods
		l.live.present = &before
		l.live.serving, l.live.answering = before.serving, before.pods
		l.turnBack()
	default:
		l.live.present = nil // the next change makes a new Pod
	}
}

// restart starts the application again in its Pods, with changed files. It says false
// where they don't take the change.
func (l *Loop) restart(ctx context.Context, s *step, files map[string][]byte, now builder.Parts) (bool, error) {
	r := l.live.present
	l.live.hold(ctx)
	l.live.loaded, l.live.present = nil, nil // until it is known how this ends
	change := r.change(files, now)
	change.Restart = true
	pods, err := l.change(ctx, r.pods, change)
	if cancelled(err) {
		return false, err
	}
	if err != nil {
		s.skip, s.note = true, fmt.Sprintf("a new Pod instead: %v", err)
		return false, nil
	}
	r.pods, r.now = pods, now
	l.live.present, l.live.pods = r, pods
	s.note = fmt.Sprintf("%s to %s", summary(files), names(pods))
	return true, nil
}

// change is what makes now of what runs.
func (r *present) change(files map[string][]byte, now builder.Parts) runner.Change {
	return runner.Change{State: stateOf(now), Files: files, Summary: summary(changesOf(r.image, now))}
}

// change makes a change in all Pods, and returns them as they are then.
func (l *Loop) change(ctx context.Context, pods []runner.Pod, c runner.Change) ([]runner.Pod, error) {
	changed := make([]runner.Pod, len(pods))
	group, ctx := errgroup.WithContext(ctx)
	for i, p := range pods {
		group.Go(func() (err error) {
			changed[i], err = l.Deployer.Change(ctx, p, builder.SupervisorPort, c)
			return err
		})
	}
	err := group.Wait()
	if errors.Is(err, runner.ErrUnsupervised) {
		err = runner.ErrUnsupervised
	}
	return changed, err
}
