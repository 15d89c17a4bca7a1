package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
)

// Until the new Pod answers, localhost leads to the old one, so that a start that fails
// takes nothing away: the new one comes up beside it, and the old one goes when the
// port has moved. A Deployment may do that by itself. What can't have a twin is replaced in its
// place, which is said once.

// retireTime bounds the removal of Pods that others have come beside.
const retireTime = 20 * time.Second

// beside returns the Pods that go on serving while the next ones start, none where those
// have to take their place. It says true where a Deployment takes them away by itself.
func (l *Session) beside(n int, m runner.Manifest) (serving []runner.Pod, rolls bool) {
	if !l.Target.KeepServing || !l.live.serves() {
		return nil, false
	}
	if why := m.InPlace(l.Target.Images(m)...); why != "" {
		l.noTwin(n, why)
		return nil, false
	}
	for _, next := range m.Running(l.Target.Namespace, l.Target.Images(m)...) {
		if next.Of.Kind != "Deployment" {
			continue
		}
		if podOf(l.live.answering, next) == nil {
			return nil, false // it is new in the manifest
		}
		rolls = true
	}
	return l.live.answering, rolls
}

// rollOut has a Deployment make its next Pod. From then on it may take the old one away at any
// time, which is not changed any more; once the next one is ready it does.
func (l *Session) rollOut(ctx context.Context, n int, m runner.Manifest, img builder.Image, serving []runner.Pod) ([]runner.Pod, error) {
	l.live.rolling = true
	l.live.lose("the last Pod did not serve")
	pods, err := l.bringUp(ctx, n, m, img, serving)
	if err != nil {
		return nil, err
	}
	l.retire(dropped(serving, m))
	l.live.serving, l.live.answering = v1.Hash{}, nil
	return pods, nil
}

// noTwin tells why the old Pod does not serve until the new one does, once a reason.
func (l *Session) noTwin(n int, why string) {
	if l.live.placed != why {
		l.live.placed = why
		l.Bus.Publish(n, event.Notice{Level: event.Info, Text: "the old Pod goes before the new one serves: " + why})
	}
}

// dropped returns those of the Pods that the manifest has no more.
func dropped(pods []runner.Pod, m runner.Manifest) []runner.Pod {
	return slices.DeleteFunc(slices.Clone(pods), func(p runner.Pod) bool {
		return p.Of.Kind != "Pod" || slices.ContainsFunc(m.Objects(), func(o runner.Object) bool { return o.Kind == "Pod" && o.Name == p.Of.Name })
	})
}

// crowded reports whether a Pod failed since no node has room for it.
func crowded(err error) bool {
	var why *runner.NotReadyError
	return errors.As(err, &why) && why.Code() == "pod.pending"
}

// still tells after a failure which code localhost leads to: that of before, or the new one
// where a running JVM has taken the change already.
func (l *Session) still(n int, before v1.Hash) {
	switch {
	case !l.live.serves() || len(l.live.ports) == 0:
	case l.live.serving == before:
		l.Bus.Publish(n, event.Notice{Level: event.Info, Text: "the code before this change still answers on localhost"})
	default:
		l.Bus.Publish(n, event.Notice{Level: event.Warning, Text: "localhost leads to an application that has taken this change already, or a part of it"})
	}
}

// turnBack leads the ports to the Pods that answered before, where there are any.
func (l *Session) turnBack() {
	if !l.live.serves() {
		return
	}
	for _, local := range l.live.ports {
		if pod := podOf(l.live.answering, local.to); pod != nil {
			local.Point(*pod, local.to.Port)
		}
	}
	l.debug(0, l.live.answering)
}

// takeOver says that pods answer now, and removes those that did before.
func (l *Session) takeOver(img builder.Image, pods []runner.Pod) {
	l.retire(except(l.live.answering, pods))
	l.live.serving, l.live.answering, l.live.rolling = img.ID, pods, false
	l.live.altered.Store(false)
	if fixed := l.fixed(img.Explanation); fixed != "" {
		l.live.lose(fixed)
		return
	}
	l.live.present = &present{pods: pods, ref: img.Ref, image: l.live.built, now: l.live.built, swappable: img.Explanation.Swappable, sealed: !img.Explanation.Supervised}
	for _, t := range img.Explanation.Templates {
		l.live.present.templates = append(l.live.present.templates, plan.Templates{Engine: t.Engine, Suffix: t.Suffix, Package: t.Package, Kept: t.Kept})
	}
	if l.live.present.sealed {
		l.guard(l.live.present.ours())
	}
}

// fixed says why Pods of an image can't be changed while they run, "" where they can.
func (l *Session) fixed(x builder.Explanation) string {
	switch {
	case x.Supervised:
		return ""
	case x.Swappable && l.live.agentless:
		return "its JVM does not start with a debug port"
	case x.Swappable:
		return ""
	case l.Target.Fixed != "":
		return l.Target.Fixed
	case x.Unsupervised == "" && x.Dockerfile != "":
		return x.Dockerfile + " makes its image"
	}
	return cmp.Or(x.Unsupervised, "its image has no supervisor")
}

// dropFailed removes the Pods that failed beside those which answer. Others that are new as well
// took the place of the ones before.
func (l *Session) dropFailed() {
	l.retire(slices.DeleteFunc(except(l.live.pods, l.live.answering), func(p runner.Pod) bool {
		return !slices.ContainsFunc(l.live.answering, func(a runner.Pod) bool { return a.Of == p.Of && a.Name != p.Name })
	}))
	l.live.pods = l.live.answering
}

// retire removes Pods once what they were asked is answered, beside the cycles. It
// comes to its end even where the session ends.
func (l *Session) retire(pods []runner.Pod) {
	if len(pods) == 0 {
		return
	}
	ports, session := slices.Clone(l.live.ports), l.live.context()
	l.live.logs.Go(func() {
		ctx, cancel := context.WithTimeout(session, drainTime)
		defer cancel()
		ports.drain(ctx)
		ctx, cancel = context.WithTimeout(context.Background(), retireTime)
		defer cancel()
		if err := l.Deployer.Retire(ctx, pods); err != nil {
			f := FailureOf(err)
			l.Bus.Publish(0, event.Notice{Level: event.Warning, Text: f.Message, Hints: f.Hints})
		}
	})
}

// except returns the Pods that are not among others.
func except(pods, others []runner.Pod) []runner.Pod {
	return slices.DeleteFunc(slices.Clone(pods), func(p runner.Pod) bool { return slices.ContainsFunc(others, is(p)) })
}

// is selects a Pod by its identity.
func is(pod runner.Pod) func(runner.Pod) bool {
	return func(p runner.Pod) bool { return p.UID == pod.UID }
}
