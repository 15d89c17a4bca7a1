// Package patch changes the application in running Pods, without a new image.
//
//	p := patch.Patcher{Pods: cluster, Redefine: debuggers.Redefine}
//	pods, err := p.Restart(ctx, deployment, code, files, nil, false) // the application restarts with files
//	err = p.Confirm(ctx, restarted, before)                   // it serves: keep the change
//	err = p.Swap(ctx, deployment, code, files)                // the JVM takes them as it runs
//
// A Pod whose image has a supervisor keeps the files: a later start of its container has them too.
// A Pod of a Dockerfile's image has no supervisor. Its JVM takes method bodies, but the files in its
// container stay those of the image, so it loses the change when its container restarts. The Pod
// then has an annotation that says how it differs from its image.
//
// Whether a change may be swapped is up to package plan, and what serves meanwhile to package engine.
package patch

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	image "github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/supervisor"
)

// Pods changes the application in Pods.
type Pods interface {
	// Change changes the application in a Pod whose supervisor listens on port.
	Change(ctx context.Context, pod kube.Pod, port int, c supervisor.Change) (kube.Pod, error)
	// Confirm has the supervisor keep a change, now that the application serves with it.
	Confirm(ctx context.Context, pod kube.Pod, port int, state, was string) error
	// Note writes into a Pod how its application differs from its image. It returns
	// [supervisor.ErrRestarted] if a container has restarted since p.
	Note(ctx context.Context, p kube.Pod, summary string) error
	// Living returns those of the Pods that exist and are not about to go.
	Living(ctx context.Context, pods []kube.Pod) ([]kube.Pod, error)
}

// Patcher sends changes to all Pods of a deployment at once.
type Patcher struct {
	Pods Pods
	// Redefine has a Pod's JVM take new versions of classes, once ready returns nil. With loadedOnly it
	// fails unless the JVM has loaded all of them.
	Redefine func(ctx context.Context, pod kube.Pod, classes map[string][]byte, loadedOnly bool,
		ready func() error) error
}

// Restart has the supervisors restart the application with changed files and libraries, nil for the ones it has, so
// that it runs code. Refused says that a Swap to code has failed. It returns all Pods as they are then.
func (p Patcher) Restart(ctx context.Context, d state.Deployment, code plan.State,
	files, libraries map[string][]byte, refused bool) ([]kube.Pod, error) {
	all := map[string][]byte{}
	maps.Copy(all, files)
	maps.Copy(all, libraries)
	c := change(d, code, all)
	c.Restart, c.NewJVM, c.NotTaken = true, libraries != nil || code.NeedsNewJVM() != "", refused
	return p.send(ctx, d, c)
}

// Confirm has the supervisors of d keep their last change. Before is the deployment without it.
func (p Patcher) Confirm(ctx context.Context, d, before state.Deployment) error {
	was := plan.Summary(before.Built, before.Code.State)
	return d.ForEachPatchable(ctx, func(ctx context.Context, _ int, pod kube.Pod) error {
		return p.Pods.Confirm(ctx, pod, image.Port, d.Code.State.Name, was)
	})
}

// Swap sends files to the Pods, for later starts, and classes to the JVMs, in the form in which code
// has them loaded. The application keeps running. After an error some Pods may have the change and others not.
func (p Patcher) Swap(ctx context.Context, d state.Deployment, code plan.State, files map[string][]byte) error {
	c := change(d, code, files)
	sent := sync.OnceValue(func() error {
		if d.HotSwapOnly() {
			return d.ForEachPatchable(ctx,
				func(ctx context.Context, _ int, pod kube.Pod) error { return p.Pods.Note(ctx, pod, c.Summary) })
		}
		_, err := p.send(ctx, d, c)
		return err
	})
	classes := map[string][]byte{}
	for path, content := range files {
		if name, isClass := strings.CutSuffix(path, ".class"); isClass && content != nil {
			classes[name] = code.Loaded(path)
		}
	}
	if len(classes) == 0 {
		return sent()
	}
	go func() { _ = sent() }() // while the JVMs are reached
	err := d.ForEachPatchable(ctx, func(ctx context.Context, _ int, pod kube.Pod) error {
		// files that stay as they were give the JVM no new version later
		return p.Redefine(ctx, pod, classes, d.HotSwapOnly(), sent)
	})
	if failed := sent(); failed != nil {
		return failed
	}
	return err
}

// Gone returns those of the Pods that their controller has taken away, as when a Deployment is scaled down. It returns
// none if no Pod is left, or one is gone that nothing would make again.
func (p Patcher) Gone(ctx context.Context, pods []kube.Pod) []kube.Pod {
	living, err := p.Pods.Living(ctx, pods)
	gone := state.Without(pods, living)
	if err != nil || len(living) == 0 || slices.ContainsFunc(gone, func(pod kube.Pod) bool { return !pod.IsKept() }) {
		return nil
	}
	return gone
}

// change returns the change of d to code.
func change(d state.Deployment, code plan.State, files map[string][]byte) supervisor.Change {
	return supervisor.Change{State: code.Name, Files: files, Summary: plan.Summary(d.Built, code)}
}

// send sends a change to the Pods, and returns all as they are then.
func (p Patcher) send(ctx context.Context, d state.Deployment, c supervisor.Change) ([]kube.Pod, error) {
	changed := slices.Clone(d.Pods)
	err := d.ForEachPatchable(ctx, func(ctx context.Context, i int, pod kube.Pod) (err error) {
		changed[i], err = p.Pods.Change(ctx, pod, image.Port, c)
		return err
	})
	if errors.Is(err, supervisor.ErrUnsupervised) {
		err = supervisor.ErrUnsupervised
	}
	return changed, err
}
