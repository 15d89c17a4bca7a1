package engine

import (
	"context"
	"reflect"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/supervisor"
)

// sparing has Pods that prepare a spare JVM, or say why not.
type sparing struct {
	fakes
	spare supervisor.Spare
	asked int
}

func (f *sparing) Spare(context.Context, kube.Pod, int) (supervisor.Spare, error) {
	f.asked++
	return f.spare, nil
}

func TestSparesArePreparedWhereTheApplicationCanUseThem(t *testing.T) {
	t.Parallel()
	ready := supervisor.Spare{Ready: true, Note: "ready with 180 MB"}
	for name, c := range map[string]struct {
		report image.Report
		code   plan.State
		spare  supervisor.Spare
		asked  int
		said   []event.SpareJVM
	}{
		"ready":          {image.Report{Supervised: true}, stateOf(), ready, 2, []event.SpareJVM{{Pod: "app", Ready: true}}},
		"none":           {image.Report{Supervised: true}, stateOf(), supervisor.Spare{Note: "no room"}, 2, []event.SpareJVM{{Pod: "app", Why: "no room"}}},
		"starting":       {image.Report{Supervised: true}, stateOf(), supervisor.Spare{}, 2, nil},
		"not supervised": {image.Report{}, stateOf(), ready, 0, nil},
		"turned off":     {image.Report{Supervised: true, NoSpareReason: "turned off"}, stateOf(), ready, 0, nil},
		"needs a new JVM": {image.Report{Supervised: true}, stateOf("spring.properties", ""), ready, 0,
			[]event.SpareJVM{{Why: "a library may read spring.properties when it is loaded"}}},
	} {
		f := &sparing{fakes: fakes{port: 8080}, spare: c.spare}
		l, r := newTestSession(f)
		img := image.Image{ID: v1.Hash{Hex: "a"}, Ref: "app:devloop-1", Report: c.report}
		pod := kube.Pod{Name: "app", UID: "app", Image: img.Ref}
		l.become(l.events, state.State{}.Promoted(state.Deployment{Image: img, Pods: []kube.Pod{pod}, Code: state.Code{Kind: state.InImage, State: c.code}}))
		l.prepareSpares(t.Context())
		l.prepareSpares(t.Context()) // what it says it says once
		var said []event.SpareJVM
		for _, e := range r.events {
			if b, ok := e.Body.(event.SpareJVM); ok {
				said = append(said, b)
			}
		}
		if f.asked != c.asked || !reflect.DeepEqual(said, c.said) {
			t.Errorf("%s: asked %d times, said %+v", name, f.asked, said)
		}
	}
}
