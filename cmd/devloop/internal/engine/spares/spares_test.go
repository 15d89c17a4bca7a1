package spares

import (
	"context"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan/plantest"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/kube"
	runner "github.com/devloop-cli/devloop/runner/supervisor"
)

// pods have a spare JVM, or say why not: one answer for each question, the last one for all further ones.
type pods struct {
	answers       []runner.Spare
	asked, paused int
}

func (p *pods) Spare(context.Context, kube.Pod, int, runner.Room) (runner.Spare, error) {
	p.asked++
	return p.answers[min(p.asked, len(p.answers))-1], nil
}

func (p *pods) PauseSpares(ctx context.Context, _ kube.Pod, _ int) error {
	p.paused++
	return ctx.Err()
}

// said keeps what is published.
type said []event.SpareJVM

func (s *said) Handle(e event.Event) { *s = append(*s, e.Body.(event.SpareJVM)) }

// TestSparesArePreparedWhereTheApplicationCanUseThem keeps spares for some time. What is known is not published again,
// and a Pod that can't have a spare is not asked again.
func TestSparesArePreparedWhereTheApplicationCanUseThem(t *testing.T) {
	t.Parallel()
	ready, supervised := runner.Spare{Ready: true, Note: "ready with 180 MB"}, image.Report{Supervised: true}
	second := runner.Spare{Ready: true, Preparing: true, Note: "ready with 180 MB"}
	empty := plantest.State(nil)
	properties := plantest.State(map[string][]byte{"spring.properties": nil})
	for name, c := range map[string]struct {
		report  image.Report
		code    plan.State
		answers []runner.Spare
		asked   int
		want    said
	}{
		"in two steps":    {supervised, empty, []runner.Spare{{Preparing: true}, second, ready}, 5, said{{Pod: "app", Ready: true}}},
		"ready":           {supervised, empty, []runner.Spare{ready}, 3, said{{Pod: "app", Ready: true}}},
		"none":            {supervised, empty, []runner.Spare{{Note: "no room"}}, 1, said{{Pod: "app", Why: "no room"}}},
		"ended":           {supervised, empty, []runner.Spare{ready, {Note: "no room"}}, 2, said{{Pod: "app", Ready: true}, {Pod: "app", Why: "no room"}}},
		"starting":        {supervised, empty, []runner.Spare{{}}, 1, nil},
		"not supervised":  {image.Report{}, empty, nil, 0, nil},
		"needs a new JVM": {supervised, properties, nil, 0, said{{Pod: "app", Why: "a library may read spring.properties when it is loaded"}}},
		"turned off":      {image.Report{Supervised: true, NoSpareReason: "turned off"}, empty, nil, 0, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			var got said
			p := &pods{answers: c.answers}
			idle, busy := context.WithTimeout(t.Context(), 2*interval+interval/2)
			defer busy()
			Keeper{Pods: p, Events: publish.New(event.NewBus(&got))}.Keep(idle, deployed(c.report, c.code))
			time.Sleep(3 * interval)
			if p.asked != c.asked || p.paused != 0 || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: asked %d times, said %+v", name, p.asked, got)
			}
		})
	}
}

// deployed is a deployment of one Pod.
func deployed(report image.Report, code plan.State) *state.Deployment {
	return &state.Deployment{Image: image.Image{ID: v1.Hash{Hex: "a"}, Report: report}, Pods: []kube.Pod{{Name: "app"}},
		Code: state.Code{Kind: state.InImage, State: code}}
}

// TestSaveStopsThePreparation has a save come while a spare is being prepared: the first one, and the second.
func TestSaveStopsThePreparation(t *testing.T) {
	t.Parallel()
	for _, preparing := range []runner.Spare{{Preparing: true},
		{Ready: true, Preparing: true, Note: "ready with 180 MB"}} {
		synctest.Test(t, func(t *testing.T) {
			p := &pods{answers: []runner.Spare{preparing}}
			idle, busy := context.WithTimeout(t.Context(), time.Second)
			defer busy()
			Keeper{Pods: p, Events: publish.New(event.NewBus(new(said)))}.Keep(idle,
				deployed(image.Report{Supervised: true}, plantest.State(nil)))
			if p.asked != 4 || p.paused != 1 {
				t.Errorf("%+v: asked %d times, paused %d times", preparing, p.asked, p.paused)
			}
		})
	}
}
