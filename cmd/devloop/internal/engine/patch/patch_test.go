package patch

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan/plantest"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/supervisor"
)

// cluster records what Pods are asked, and refuses by the name of a Pod.
type cluster struct {
	mu      sync.Mutex
	asked   []string
	refuses map[string]error
}

func (c *cluster) note(pod kube.Pod, format string, args ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, pod.Name+": "+fmt.Sprintf(format, args...))
	return c.refuses[pod.Name]
}

func (c *cluster) Change(_ context.Context, p kube.Pod, port int, change supervisor.Change) (kube.Pod, error) {
	err := c.note(p, "change at %d to %.4s, restart %v, %d files: %s", port, change.State, change.Restart,
		len(change.Files), change.Summary)
	p.UID = "changed"
	return p, err
}

func (c *cluster) Confirm(_ context.Context, p kube.Pod, port int, state, was string) error {
	return c.note(p, "confirm %.4s at %d, it had %s", state, port, was)
}

func (c *cluster) Note(_ context.Context, p kube.Pod, summary string) error {
	return c.note(p, "note %s", summary)
}

func (c *cluster) Living(_ context.Context, pods []kube.Pod) ([]kube.Pod, error) {
	return slices.DeleteFunc(slices.Clone(pods), func(p kube.Pod) bool { return c.refuses[p.Name] != nil }),
		c.refuses[""]
}

func (c *cluster) redefine(_ context.Context, p kube.Pod, classes map[string][]byte, loadedOnly bool,
	ready func() error) error {
	if err := ready(); err != nil {
		return err
	}
	for name := range classes {
		if err := c.note(p, "redefine %s, loaded only: %v", name, loadedOnly); err != nil {
			return err
		}
	}
	return nil
}

func code(files map[string]string) plan.State {
	own := map[string][]byte{}
	for path, text := range files {
		own[path] = []byte(text)
	}
	return plantest.State(own)
}

// patched plays a change of a class and a page in a Deployment of two Pods beside a database.
func patched(t *testing.T, supervised bool, do func(Patcher, state.Deployment, plan.State, map[string][]byte) error,
	refuses map[string]error) ([]string, plan.State, error) {
	t.Helper()
	before, after := code(map[string]string{"a/B.class": "1", "static/a.css": "1"}),
		code(map[string]string{"a/B.class": "2", "static/a.css": "2"})
	img := image.Image{Ref: "app:1"}
	img.Report.Supervised = supervised
	d := state.Deployment{Image: img, Built: before, Code: state.Code{Kind: state.InImage, State: before},
		Pods: []kube.Pod{{Name: "a", Image: img.Ref}, {Name: "db", Image: "postgres"}, {Name: "b", Image: img.Ref}}}
	c := &cluster{refuses: refuses}
	err := do(Patcher{Pods: c, Redefine: c.redefine}, d, after, changes(t, before, after))
	slices.Sort(c.asked)
	return c.asked, after, err
}

func swap(p Patcher, d state.Deployment, after plan.State, files map[string][]byte) error {
	return p.Swap(context.Background(), d, after, files)
}

func TestSwapSendsFilesToSupervisorsAndClassesToJVMs(t *testing.T) {
	t.Parallel()
	asked, after, err := patched(t, true, swap, nil)
	change := fmt.Sprintf("change at 17654 to %.4s, restart false, 2 files: 1 class and 1 resource", after.Name)
	want := []string{"a: " + change, "a: redefine a/B, loaded only: false", "b: " + change,
		"b: redefine a/B, loaded only: false"}
	if err != nil || !reflect.DeepEqual(asked, want) {
		t.Errorf("got %q, %v, want %q", asked, err, want)
	}
}

// A JVM gets a class in the form that goes with what it runs; a class that is gone has none.
func TestSwapSendsClassesAsTheyAreLoaded(t *testing.T) {
	t.Parallel()
	before := code(map[string]string{"a/B.class": "1", "a/C.class": "1"})
	after := code(map[string]string{"a/B.class": "2"}).WithLoaded(
		map[string][]byte{"a/B.class": []byte("adapted"), "a/C.class": []byte("1")})
	img := image.Image{Ref: "app:1"}
	img.Report.Supervised = true
	got := map[string][]byte{}
	p := Patcher{Pods: &cluster{},
		Redefine: func(_ context.Context, _ kube.Pod, classes map[string][]byte, _ bool, ready func() error) error {
			got = classes
			return ready()
		}}
	d := state.Deployment{Image: img, Built: before, Code: state.Code{Kind: state.InImage, State: before},
		Pods: []kube.Pod{{Name: "a", Image: img.Ref}}}
	if err := p.Swap(t.Context(), d, after, changes(t, before, after)); err != nil ||
		!reflect.DeepEqual(got, map[string][]byte{"a/B": []byte("adapted")}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSwapWithoutASupervisorNotesTheChangeAndNeedsLoadedClasses(t *testing.T) {
	t.Parallel()
	asked, _, err := patched(t, false, swap, nil)
	want := []string{"a: note 1 class and 1 resource", "a: redefine a/B, loaded only: true",
		"b: note 1 class and 1 resource", "b: redefine a/B, loaded only: true"}
	if err != nil || !reflect.DeepEqual(asked, want) {
		t.Errorf("got %q, %v, want %q", asked, err, want)
	}
}

func TestNoJVMLooksForClassesIfAPodRefusesTheFiles(t *testing.T) {
	t.Parallel()
	for _, supervised := range []bool{true, false} {
		asked, _, err := patched(t, supervised, swap,
			map[string]error{"b": fmt.Errorf("pod b: %w", supervisor.ErrUnsupervised)})
		if !errors.Is(err, supervisor.ErrUnsupervised) || strings.Contains(strings.Join(asked, ""), "redefine") {
			t.Errorf("supervised %v: got %v after %q", supervised, err, asked)
		}
	}
}

func TestRestartReturnsThePodsThatChanged(t *testing.T) {
	t.Parallel()
	restart := func(p Patcher, d state.Deployment, after plan.State, files map[string][]byte) error {
		pods, err := p.Restart(context.Background(), d, after, files, nil, false)
		if pods[0].UID != "changed" || pods[1].UID != "" || pods[2].UID != "changed" {
			return fmt.Errorf("the Pods are %+v", pods)
		}
		now := d
		now.Code.State = after
		return errors.Join(err, p.Confirm(context.Background(), now, d))
	}
	asked, after, err := patched(t, true, restart, nil)
	change, prove := fmt.Sprintf("change at 17654 to %.4s, restart true, 2 files: 1 class and 1 resource", after.Name),
		fmt.Sprintf("confirm %.4s at 17654, it had ", after.Name)
	want := []string{"a: " + change, "a: " + prove, "b: " + change, "b: " + prove}
	if err != nil || !reflect.DeepEqual(asked, want) {
		t.Errorf("got %q, %v, want %q", asked, err, want)
	}
}

func TestPodsAreGoneIfOthersAreLeft(t *testing.T) {
	t.Parallel()
	of := kube.Ref{Kind: "Deployment", Name: "app"}
	pods := []kube.Pod{{Name: "a", UID: "a", Of: of}, {Name: "b", UID: "b", Of: of}, {Name: "db", UID: "db"}}
	away := errors.New("away")
	for name, c := range map[string]struct {
		refuses map[string]error
		want    []kube.Pod
	}{
		"none":                 {nil, nil},
		"one":                  {map[string]error{"b": away}, pods[1:2]},
		"all":                  {map[string]error{"a": away, "b": away, "db": away}, nil},
		"one that stays away":  {map[string]error{"b": away, "db": away}, nil},
		"that cannot be known": {map[string]error{"b": away, "": away}, nil},
	} {
		if got := (Patcher{Pods: &cluster{refuses: c.refuses}}).Gone(t.Context(), pods); !slices.EqualFunc(got, c.want,
			func(a, b kube.Pod) bool { return a.UID == b.UID }) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func changes(t *testing.T, before, after plan.State) map[string][]byte {
	t.Helper()
	return must.Get(plan.Changes(before, after))(t)
}
