package runner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/internal/pause"
	"github.com/devloop-cli/devloop/runner/kube"
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

// schedulePatience is how long a Pod may find no node before that is an error. The
// scheduler says "unschedulable" while a node is starting, or a Pod is going, too.
const schedulePatience = 10 * time.Second

// errReady is the cause that a watch ends with when all is well.
var errReady = errors.New("ready")

// Ready waits until all containers of the Pods run, their probes succeed, and the
// ports that they name accept connections, of each container at least one. phase, which may be nil, is told of
// each step, never by two goroutines at once.
//
// It returns a [*NotReadyError] as soon as waiting has no point, or when ctx's
// deadline passes; when ctx is cancelled, an error that wraps its cause.
func (r *Runner) Ready(ctx context.Context, pods []Pod, phase func(Phase)) error {
	group, groupCtx := errgroup.WithContext(ctx)
	var one sync.Mutex
	tell := func(p Phase) {
		one.Lock()
		defer one.Unlock()
		if phase != nil && groupCtx.Err() == nil {
			phase(p)
		}
	}
	for _, p := range pods {
		group.Go(func() error { return r.podReady(groupCtx, p, tell) })
	}
	return group.Wait()
}

// podReady waits for one Pod.
func (r *Runner) podReady(ctx context.Context, p Pod, tell func(Phase)) error {
	watchCtx, stop := context.WithCancelCause(ctx)
	defer stop(errStopped)
	b := &birth{r: r, pod: p, tell: tell, ctx: watchCtx, stop: stop}
	defer b.aside.Wait()
	defer stop(errStopped)
	err := r.WatchPods(watchCtx, cluster.PodWatch{Pod: &p, See: b.see})
	return b.verdict(ctx, err)
}

// birth is a Pod on its way to serve.
type birth struct {
	r    *Runner
	pod  Pod
	tell func(Phase)
	ctx  context.Context // of the watch
	stop context.CancelCauseFunc

	last   atomic.Pointer[corev1.Pod] // the state seen last
	phase  Phase                      // told last
	lonely chan struct{}              // closed when a node takes the Pod, nil while none is sought
	once   sync.Once
	// mounting starts the look at the Pod's volumes, running that at its ports.
	mounting, running sync.Once
	aside             sync.WaitGroup // goroutines next to the watch
	mu                sync.Mutex
	waiting           map[int]error // ports that do not accept connections yet
}

// see looks at a state of the Pod and decides whether to go on waiting.
func (b *birth) see(p *corev1.Pod, gone bool) (bool, error) {
	if !gone {
		b.last.Store(p)
	}
	if gone || p.DeletionTimestamp != nil {
		return false, b.failure(verdictGone(p), p)
	}
	b.patience(p)
	if v := diagnose(p, b.pod.Restarts); v != nil {
		return false, b.failure(*v, p)
	}
	b.told(phaseOf(p))
	if isPulling(p) {
		b.mounting.Do(func() { b.aside.Go(b.volumes) })
	}
	if completed(p) {
		return true, nil
	}
	if kube.AllRunning(p) {
		b.running.Do(func() { b.aside.Go(b.elsewhere) })
	}
	if kube.IsReady(p) {
		b.once.Do(func() { b.aside.Go(func() { b.probe(p) }) })
	}
	return false, nil
}

// told tells a phase unless it was told last.
func (b *birth) told(p Phase) {
	if p != b.phase {
		b.phase = p
		b.tell(p)
	}
}

// patience ends the wait of a Pod that no node takes.
func (b *birth) patience(p *corev1.Pod) {
	v := unschedulable(p)
	switch {
	case v == nil && b.lonely != nil:
		close(b.lonely)
		b.lonely = nil
	case v != nil && b.lonely == nil:
		found := make(chan struct{})
		b.lonely = found
		b.aside.Go(func() {
			select {
			case <-b.ctx.Done():
			case <-found:
			case <-time.After(schedulePatience):
				b.stop(b.failure(*v, p))
			}
		})
	}
}

// settling is how long a container has to run that names no port and has no probe:
// nothing else tells one that serves from one that is about to fail.
const settling = 3 * time.Second

// settled is when a Pod's containers have run long enough, zero where something else
// tells that they serve.
func settled(p *corev1.Pod) (when time.Time) {
	for i, s := range p.Status.ContainerStatuses {
		c := containerOf(p, s.Name)
		if i == 0 && c != nil && c.ReadinessProbe == nil && len(kube.PodOf(p).Ports) == 0 && s.State.Running != nil {
			when = s.State.Running.StartedAt.Add(settling)
		}
	}
	return when
}

// probe waits until the time has come and every port accepts connections, and ends
// the watch.
func (b *birth) probe(p *corev1.Pod) {
	if !pause.For(b.ctx, time.Until(settled(p))) {
		return
	}
	b.wait(b.pod.Ports)
	group, ctx := errgroup.WithContext(b.ctx)
	for _, c := range p.Spec.Containers {
		ports := slices.DeleteFunc(slices.Clone(b.pod.Ports), func(port int) bool { return containerWith(p, port) != c.Name })
		group.Go(func() error { return b.opens(ctx, ports, sidePorts(c), c.ReadinessProbe != nil) })
	}
	rest := slices.DeleteFunc(slices.Clone(b.pod.Ports), func(port int) bool { return containerWith(p, port) != "" })
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
func (b *birth) opens(ctx context.Context, ports, side []int, serves bool) error {
	waitCtx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(errStopped)
	var others *time.Timer
	var once sync.Once
	moment := func() {
		once.Do(func() { others = time.AfterFunc(settling, func() { giveUp(errUnopened) }) })
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
func (b *birth) answers(ctx context.Context, port int) (spoke bool, err error) {
	prober := tunnel.Prober{Dial: b.r.dial, Pod: b.pod}
	defer prober.Close()
	return prober.Wait(ctx, port, func(failure error) { b.failed(port, failure) })
}

func (b *birth) failed(port int, failure error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting[port] = failure
}

func (b *birth) answered(port int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.waiting, port)
}

// wait notes that nothing is known of the ports yet.
func (b *birth) wait(ports []int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = map[int]error{}
	for _, port := range ports {
		b.waiting[port] = nil
	}
}

// portPatience is how long a Pod may run before it is looked where its application
// listens, if it is not ready. What two such looks find is no start under way.
const portPatience = 10 * time.Second

// elsewhere ends the wait for a port on which nobody listens while the application
// listens on others.
func (b *birth) elsewhere() {
	before := ""
	for pause.For(b.ctx, portPatience) {
		found := b.failure(b.stillWaiting(), b.last.Load())
		if found.code != codePort {
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

// verdict turns the end of the watch into Ready's result.
func (b *birth) verdict(ctx context.Context, err error) error {
	cause := context.Cause(b.ctx)
	var notReady *NotReadyError
	switch {
	case err == nil, errors.Is(cause, errReady) && ctx.Err() == nil:
		b.told(Phase{Pod: b.pod.Name, Phase: PhaseReady})
		return nil
	case errors.As(err, &notReady), errors.As(cause, &notReady):
		return notReady
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return b.timeout(context.Cause(ctx))
	case ctx.Err() != nil:
		return fmt.Errorf("wait for pod %q: %w", b.pod.Name, context.Cause(ctx))
	default:
		return err
	}
}

// phaseOf says how far a Pod has come, its ports aside.
func phaseOf(p *corev1.Pod) Phase {
	phase := Phase{Pod: p.Name, Phase: PhasePending}
	switch {
	case kube.AllRunning(p):
		phase.Phase = PhaseRunning
	case isPulling(p):
		phase.Phase, phase.Detail = PhaseCreating, waitingImage(p)
	case p.Spec.NodeName != "":
		phase.Phase, phase.Detail = PhaseScheduled, p.Spec.NodeName
	}
	return phase
}

// isPulling says whether a container of the Pod waits for its image or its making.
func isPulling(p *corev1.Pod) bool { return waitingImage(p) != "" }

func waitingImage(p *corev1.Pod) string {
	for _, s := range append(slices.Clone(p.Status.InitContainerStatuses), p.Status.ContainerStatuses...) {
		if w := s.State.Waiting; w != nil && w.Reason == "ContainerCreating" {
			return s.Image
		}
	}
	return ""
}

// completed says whether a Pod that was to run once has done so.
func completed(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded && p.Spec.RestartPolicy != corev1.RestartPolicyAlways
}
