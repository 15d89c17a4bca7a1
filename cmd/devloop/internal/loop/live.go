package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/watch"
)

// LocalPort is a port of this machine that devloop keeps, and that leads to
// whichever Pod it was pointed to last.
type LocalPort interface {
	// Point leads the port to a container port of pod from now on.
	Point(pod runner.Pod, port int)
	// Hold lets new connections wait until the next Point.
	Hold()
	// Moved says why the port is another than the one asked for, nil if it is not.
	Moved() error
	// Err is why the last connection did not reach the Pod, nil if it did.
	Err() error
	// Port is the port's number.
	Port() int
	// URL is the address for a browser, as in "http://localhost:8080".
	URL() string
	// Close gives the port back and waits until its connections have ended.
	Close() error
}

// live is what outlives a cycle. A Pod of the same name and port keeps its local
// port from cycle to cycle.
type live struct {
	ports map[endpoint]LocalPort
	// reserved are the ports that the user asked for and no Pod has yet, by number.
	reserved map[int]LocalPort
	// loaded is the image that every node has, nil before the first.
	loaded *builder.Image
	// logs are the logs that are being followed, stop ends them.
	logs sync.WaitGroup
	stop context.CancelFunc
	ctx  context.Context
	// serving is the ID of the image that answers on localhost, zero while none does.
	serving v1.Hash
}

// serves reports whether the Pods that answer now are those that the cycle would
// make: the image came out the same, and no manifest changed.
func (v *live) serves(img builder.Image, changed watch.Batch) bool {
	return v.serving == img.ID && v.serving != v1.Hash{} && !changed.All && !changed.Kinds.Has(watch.Manifest)
}

// hold says that the Pods are about to go: whoever connects waits for the next ones.
func (v *live) hold() {
	v.serving = v1.Hash{}
	for _, local := range v.ports {
		local.Hold()
	}
}

// endpoint is a container port of a Pod. The Pod's name stays, its UID changes.
type endpoint struct {
	namespace, pod string
	port           int
}

// forward leads local ports to every port of the Pods, and asks each once through
// its forward: that is the proof that localhost reaches the application.
func (l *Loop) forward(ctx context.Context, s *step, pods []runner.Pod) error {
	var notes []string
	first := true
	for _, pod := range pods {
		for _, port := range pod.Ports {
			local, err := l.live.open(ctx, l, pod, port, first)
			if err != nil {
				return err
			}
			first = false
			local.Point(pod, port)
			answer, err := ask(ctx, local.URL())
			if err != nil {
				return &AnswerError{Pod: pod.Name, Port: port, URL: local.URL(), Way: local.Err(), Err: err}
			}
			s.publish(event.Forwarding{Pod: pod.Name, Port: port, URL: local.URL()})
			s.publish(event.Answered{Pod: pod.Name, URL: local.URL(), Status: answer.status, Text: answer.text, Took: answer.took})
			notes = append(notes, fmt.Sprintf("%s → %s:%d %s", local.URL(), pod.Name, port, answer))
		}
	}
	s.note, s.skip = strings.Join(notes, "\n"), len(notes) == 0
	if s.skip {
		s.note = "the manifest names no containerPort"
	}
	return nil
}

// reserve takes the local ports that the user asked for, before anything is built: a
// port that can't be had is found out while the old Pod still serves.
func (l *Loop) reserve(ctx context.Context) error {
	if l.live.reserved != nil {
		return nil
	}
	reserved := map[int]LocalPort{}
	for _, asked := range l.Target.Ports {
		local, err := l.Listen(ctx, runner.Port{Local: asked, Strict: true})
		if err != nil {
			return errors.Join(err, closePorts(reserved))
		}
		reserved[asked] = local
	}
	l.live.reserved = reserved
	return nil
}

// open returns the local port of a Pod's port, opening it at the first call.
func (v *live) open(ctx context.Context, l *Loop, pod runner.Pod, port int, first bool) (LocalPort, error) {
	key := endpoint{pod.Namespace, pod.Name, port}
	if local, open := v.ports[key]; open {
		return local, nil
	}
	want := v.free(l.Target.local(port, first))
	local, reserved := v.reserved[want.Local]
	if want.Strict && reserved {
		delete(v.reserved, want.Local)
	} else {
		var err error
		if local, err = l.Listen(ctx, want); err != nil {
			return nil, err
		}
	}
	if v.ports == nil {
		v.ports = map[endpoint]LocalPort{}
	}
	v.ports[key] = local
	if moved := local.Moved(); moved != nil {
		f := FailureOf(moved)
		l.Bus.Publish(0, event.Notice{Level: event.Warning, Text: fmt.Sprintf("%s, so port %d of Pod %q is at %s", f.Message, port, pod.Name, local.URL()), Hints: f.Hints})
	}
	return local, nil
}

// local says which local port a container port should have: the one that the user
// asked for, else the same number, else the next one that is free.
func (t Target) local(port int, first bool) runner.Port {
	if asked, ok := t.Ports[port]; ok {
		return runner.Port{Local: asked, Strict: true}
	}
	if asked, ok := t.Ports[0]; ok && first {
		return runner.Port{Local: asked, Strict: true}
	}
	return runner.Port{Local: port}
}

// free steps over the ports that devloop itself holds: three Pods with port 8080
// get 8080, 8081 and 8082, and that is no collision to warn of.
func (v *live) free(p runner.Port) runner.Port {
	taken := map[int]bool{}
	for _, local := range v.ports {
		taken[local.Port()] = true
	}
	for !p.Strict && taken[p.Local] {
		p.Local++
	}
	return p
}

// follow shows the logs of the Pods until they have ended, or until close. The logs
// of the Pods before end with those Pods, so that their last words are not lost.
func (v *live) follow(l *Loop, n int, pods []runner.Pod) {
	if v.ctx == nil {
		v.ctx, v.stop = context.WithCancel(context.Background())
	}
	for _, pod := range pods {
		v.logs.Go(func() {
			out, flush := Lines(func(line string) { l.Bus.Publish(n, event.AppLog{Pod: pod.Name, Line: line}) })
			defer flush()
			if err := l.Deployer.Logs(v.ctx, pod, out); err != nil && v.ctx.Err() == nil {
				f := FailureOf(err)
				l.Bus.Publish(n, event.Notice{Level: event.Warning, Text: f.Message, Hints: f.Hints})
			}
		})
	}
}

func (v *live) close() error {
	if v.stop != nil {
		v.stop()
	}
	v.logs.Wait()
	err := errors.Join(closePorts(v.ports), closePorts(v.reserved))
	v.ports, v.reserved = nil, nil
	return err
}

func closePorts[K comparable](ports map[K]LocalPort) error {
	var errs []error
	for _, local := range ports {
		errs = append(errs, local.Close())
	}
	return errors.Join(errs...)
}

// URLs returns the local addresses that are open, sorted.
func (l *Loop) URLs() []string {
	var urls []string
	for _, local := range l.live.ports {
		urls = append(urls, local.URL())
	}
	slices.Sort(urls)
	return urls
}
