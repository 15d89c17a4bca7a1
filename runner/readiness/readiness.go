// Package readiness waits until Pods serve.
//
//	w := readiness.Waiter{Client: client, Dial: dial}
//	err := w.Ready(ctx, pods, func(p readiness.Phase) { fmt.Println(p.Pod, p.Phase) })
//
// A Pod serves when its containers run, its probes succeed, and its ports accept connections (ports.go).
// The wait ends early, with a [*podstatus.NotReadyError], when the Pod can't get there: package podstatus
// decides when, and explain says why.
package readiness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/explain"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// Phase is a step of a Pod's start.
type Phase struct {
	Pod    string
	Phase  string // one of the Phase… words
	Detail string // the node's name or the image, or ""
}

// The phases, in the order in which a Pod goes through them. It may skip some.
const (
	PhasePending   = "pending"   // not scheduled yet
	PhaseScheduled = "scheduled" // assigned to a node
	PhaseCreating  = "creating"  // the node creates its containers, and may pull images
	PhaseRunning   = "running"   // all containers run
	PhaseReady     = "ready"     // its probes succeed and its ports accept connections
)

// errDone is the cause of contexts that end because their work is done.
var errDone = errors.New("done")

// errReady is the cause of a watch that ends because the Pod serves.
var errReady = errors.New("ready")

// Waiter waits for Pods of a cluster.
type Waiter struct {
	Client *cluster.Client
	Dial   tunnel.Dialer
}

// Ready waits until all containers of the Pods run, their probes succeed, and the ports that they name
// accept connections, at least one of each container. It calls phase at each step, never twice at the
// same time; phase may be nil.
//
// It returns a [*podstatus.NotReadyError] as soon as a Pod can't become ready, or when ctx's deadline
// passes. It outlives an outage of the API server until then. An application that ends while Pods of other objects
// start gets another chance once these serve. When ctx is cancelled, the error wraps its cause.
func (w Waiter) Ready(ctx context.Context, pods []kube.Pod, phase func(Phase)) error {
	group, groupCtx := errgroup.WithContext(ctx)
	var one sync.Mutex
	report := func(p Phase) {
		one.Lock()
		defer one.Unlock()
		if phase != nil && groupCtx.Err() == nil {
			phase(p)
		}
	}
	starters := newStarters(pods)
	for _, p := range pods {
		group.Go(func() error {
			defer starters.done(p)
			return w.wait(groupCtx, p, report, starters)
		})
	}
	return group.Wait()
}

func (w Waiter) wait(ctx context.Context, p kube.Pod, report func(Phase), s *starters) error {
	watchCtx, stop := context.WithCancelCause(ctx)
	defer stop(errDone)
	b := &podWaiter{Waiter: w, pod: p, reporter: report, ctx: watchCtx, stop: stop, ports: newPortWait(w.Dial, p),
		starters: s, forgiven: map[string]int32{}}
	defer b.background.Wait()
	defer stop(errDone)
	away := func(away bool) { b.away = away }
	err := w.Client.WatchPods(watchCtx, cluster.PodWatch{Pod: &p, See: b.see, Patient: true, Away: away})
	return b.outcome(ctx, err)
}

// podWaiter waits for one Pod.
type podWaiter struct {
	Waiter
	pod      kube.Pod
	reporter func(Phase)
	ctx      context.Context // of the watch
	stop     context.CancelCauseFunc

	last      atomic.Pointer[corev1.Pod] // the latest state
	away      bool                       // whether the API server does not answer
	phase     Phase                      // the latest report
	scheduled chan struct{}              // closed when the Pod is scheduled, nil unless the scheduler failed
	ports     *portWait
	starters  *starters
	forgiven  map[string]int32 // by container, the last run whose end does not count
	// Each starts one goroutine beside the watch.
	mounting, running, probing sync.Once
	background                 sync.WaitGroup
}

// see handles a state of the Pod, and says whether the wait is over.
func (b *podWaiter) see(p *corev1.Pod, gone bool) (bool, error) {
	if !gone {
		b.last.Store(p)
	}
	if gone || p.DeletionTimestamp != nil {
		return false, b.failure(podstatus.Deleted(), p)
	}
	b.limitScheduling(p)
	if v := podstatus.Diagnose(p, b.pod.Restarts); v != nil && !b.forgives(p, *v) {
		return false, b.failure(*v, p)
	}
	b.report(phaseOf(p))
	if podstatus.IsCreating(p) {
		b.mounting.Do(func() { b.background.Go(b.checkVolumes) })
	}
	if completed(p) {
		return true, nil
	}
	if kube.AllRunning(p) {
		b.running.Do(func() { b.background.Go(b.checkOtherPorts) })
	}
	if kube.IsReady(p) {
		b.probing.Do(func() {
			b.background.Go(func() {
				if b.ports.await(b.ctx, p, b.Client.Now()) == nil {
					b.stop(errReady)
				}
			})
		})
	}
	return false, nil
}

// report reports a phase, once.
func (b *podWaiter) report(p Phase) {
	if p != b.phase {
		b.phase = p
		b.reporter(p)
	}
}

// limitScheduling ends the wait for a Pod that no node takes.
func (b *podWaiter) limitScheduling(p *corev1.Pod) {
	v := podstatus.Unschedulable(p)
	switch {
	case v == nil && b.scheduled != nil:
		close(b.scheduled)
		b.scheduled = nil
	case v != nil && b.scheduled == nil:
		found := make(chan struct{})
		b.scheduled = found
		b.background.Go(func() {
			select {
			case <-b.ctx.Done():
			case <-found:
			case <-time.After(podstatus.SchedulingTimeout):
				b.stop(b.failure(*v, p))
			}
		})
	}
}

// checkOtherPorts ends the wait if the application listens on other ports than the Pod names. Two checks
// must agree: the application may still be starting.
func (b *podWaiter) checkOtherPorts() {
	before := ""
	for pause.For(b.ctx, podstatus.ListenTimeout) {
		found := b.failure(b.waitingFor(), b.last.Load())
		if found.Code() != podstatus.CodePort {
			before = ""
			continue
		}
		if found.Why == before {
			b.stop(found)
			return
		}
		before = found.Why
	}
}

// outcome turns the end of the watch into Wait's result.
func (b *podWaiter) outcome(ctx context.Context, err error) error {
	cause := context.Cause(b.ctx)
	var notReady *podstatus.NotReadyError
	switch {
	case err == nil, errors.Is(cause, errReady) && ctx.Err() == nil:
		b.report(Phase{Pod: b.pod.Name, Phase: PhaseReady})
		return nil
	case errors.As(err, &notReady), errors.As(cause, &notReady):
		return notReady
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded) && b.away:
		away := podstatus.Finding{Why: "the cluster does not answer", Hints: []string{cluster.SetupHint}}
		return away.Explain(b.pod, nil, podstatus.Evidence{}).Timeout(context.Cause(ctx))
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return b.failure(b.waitingFor(), b.last.Load()).Timeout(context.Cause(ctx))
	case ctx.Err() != nil:
		return fmt.Errorf("wait for pod %q: %w", b.pod.Name, context.Cause(ctx))
	default:
		return err
	}
}

// phaseOf returns the phase of a Pod, without a look at its ports.
func phaseOf(p *corev1.Pod) Phase {
	phase := Phase{Pod: p.Name, Phase: PhasePending}
	switch {
	case kube.AllRunning(p):
		phase.Phase = PhaseRunning
	case podstatus.IsCreating(p):
		phase.Phase, phase.Detail = PhaseCreating, podstatus.ImageBeingPulled(p)
	case p.Spec.NodeName != "":
		phase.Phase, phase.Detail = PhaseScheduled, p.Spec.NodeName
	}
	return phase
}

// completed says whether a Pod that runs once has succeeded.
func completed(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded && p.Spec.RestartPolicy != corev1.RestartPolicyAlways
}

// failure explains a finding about the Pod. o is the state that it is about.
func (b *podWaiter) failure(v podstatus.Finding, o *corev1.Pod) *podstatus.NotReadyError {
	return explain.Finding(b.ctx, b.Client, b.pod, o, v)
}

// waitingFor returns what keeps the Pod from being ready.
func (b *podWaiter) waitingFor() podstatus.Finding {
	p := b.last.Load()
	if p == nil {
		return podstatus.Finding{Why: "the cluster has not shown the Pod"}
	}
	v := b.step(p)
	if p.Status.Phase == corev1.PodRunning && v.Container == "" {
		v.Container = kube.ApplicationContainer(p)
	}
	return v
}

func (b *podWaiter) step(p *corev1.Pod) podstatus.Finding {
	if v := podstatus.Unschedulable(p); v != nil {
		return *v
	}
	if !kube.AllRunning(p) {
		phase := phaseOf(p)
		return podstatus.Finding{Why: strings.TrimSpace(
			fmt.Sprintf("the Pod is still %s %s", phase.Phase, phase.Detail))}
	}
	if !kube.IsReady(p) {
		return *podstatus.NotReady(p)
	}
	if port := b.ports.closed(); port > 0 {
		return podstatus.NotListening(p, b.pod, port)
	}
	return podstatus.Finding{Why: "it runs, and is about to be ready"}
}

// checkVolumes ends the wait for a Pod whose volumes the node can't mount. No status says so, only events,
// and the node tries again forever.
func (b *podWaiter) checkVolumes() {
	for b.watchWarnings() && pause.For(b.ctx, time.Second) {
	}
}

// watchWarnings watches the Pod's warnings until the server ends that, or does not answer, and says whether to go on.
func (b *podWaiter) watchWarnings() (again bool) {
	selector := fields.Set{"involvedObject.uid": string(b.pod.UID), "type": corev1.EventTypeWarning}
	events, err := b.Client.Stream.CoreV1().Events(b.pod.Namespace).Watch(b.ctx,
		metav1.ListOptions{FieldSelector: selector.AsSelector().String()})
	if err != nil {
		return kube.IsUnanswered(err) // else the wait goes on without it
	}
	defer events.Stop()
	for {
		select {
		case <-b.ctx.Done():
			return false
		case change, open := <-events.ResultChan():
			if !open {
				return true
			}
			event, ok := change.Object.(*corev1.Event)
			if !ok {
				continue
			}
			if v := podstatus.MountFailure(*event); v != nil {
				b.stop(b.failure(*v, nil))
				return false
			}
		}
	}
}
