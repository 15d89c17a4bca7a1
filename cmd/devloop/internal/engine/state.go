package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
)

// drainTime bounds the wait for answers under way before a Pod is replaced. It is as
// long as the Pod itself gets to end.
const drainTime = 2 * time.Second

// live is what outlives a cycle.
type live struct {
	ports ports
	// debuggers are the local ports for debuggers, agent where the JVMs listen for one. eased is
	// true once it was told what becomes of probes.
	debuggers []*debugger
	agent     int
	eased     bool
	// loaded is the image that every node has, nil before the first.
	loaded *builder.Image
	// logs are the logs that are being followed, stop ends them.
	logs sync.WaitGroup
	stop context.CancelFunc
	ctx  context.Context
	// serving is the ID of the image that answers on localhost, zero while none does.
	serving v1.Hash
	// answering are the Pods of that image. pods are those that were made last: the
	// same, or others that failed beside them.
	answering, pods []runner.Pod
	// rolling is true from when a Deployment was told of another Pod until that one answers.
	rolling bool
	// anew is true in a cycle that the user has asked for.
	anew bool
	// app was compiled last. built are its files, present what the Pods that answer consist of, nil
	// where they can't be changed.
	app     builder.App
	built   plan.State
	present *present
	// fixed says why present is nil.
	fixed string
	// manifest is the one that was read last.
	manifest runner.Manifest
	// faster is true once there is an archive that those Pods don't have.
	faster atomic.Bool
	// ended tells Run of each Pod whose log has come to its end.
	ended chan runner.Pod
	// altered is true while JVMs of sealed Pods have classes that their images have not, restarted
	// tells Run of each such Pod of which a container ends.
	altered   atomic.Bool
	restarted chan runner.Pod
	// agentless says that JVMs of the image don't start with a debug port.
	agentless bool
	// placed is the reason, told last, why Pods take the place of those before.
	placed string
	// opened is the port that the application of a generated Pod opened.
	opened opened
	// guessed is the image that was said last to be taken for the project's.
	guessed string
	// advised is what was told of the Dockerfile already.
	advised []builder.Advice
	// saidSkipped is true once it was said that the build's checks of style are left out.
	saidSkipped bool
	// training is true while an archive is made, trained the image that one was made for last.
	training atomic.Bool
	trained  v1.Hash
}

// serves reports whether Pods answer on localhost.
func (v *live) serves() bool { return v.serving != v1.Hash{} }

// hold says that the Pods are about to go: whoever asks waits for the next ones, and
// what they were asked already is answered first.
func (v *live) hold(ctx context.Context) {
	v.serving, v.answering = v1.Hash{}, nil
	v.release()
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	v.ports.hold(ctx)
}

// context is what works beside the cycles lives by; close ends it.
func (v *live) context() context.Context {
	if v.ctx == nil {
		v.ctx, v.stop = context.WithCancel(context.Background())
	}
	return v.ctx
}

// follow shows the logs of the Pods until they have ended, or until close. The logs
// of the Pods before end with those Pods, so that their last words are not lost.
func (v *live) follow(l *Session, n int, pods []runner.Pod) {
	ctx, refused := v.context(), func(string) {}
	if v.loaded != nil {
		refused = l.refused(*v.loaded, n)
	}
	for _, pod := range pods {
		v.logs.Go(func() {
			out, flush := Lines(func(line string) {
				l.Bus.Publish(n, event.AppLog{Pod: pod.Name, Line: line})
				refused(line)
			})
			defer flush()
			if err := l.Deployer.Logs(ctx, pod, out); err != nil && ctx.Err() == nil {
				f := FailureOf(err)
				l.Bus.Publish(n, event.Notice{Level: event.Warning, Text: f.Message, Hints: f.Hints})
				return
			}
			select {
			case v.ended <- pod:
			case <-ctx.Done():
			}
		})
	}
}

// lost says that Pods which answered are there no more, although no cycle took them
// away: whoever asks is told so instead of left to wait. Where a Deployment did, whose next Pod
// came to serve after all, it says why another cycle has to be: that leads there.
func (l *Session) lost(ended []runner.Pod) string {
	for _, pod := range ended {
		if !l.live.serves() || !slices.ContainsFunc(l.live.answering, is(pod)) {
			continue // it was replaced
		}
		l.live.serving, l.live.answering = v1.Hash{}, nil
		l.live.lose("the Pod is gone")
		if l.live.rolling && pod.Of.Kind == "Deployment" {
			return fmt.Sprintf("Kubernetes took %s away", pod.Name)
		}
		text, hints := fmt.Sprintf("Pod %q has ended, or somebody removed it", pod.Name), []string{"bring it back: press r"}
		l.live.fail(event.Failure{Message: text, Hints: hints})
		l.Bus.Publish(0, event.Notice{Level: event.Warning, Text: text, Hints: hints})
	}
	return ""
}

func (v *live) close() error {
	if v.stop != nil {
		v.stop()
	}
	v.logs.Wait()
	errs := []error{v.ports.close()}
	for _, d := range v.debuggers {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

// URLs returns the local addresses that are open, in the manifest's order.
func (l *Session) URLs() []string {
	list := make([]string, len(l.live.ports))
	for i, p := range l.live.ports {
		list[i] = l.address(p)
	}
	return list
}
