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

// interval is how often the Pods are asked whether their spare is still there: it ends where memory gets short. Those
// that prepare one are asked more often.
const (
	interval          = 30 * time.Second
	preparingInterval = 300 * time.Millisecond
)

// pauseTimeout limits the request to pause, which is of use right away or not at all.
const pauseTimeout = 300 * time.Millisecond

// Pods prepares spare JVMs.
type Pods interface {
	// Spare has the supervisor of a Pod, which listens on port, prepare a spare JVM, and returns how it is.
	Spare(ctx context.Context, pod kube.Pod, port int, room runner.Room) (runner.Spare, error)
	// PauseSpares has it stop that for some seconds, or until Spare is called.
	PauseSpares(ctx context.Context, pod kube.Pod, port int) error
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
		if unusable != "" {
			k.publish(pod, runner.Spare{Note: unusable})
		} else if k.await(ctx, pod, room) {
			ready.Store(true)
		}
		return nil
	})
	return ready.Load()
}

// await waits until a Pod has as many spares as there is room for, and reports whether it has one. When ctx ends the
// Pod stops preparing them: a save comes, and on few processors it would take half as long again.
func (k Keeper) await(ctx context.Context, pod kube.Pod, room runner.Room) (ready bool) {
	for preparing := false; ; {
		spare, err := k.Pods.Spare(ctx, pod, supervisor.Port, room)
		if err == nil {
			ready, preparing = spare.Ready, spare.Preparing
			k.publish(pod, spare)
		} else if ctx.Err() == nil {
			return ready // the Pod is about to go
		}
		if !preparing {
			return ready
		}
		if !pause.For(ctx, preparingInterval) {
			k.pause(ctx, pod)
			return ready
		}
	}
}

// pause is called when ctx has ended. If the request fails, the save takes longer.
func (k Keeper) pause(ctx context.Context, pod kube.Pod) {
	soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), pauseTimeout)
	defer cancel()
	_ = k.Pods.PauseSpares(soon, pod, supervisor.Port)
}

// publish says whether a Pod has a spare, or why not, once one of both is known.
func (k Keeper) publish(pod kube.Pod, spare runner.Spare) {
	if spare.Note != "" {
		b := event.SpareJVM{Pod: pod.Name, Ready: spare.Ready}
		if !spare.Ready {
			b.Why = spare.Note
		}
		k.Events.PublishChange("spare of "+string(pod.UID), b)
	}
}
