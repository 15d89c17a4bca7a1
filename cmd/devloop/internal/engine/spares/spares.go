// Package spares has Pods prepare a JVM for the next restart while nothing else is to do, and watches over it.
//
//	k := spares.Keeper{Pods: cluster, Events: events}
//	k.Keep(ctx, deployment) // until ctx ends
//
// What a spare JVM is, and when it can't be had, is up to builder/supervisor.
package spares

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/devloop-cli/devloop/builder/supervisor"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/kube"
	runner "github.com/devloop-cli/devloop/runner/supervisor"
)

// interval is how often the Pods are asked whether their spare is still there: it ends where memory gets short.
const interval = 30 * time.Second

// Pods prepares spare JVMs.
type Pods interface {
	// Spare has the supervisor of a Pod, which listens on port, prepare a spare JVM, and waits for it.
	Spare(ctx context.Context, pod kube.Pod, port int, room runner.Room) (runner.Spare, error)
}

// Take waits until a service may prepare spares. Call done once it has. A nil Take lets it do so at once.
type Take func(ctx context.Context) (room runner.Room, done func(), err error)

// Keeper keeps the spare JVMs of a session.
type Keeper struct {
	Pods   Pods
	Events publish.Publisher
	Turn   Take
}

// Keep has the Pods of a deployment prepare a spare each. It publishes whether there is one, or why not, when that
// changes, as long as one may, and until ctx ends: then there is something else to do.
func (k Keeper) Keep(ctx context.Context, d *state.Deployment) {
	for k.prepare(ctx, d) && pause.For(ctx, interval) {
	}
}

// prepare reports whether a Pod has a spare.
func (k Keeper) prepare(ctx context.Context, d *state.Deployment) bool {
	if d == nil || d.NotPatchable != "" || d.HotSwapOnly() || d.Image.Report.NoSpareReason != "" {
		return false
	}
	room := runner.RoomForTwo
	if k.Turn != nil {
		may, done, err := k.Turn(ctx)
		if err != nil {
			return false
		}
		defer done()
		room = may
	}
	unusable := d.Code.State.NeedsNewJVM()
	var ready atomic.Bool
	_ = d.ForEachPatchable(ctx, func(ctx context.Context, _ int, pod kube.Pod) error {
		b := event.SpareJVM{Pod: pod.Name, Why: unusable}
		if unusable == "" {
			spare, err := k.Pods.Spare(ctx, pod, supervisor.Port, room)
			if err != nil || spare.Note == "" {
				return nil // the Pod is about to go, or starts again
			}
			if b.Ready = spare.Ready; b.Ready {
				ready.Store(true)
			} else {
				b.Why = spare.Note
			}
		}
		k.Events.PublishChange("spare of "+string(pod.UID), b)
		return nil
	})
	return ready.Load()
}
