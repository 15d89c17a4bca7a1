package readiness

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// minUptime is how long a container must run that names no port and has no probe. Nothing else tells
// whether it serves or is about to fail.
const minUptime = 3 * time.Second

// uptimeLeft returns how much longer a Pod's first container must run, 0 if a port or a probe tells that it
// serves. now is by the cluster's clock.
func uptimeLeft(p *corev1.Pod, now time.Time) time.Duration {
	if pod := kube.PodOf(p); len(p.Status.ContainerStatuses) == 0 || len(pod.Ports) > len(pod.Debug) {
		return 0
	}
	s := p.Status.ContainerStatuses[0]
	if c := kube.Container(p, s.Name); c == nil || c.ReadinessProbe != nil || s.State.Running == nil {
		return 0
	}
	return min(minUptime, s.State.Running.StartedAt.Add(minUptime).Sub(now))
}

// portWait waits for the ports of one Pod.
type portWait struct {
	dial tunnel.Dialer
	pod  kube.Pod

	mu      sync.Mutex
	waiting []int // ports that do not accept connections yet
}

func newPortWait(dial tunnel.Dialer, p kube.Pod) *portWait { return &portWait{dial: dial, pod: p} }

// await waits until every container has served for long enough, or accepts connections. now is by the cluster's clock.
func (w *portWait) await(ctx context.Context, p *corev1.Pod, now time.Time) error {
	if !pause.For(ctx, uptimeLeft(p, now)) {
		return context.Cause(ctx)
	}
	w.mu.Lock()
	w.waiting = slices.Clone(w.pod.Ports)
	w.mu.Unlock()
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range p.Spec.Containers {
		group.Go(func() error {
			return w.container(ctx, w.portsOf(p, c.Name), sidePorts(c), c.ReadinessProbe)
		})
	}
	group.Go(func() error { return w.container(ctx, w.portsOf(p, ""), nil, nil) })
	return group.Wait()
}

// portsOf returns the ports of a container, those of no container for "".
func (w *portWait) portsOf(p *corev1.Pod, container string) []int {
	return slices.DeleteFunc(slices.Clone(w.pod.Ports),
		func(port int) bool { return podstatus.ContainerWithPort(p, port) != container })
}

// closed returns a port that does not accept connections yet, 0 for none.
func (w *portWait) closed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting) == 0 {
		return 0
	}
	return w.waiting[0]
}

// errUnopened is the cause that ends the wait for a port that need not open.
var errUnopened = errors.New("the container serves without it")

// container waits until ports of one container accept connections. To Kubernetes a containerPort is mere
// information, and manifests name some that never open, such as a debugger's or that of metrics. So
// once the container serves, according to its probe or at one of its ports, the others have minUptime left to
// open. A port that accepts connections but says nothing does not prove that the container serves, nor
// does a side port: agents of the JVM open theirs long before the application does. Where the supervisor has restarted
// the application, the probe's word counts once it would have failed.
func (w *portWait) container(ctx context.Context, ports, side []int, probe *corev1.Probe) error {
	waitCtx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(errDone)
	limitOthers := sync.OnceFunc(func() {
		limit := time.AfterFunc(minUptime, func() { giveUp(errUnopened) })
		context.AfterFunc(waitCtx, func() { limit.Stop() })
	})
	switch {
	case probe != nil && w.pod.Restarted:
		certain := time.AfterFunc(noticed(probe), limitOthers)
		defer certain.Stop()
	case probe != nil:
		limitOthers()
	}
	var group errgroup.Group
	for _, port := range ports {
		group.Go(func() error {
			spoke, err := w.port(waitCtx, port)
			switch {
			case err == nil && spoke && !slices.Contains(side, port):
				limitOthers()
			case err != nil && !errors.Is(context.Cause(waitCtx), errUnopened):
				return err
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.waiting = slices.DeleteFunc(w.waiting, func(p int) bool { return p == port })
			return nil
		})
	}
	return group.Wait()
}

// noticed returns how long the kubelet may take to notice that a container does not serve any more.
func noticed(p *corev1.Probe) time.Duration {
	// the API server's defaults
	each := time.Duration(cmp.Or(p.PeriodSeconds, 10)+cmp.Or(p.TimeoutSeconds, 1)) * time.Second
	return each * time.Duration(cmp.Or(p.FailureThreshold, 3))
}

// port waits until a port accepts connections, and says whether the application spoke.
func (w *portWait) port(ctx context.Context, port int) (spoke bool, err error) {
	prober := tunnel.Prober{Dial: w.dial, Pod: w.pod}
	defer prober.Close()
	return prober.Wait(ctx, port)
}

// sideNumbers and sideNames recognize ports of debuggers, JMX, Jolokia and Prometheus.
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
