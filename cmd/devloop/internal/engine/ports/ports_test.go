package ports

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
)

// countingPort counts what it is asked to do.
type countingPort struct {
	Port
	number                  int
	paused, drained, closed atomic.Int32
	unavailable             localport.Unavailable
	err                     error
}

func (p *countingPort) Number() int                              { return p.number }
func (p *countingPort) Pause(context.Context)                    { p.paused.Add(1) }
func (p *countingPort) Drain(context.Context)                    { p.drained.Add(1) }
func (p *countingPort) SetUnavailable(why localport.Unavailable) { p.unavailable = why }
func (p *countingPort) Close() error                             { p.closed.Add(1); return p.err }

func TestSetActsOnAllPorts(t *testing.T) {
	t.Parallel()
	busy := errors.New("busy")
	a, b := &countingPort{number: 8080, err: busy}, &countingPort{number: 8081}
	set := Set{{Port: a, To: kube.Endpoint{Port: 80}}, {Port: b, To: kube.Endpoint{Port: 81}}}
	set.Pause(t.Context())
	set.Drain(t.Context())
	set.Fail(event.Failure{Message: "gone", Hints: []string{"press r"}})
	for _, p := range []*countingPort{a, b} {
		if p.paused.Load() != 1 || p.drained.Load() != 1 || p.unavailable.Reason != "gone" ||
			len(p.unavailable.Hints) != 1 {
			t.Errorf("port %d: paused %d times, drained %d times, %+v", p.number, p.paused.Load(),
				p.drained.Load(), p.unavailable)
		}
	}
	if set.At(kube.Endpoint{Port: 81}) != b || set.At(kube.Endpoint{Port: 82}) != nil {
		t.Error("an endpoint has the port of another one")
	}
	if err := set.Close(); !errors.Is(err, busy) || a.closed.Load() != 1 || b.closed.Load() != 1 || len(set) > 0 {
		t.Errorf("got %v; %d ports are left", err, len(set))
	}
}

func TestNumberThatTheSetHoldsIsLeftOutUnlessTheUserWantsIt(t *testing.T) {
	t.Parallel()
	set := Set{{Port: &countingPort{number: 8080}}, {Port: &countingPort{number: 8081}}}
	if got := set.Free(localport.Options{Local: 8080}); got.Local != 8082 {
		t.Errorf("got %d, want 8082", got.Local)
	}
	if got := set.Free(localport.Options{Local: 8080, Strict: true}); got.Local != 8080 {
		t.Errorf("asked for: got %d, want 8080", got.Local)
	}
}

func TestPodOfAnEndpointIsFoundByItsPlace(t *testing.T) {
	t.Parallel()
	of := kube.Ref{Kind: "Deployment", Name: "web"}
	pods := []kube.Pod{{Name: "web-a", Of: of, Ports: []int{80, 81}},
		{Name: "web-b", Of: of, Index: 1, Ports: []int{80}}}
	if got := PodOf(pods, kube.Endpoint{Of: of, Index: 1, Port: 80}); got == nil || got.Name != "web-b" {
		t.Errorf("got %v", got)
	}
	if got := PodOf(pods, kube.Endpoint{Of: of, Index: 2}); got != nil {
		t.Errorf("got %v for a Pod that is not there", got)
	}
	if got := Offered(pods); len(got) != 3 {
		t.Errorf("the Pods offer %v", got)
	}
}
