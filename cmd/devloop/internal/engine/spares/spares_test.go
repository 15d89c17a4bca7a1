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
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/kube"
	runner "github.com/devloop-cli/devloop/runner/supervisor"
)

// pods have a spare JVM, or say why not: one answer for each question, the last one for all further ones.
type pods struct {
	answers []runner.Spare
	asked   int
}

func (p *pods) Spare(context.Context, kube.Pod, int, runner.Room) (runner.Spare, error) {
	p.asked++
	return p.answers[min(p.asked, len(p.answers))-1], nil
}

// said keeps what is published.
type said []event.SpareJVM

func (s *said) Handle(e event.Event) { *s = append(*s, e.Body.(event.SpareJVM)) }

// TestSparesArePreparedWhereTheApplicationCanUseThem keeps spares for some time. What is known is not published again, and
// a Pod that can't have a spare is not asked again.
func TestSparesArePreparedWhereTheApplicationCanUseThem(t *testing.T) {
	t.Parallel()
	ready, supervised := runner.Spare{Ready: true, Note: "ready with 180 MB"}, image.Report{Supervised: true}
	empty := plan.NewState(plan.InMemory(nil), nil)
	properties := plan.NewState(plan.InMemory(map[string][]byte{"spring.properties": nil}), nil)
	for name, c := range map[string]struct {
		report  image.Report
		code    plan.State
		answers []runner.Spare
		asked   int
		want    said
	}{
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
			d := &state.Deployment{Image: image.Image{ID: v1.Hash{Hex: "a"}, Report: c.report}, Pods: []kube.Pod{{Name: "app"}}, Code: state.Code{Kind: state.InImage, State: c.code}}
			Keeper{Pods: p, Events: publish.New(event.NewBus(&got))}.Keep(idle, d)
			time.Sleep(3 * interval)
			if p.asked != c.asked || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: asked %d times, said %+v", name, p.asked, got)
			}
		})
	}
}
