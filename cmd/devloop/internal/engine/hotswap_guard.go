package engine

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
)

// In a Pod with an image of a Dockerfile there is no supervisor. Its JVM takes other bodies of
// methods, but what the container holds is the image: one that Kubernetes starts again has
// the code of before. That is seen, and a new Pod made, before anybody is led to it.

// guard tells Run whenever a container of the Pods ends.
func (l *Session) guard(pods []runner.Pod) {
	ctx := l.live.context()
	for _, pod := range pods {
		l.live.logs.Go(func() {
			for now, err := l.Deployer.Restarted(ctx, pod); err == nil; now, err = l.Deployer.Restarted(ctx, now) {
				select {
				case l.live.restarted <- now:
				case <-ctx.Done():
					return
				}
			}
		})
	}
}

// fallenBack looks whether Pods that answer have lost what their JVMs were given, leads nobody to
// them any more, and says why another cycle has to be; "" where none has.
func (l *Session) fallenBack(ctx context.Context, again []runner.Pod) string {
	for _, pod := range again {
		if !slices.ContainsFunc(l.live.answering, is(pod)) {
			continue // it was replaced
		}
		if !l.live.altered.Load() {
			l.live.renew(pod)
			continue
		}
		l.live.altered.Store(false)
		l.live.hold(ctx)
		l.live.lose("its container started again")
		_ = l.Deployer.Note(ctx, pod, "") // it goes
		l.Bus.Publish(0, event.Notice{Level: event.Warning, Text: fmt.Sprintf("the container of Pod %q ended; started again, it has the image without the changes since: a new Pod brings them back", pod.Name)})
		return fmt.Sprintf("the container of %s ended", pod.Name)
	}
	return ""
}

// renew notes how often the containers of a Pod have started by now.
func (v *live) renew(pod runner.Pod) {
	for _, pods := range [][]runner.Pod{v.answering, v.presentPods()} {
		if i := slices.IndexFunc(pods, is(pod)); i >= 0 {
			pods[i] = pod
		}
	}
}

func (v *live) presentPods() []runner.Pod {
	if v.present == nil {
		return nil
	}
	return v.present.pods
}

// agentWords are in what a JVM says that does not start with its debug port, and pickedUp is in what
// any JVM says of the variable that asks for one.
var agentWords, pickedUp = regexp.MustCompile(`(?i)jdwp`), regexp.MustCompile(`Picked up \w+:`)

// aboutAgent says whether a JVM complains of its debug port in a line.
func aboutAgent(line string) bool { return agentWords.MatchString(line) && !pickedUp.MatchString(line) }

// refusesAgent says whether Pods failed because their JVM does not start with a debug port, which
// is then not asked for again: an image may lack the library, or start several JVMs.
func (l *Session) refusesAgent(n int, told runner.Debug, err error) bool {
	var why *runner.NotReadyError
	if told.JVMOptions == "" || !errors.As(err, &why) || why.Code() != "pod.crash" {
		return false
	}
	i := slices.IndexFunc(why.Evidence(), aboutAgent)
	if i < 0 {
		return false
	}
	l.live.agentless = true
	text := "the JVM of the image does not start with a debug port, so each save makes a new Pod"
	if l.Target.Debug.On {
		text += ", and no debugger reaches it"
	}
	l.Bus.Publish(n, event.Notice{Level: event.Warning, Text: text + ": " + why.Evidence()[i]})
	return true
}
