// Package readiness waits until Pods serve.
//
//	w := readiness.Waiter{Client: client, Dial: dial}
//	err := w.Ready(ctx, pods, func(p readiness.Phase) { fmt.Println(p.Pod, p.Phase) })
//
// A Pod serves when its containers run, its probes succeed, and its ports accept connections. The wait
// ends early, with a [*podstatus.NotReadyError], when the Pod can't get there: package podstatus knows when, and
// explain says why.
package readiness

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/explain"
	"github.com/devloop-cli/devloop/runner/internal/pause"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// Phase is a step of a Pod on its way to serve.
type Phase struct {
	Pod    string
	Phase  string // one of the Phase… words
	Detail string // such as the node's name or the image, "" where there is nothing to add
}

// The phases, in the order in which a Pod goes through them. It may skip some.
const (
	PhasePending   = "pending"   // no node has it yet
	PhaseScheduled = "scheduled" // a node has it
	PhaseCreating  = "creating"  // the node makes its containers, for which it may pull images
	PhaseRunning   = "running"   // all containers run
	PhaseReady     = "ready"     // its probes succeed and its ports accept connections
)

// errDone is the cause of contexts that end because their work is done.
var errDone = errors.New("done")

// errReady is the cause that a watch ends with when all is well.
var errReady = errors.New("ready")

// Waiter waits for Pods of a cluster.
type Waiter struct {
	Client *cluster.Client
	Dial   tunnel.Dialer
}

// Ready waits until all containers of the Pods run, their probes succeed, and the
// ports that they name accept connections, of each container at least one. It calls phase, which may
// be nil, for each step, never from two goroutines at once.
//
// It returns a [*podstatus.NotReadyError] as soon as waiting has no point, or when ctx's
// deadline passes; when ctx is cancelled, an error that wraps its cause.
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
	for _, p := range pods {
		group.Go(func() error { return w.wait(groupCtx, p, report) })
	}
	return group.Wait()
}

// wait waits for one Pod.
func (w Waiter) wait(ctx context.Context, p kube.Pod, report func(Phase)) error {
	watchCtx, stop := context.WithCancelCause(ctx)
	defer stop(errDone)
	b := &podWaiter{Waiter: w, pod: p, reporter: report, ctx: watchCtx, stop: stop}
	defer b.background.Wait()
	defer stop(errDone)
	err := w.Client.WatchPods(watchCtx, cluster.PodWatch{Pod: &p, See: b.see})
	return b.outcome(ctx, err)
}

// podWaiter waits for one Pod.
type podWaiter struct {
	Waiter
	pod      kube.Pod
	reporter func(Phase)
	ctx      context.Context // of the watch
	stop     context.CancelCauseFunc

	last      atomic.Pointer[corev1.Pod] // the state seen last
	phase     Phase                      // reported last
	scheduled chan struct{}              // closed when a node takes the Pod, nil while none is sought
	probing   sync.Once
	// mounting starts the look at the Pod's volumes, running that at its ports.
	mounting, running sync.Once
	background        sync.WaitGroup // goroutines next to the watch
	mu                sync.Mutex
	waiting           map[int]error // ports that do not accept connections yet
}

// see looks at a state of the Pod and decides whether to go on waiting.
func (b *podWaiter) see(p *corev1.Pod, gone bool) (bool, error) {
	if !gone {
		b.last.Store(p)
	}
	if gone || p.DeletionTimestamp != nil {
		return false, b.failure(podstatus.Deleted(), p)
	}
	b.limitScheduling(p)
	if v := podstatus.Diagnose(p, b.pod.Restarts); v != nil {
		return false, b.failure(*v, p)
	}
	b.report(phaseOf(p))
	if podstatus.IsCreating(p) {
		b.mounting.Do(func() { b.background.Go(b.volumes) })
	}
	if completed(p) {
		return true, nil
	}
	if kube.AllRunning(p) {
		b.running.Do(func() { b.background.Go(b.checkOtherPorts) })
	}
	if kube.IsReady(p) {
		b.probing.Do(func() { b.background.Go(func() { b.probe(p) }) })
	}
	return false, nil
}

// report reports a phase once.
func (b *podWaiter) report(p Phase) {
	if p != b.phase {
		b.phase = p
		b.reporter(p)
	}
}

// limitScheduling ends the wait of a Pod that no node takes.
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

// minUptime is how long a container has to run that names no port and has no probe:
// nothing else tells one that serves from one that is about to fail.
const minUptime = 3 * time.Second

// uptimeReached is when a Pod's containers have run long enough, zero where something else
// tells that they serve.
func uptimeReached(p *corev1.Pod) (when time.Time) {
	for i, s := range p.Status.ContainerStatuses {
		c := podstatus.Container(p, s.Name)
		if i == 0 && c != nil && c.ReadinessProbe == nil && len(kube.PodOf(p).Ports) == 0 && s.State.Running != nil {
			when = s.State.Running.StartedAt.Add(minUptime)
		}
	}
	return when
}

// probe waits until the time has come and every port accepts connections, and ends
// the watch.
func (b *podWaiter) probe(p *corev1.Pod) {
	if !pause.For(b.ctx, time.Until(uptimeReached(p))) {
		return
	}
	b.wait(b.pod.Ports)
	group, ctx := errgroup.WithContext(b.ctx)
	for _, c := range p.Spec.Containers {
		ports := slices.DeleteFunc(slices.Clone(b.pod.Ports), func(port int) bool { return podstatus.ContainerWithPort(p, port) != c.Name })
		group.Go(func() error { return b.opens(ctx, ports, sidePorts(c), c.ReadinessProbe != nil) })
	}
	rest := slices.DeleteFunc(slices.Clone(b.pod.Ports), func(port int) bool { return podstatus.ContainerWithPort(p, port) != "" })
	group.Go(func() error { return b.opens(ctx, rest, nil, false) })
	if group.Wait() == nil {
		b.stop(errReady)
	}
}

// errUnopened is the cause that the wait for a port ends with which nobody has to open.
var errUnopened = errors.New("the container serves without it")

// opens waits until ports of one container accept connections. Kubernetes takes a containerPort for
// information, and manifests name some that nobody opens, such as a debugger's or that
// of metrics: once the container serves, by its probe or at one of its ports, the others have
// a last moment to open. One that only accepts connections, or is a side port, does not say that it serves:
// agents of the JVM open theirs long before the application does.
func (b *podWaiter) opens(ctx context.Context, ports, side []int, serves bool) error {
	waitCtx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(errDone)
	var others *time.Timer
	var once sync.Once
	moment := func() {
		once.Do(func() { others = time.AfterFunc(minUptime, func() { giveUp(errUnopened) }) })
	}
	if serves {
		moment()
	}
	var group errgroup.Group
	for _, port := range ports {
		group.Go(func() error {
			spoke, err := b.answers(waitCtx, port)
			switch {
			case err == nil && spoke && !slices.Contains(side, port):
				moment()
			case err == nil:
			case !errors.Is(context.Cause(waitCtx), errUnopened):
				return err
			}
			b.answered(port)
			return nil
		})
	}
	err := group.Wait()
	if others != nil {
		others.Stop()
	}
	return err
}

// sideNumbers and sideNames tell ports that are beside what an application serves: those of
// debuggers, JMX, Jolokia and Prometheus.
var (
	sideNumbers = []int{1099, 5005, 8778, 9404, 9779}
	sideNames   = regexp.MustCompile(`(?i)debug|jdwp|jmx|jolokia|prometheus|metrics|management|actuator`)
)

func sidePorts(c corev1.Container) (side []int) {
	for _, port := range c.Ports {
		if number := int(port.ContainerPort); slices.Contains(sideNumbers, number) || sideNames.MatchString(port.Name) {
			side = append(side, number)
		}
	}
	return side
}

// answers waits until a port accepts connections.
func (b *podWaiter) answers(ctx context.Context, port int) (spoke bool, err error) {
	prober := tunnel.Prober{Dial: b.Dial, Pod: b.pod}
	defer prober.Close()
	return prober.Wait(ctx, port, func(failure error) { b.failed(port, failure) })
}

func (b *podWaiter) failed(port int, failure error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting[port] = failure
}

func (b *podWaiter) answered(port int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.waiting, port)
}

// wait notes that nothing is known of the ports yet.
func (b *podWaiter) wait(ports []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = map[int]error{}
	for _, port := range ports {
		b.waiting[port] = nil
	}
}

// checkOtherPorts ends the wait for a port on which nobody listens while the application
// listens on others.
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
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return b.failure(b.waitingFor(), b.last.Load()).Timeout(context.Cause(ctx))
	case ctx.Err() != nil:
		return fmt.Errorf("wait for pod %q: %w", b.pod.Name, context.Cause(ctx))
	default:
		return err
	}
}

// phaseOf says how far a Pod has come, its ports background.
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

// completed says whether a Pod that was to run once has done so.
func completed(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded && p.Spec.RestartPolicy != corev1.RestartPolicyAlways
}

// failure explains a finding about the Pod. o is the Pod as the finding saw it.
func (b *podWaiter) failure(v podstatus.Finding, o *corev1.Pod) *podstatus.NotReadyError {
	return explain.Finding(b.ctx, b.Client, b.pod, o, v)
}

// waitingFor is what the Pod has not got past.
func (b *podWaiter) waitingFor() podstatus.Finding {
	p := b.last.Load()
	if p == nil {
		return podstatus.Finding{Why: "the cluster has not shown the Pod"}
	}
	v := b.step(p)
	if p.Status.Phase == corev1.PodRunning && v.Container == "" && len(p.Spec.Containers) > 0 {
		v.Container = p.Spec.Containers[0].Name
	}
	return v
}

// step is the step on the Pod's way that it has not taken.
func (b *podWaiter) step(p *corev1.Pod) podstatus.Finding {
	if v := podstatus.Unschedulable(p); v != nil {
		return *v
	}
	if !kube.AllRunning(p) {
		phase := phaseOf(p)
		return podstatus.Finding{Why: strings.TrimSpace(fmt.Sprintf("the Pod is still %s %s", phase.Phase, phase.Detail))}
	}
	if !kube.IsReady(p) {
		return *podstatus.NotReady(p)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, port := range b.pod.Ports {
		if _, waits := b.waiting[port]; waits {
			return podstatus.NotListening(p, b.pod, port)
		}
	}
	return podstatus.Finding{Why: "it runs, and is about to be ready"}
}

// volumes ends the wait for a Pod that the node can't prepare. That stands in no
// status: the node says so in events, and tries again for ever.
func (b *podWaiter) volumes() {
	selector := fields.Set{"involvedObject.uid": string(b.pod.UID), "type": corev1.EventTypeWarning}
	events, err := b.Client.Stream.CoreV1().Events(b.pod.Namespace).Watch(b.ctx, metav1.ListOptions{FieldSelector: selector.AsSelector().String()})
	if err != nil {
		return // the wait goes on without it
	}
	defer events.Stop()
	for {
		select {
		case <-b.ctx.Done():
			return
		case change, open := <-events.ResultChan():
			if !open {
				return
			}
			event, ok := change.Object.(*corev1.Event)
			if !ok {
				continue
			}
			if v := podstatus.MountFailure(*event); v != nil {
				b.stop(b.failure(*v, nil))
				return
			}
		}
	}
}
