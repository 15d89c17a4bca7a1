package engine

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan/plantest"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/state"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/supervisor"
	"github.com/devloop-cli/devloop/watch"
)

// stateOf is what an application consists of: path, text, path, text…
func stateOf(files ...string) plan.State {
	own := map[string][]byte{}
	for i := 0; i < len(files); i += 2 {
		own[files[i]] = []byte(files[i+1])
	}
	return plantest.State(own)
}

// taking is a project whose jar is real, and whose Pods take changes or refuse them.
type taking struct {
	fakes
	jar     string
	refuses map[bool]error // by whether the application starts again
	last    supervisor.Change
}

func (f *taking) Compile(ctx context.Context, changed []string, out io.Writer) (springboot.App, error) {
	app, err := f.fakes.Compile(ctx, changed, out)
	app.Jar = f.jar
	return app, err
}

func (f *taking) Image(ctx context.Context, app springboot.App, out io.Writer) (image.Image, error) {
	img, err := f.fakes.Image(ctx, app, out)
	img.Report = image.Report{Supervised: true, Swappable: true}
	return img, err
}

func (f *taking) Change(_ context.Context, p kube.Pod, _ int, c supervisor.Change) (kube.Pod, error) {
	f.last = c
	return p, f.refuses[c.Restart]
}

// pack writes the jar of an application with a page.
func (f *taking) pack(t *testing.T, library, page string) {
	t.Helper()
	out, err := os.Create(f.jar)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(out)
	for _, e := range [][2]string{{"META-INF/MANIFEST.MF", "Start-Class: com.example.A\n"}, {"BOOT-INF/lib/a.jar", library}, {"BOOT-INF/classes/static/a.css", page}} {
		file, err := w.Create(e[0])
		if err == nil {
			_, err = file.Write([]byte(e[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDecisionIsCarriedOutAndARefusalTakesTheNextPath follows saves of a page and of a
// library through Pods that take them, and that don't.
func TestDecisionIsCarriedOutAndARefusalTakesTheNextPath(t *testing.T) {
	t.Parallel()
	f := &taking{fakes: fakes{quick: true, port: 8080}, jar: filepath.Join(t.TempDir(), "app.jar")}
	l, r := newTestSession(f, at(newFakePort(t), 0))
	f.pack(t, "1", "a")
	if err := l.Deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n, c := range []struct {
		what, library, page string
		refuses             map[bool]error
		want                []string
	}{
		{"nothing", "1", "a", nil, []string{"nothing: the classes and resources are as they were", "compile ok"}},
		{"a page", "1", "b", nil, []string{"pages", "compile ok", "pages ok", "forward ok"}},
		{"a page that can't be copied", "1", "c", map[bool]error{false: supervisor.ErrUnsupervised},
			[]string{"pages", "compile ok", "pages skipped", "restart ok", "ready ok", "forward ok"}},
		{"a Pod that takes nothing", "1", "d", map[bool]error{false: supervisor.ErrUnsupervised, true: supervisor.ErrUnsupervised},
			[]string{"pages", "compile ok", "pages skipped", "restart skipped", "image ok", "load ok", "replace ok", "ready ok", "forward ok"}},
		{"a library", "2", "e", nil, []string{"pod: library a.jar changed", "compile ok", "image ok", "load ok", "replace ok", "ready ok", "forward ok"}},
	} {
		f.pack(t, c.library, c.page)
		f.refuses, r.events = c.refuses, nil
		if err := cycleOf(l, n+2, "saved", changedFile("src/main/resources/static/a.css")).run(t.Context()); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		if got := append(r.chosen(), r.stages()...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

// TestApplicationThatGoesBackTakesTheNextChange: a Pod refuses the files of a page, restarts with them, and goes back.
func TestApplicationThatGoesBackTakesTheNextChange(t *testing.T) {
	t.Parallel()
	f := &taking{fakes: fakes{quick: true, port: 8080, fail: map[event.Stage]error{}}, jar: filepath.Join(t.TempDir(), "app.jar")}
	l, _ := newTestSession(f, at(newFakePort(t), 0))
	f.pack(t, "1", "a")
	if err := l.Deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := l.State().Serving
	f.pack(t, "1", "b")
	f.refuses = map[bool]error{false: errors.New("no room")}
	f.failing(event.Ready, podstatus.Finding{Code: "pod.crash", RolledBack: true}.Explain(before.Pods[0], nil, podstatus.Evidence{}))
	if err := cycleOf(l, 2, "saved", changedFile("src/main/resources/static/a.css")).run(t.Context()); err == nil {
		t.Fatal("it serves")
	}
	if now := l.State().Serving; now == nil || !now.SameCode(*before) || now.NotPatchable != "" {
		t.Errorf("what serves is taken for %+v", now)
	}
}

// TestStateAfterAHotSwapThatWasNotMade: what a JVM refuses as a whole it has not taken. Of another failure nobody
// knows.
func TestStateAfterAHotSwapThatWasNotMade(t *testing.T) {
	t.Parallel()
	before, after := stateOf("static/a.css", "1"), stateOf("static/a.css", "2")
	for name, c := range map[string]struct {
		err        error
		code       state.CodeKind
		bodiesOnly bool
	}{
		"the JVM takes no new methods": {jdwp.Refusal(63), state.InImage, true},
		"the JVM refuses a class":      {jdwp.Refusal(64), state.InImage, false},
		"a class is not loaded":        {jdwp.ErrNotLoaded, state.InImage, false},
		"the Pod refuses the files":    {errors.New("no room"), state.Unknown, false},
	} {
		f := &taking{fakes: fakes{quick: true}, refuses: map[bool]error{false: c.err}}
		l, _ := newTestSession(f)
		img := image.Image{Report: image.Report{Supervised: true}}
		l.Become(publish.New(event.NewBus()), state.State{}.Promoted(state.Deployment{Image: img,
			Pods: []kube.Pod{{Name: "app"}}, Built: before, Code: state.Code{Kind: state.InImage, State: before}}))
		l.built = after
		p := &inPlace{cycle: cycleOf(l, 1, "", watch.Batch{}), files: changes(t, before, after)}
		if swapped, err := p.hotSwap(t.Context(), plan.Pages); swapped || err != nil {
			t.Fatalf("%s: it is swapped, %v: %v", name, swapped, err)
		}
		now := l.State().Serving
		if now.Code.Kind != c.code || (now.NotPatchable != "") != (c.code == state.Unknown) || now.BodiesOnly != c.bodiesOnly {
			t.Errorf("%s: what serves is taken for %+v", name, now)
		}
		if _, err := p.restart(t.Context()); err != nil || !f.last.NotTaken {
			t.Errorf("%s: the restart is %+v, %v", name, f.last, err)
		}
	}
}

// chosen returns the paths that were chosen, with their reasons.
func (r *recorder) chosen() (list []string) {
	for _, e := range r.events {
		b, ok := e.Body.(event.PathChosen)
		switch {
		case ok && b.Why != "":
			list = append(list, b.Path+": "+b.Why)
		case ok:
			list = append(list, b.Path)
		}
	}
	return list
}

func TestPodsOfAnImageThatCannotBeChangedSayWhy(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		fixed string
		x     image.Report
	}{
		"":                                {x: image.Report{Supervised: true}},
		"app/Dockerfile makes its image":  {x: image.Report{Dockerfile: "app/Dockerfile"}},
		"asked for by --without restart":  {x: image.Report{NoSupervisorReason: "asked for by --without restart"}},
		"the manifest sets _JAVA_OPTIONS": {fixed: "the manifest sets _JAVA_OPTIONS"},
	} {
		l, _ := newTestSession(&fakes{})
		l.Target.NotPatchable = c.fixed
		turn := cycleOf(l, 1, "", watch.Batch{})
		turn.img = image.Image{ID: v1.Hash{Hex: "a"}, Report: c.x}
		r := &rollout{cycle: turn}
		r.promote(r.Publisher, r.deployment(nil))
		if got := l.State().Running(nil).NotPatchable; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// withDatabase is a project whose manifest has another Pod, which stays.
type withDatabase struct {
	taking
	changed []string
}

func (f *withDatabase) Replace(_ context.Context, s deploy.Spec) ([]kube.Pod, error) {
	return append(podsFor(s), kube.Pod{Namespace: "default", Name: "db", UID: "db", Image: "postgres:17"}), nil
}

func (f *withDatabase) Change(_ context.Context, p kube.Pod, _ int, c supervisor.Change) (kube.Pod, error) {
	f.changed = append(f.changed, p.Name)
	return p, nil
}

func TestPodsOfOtherImagesAreNeitherChangedNorRetired(t *testing.T) {
	t.Parallel()
	f := &withDatabase{taking: taking{fakes: fakes{quick: true, port: 8080}, jar: filepath.Join(t.TempDir(), "app.jar")}}
	l, r := newTestSession(f, at(newFakePort(t), 0))
	l.Target.KeepServing = true
	f.pack(t, "1", "a")
	if err := l.Deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.events = nil
	f.pack(t, "1", "b")
	if err := cycleOf(l, 2, "saved", changedFile("src/main/resources/static/a.css")).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := append(r.chosen(), f.changed...); !reflect.DeepEqual(got, []string{"pages", "app"}) {
		t.Errorf("got %q", got)
	}
	f.pack(t, "2", "b")
	if err := cycleOf(l, 3, "saved", changedFile("build.gradle")).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.retired, []string{"app"}) {
		t.Errorf("retired %q", f.retired)
	}
}

// scaledDown is a project with two Pods of a Deployment, one of which goes.
type scaledDown struct {
	taking
	changed []string
	gone    bool
}

func (f *scaledDown) Replace(_ context.Context, s deploy.Spec) ([]kube.Pod, error) {
	one := podsFor(s)[0]
	one.Of.Kind = "Deployment"
	two := one
	two.Name, two.UID, two.Index = "app-2", "app-2", 1
	return []kube.Pod{one, two}, nil
}

func (f *scaledDown) Change(_ context.Context, p kube.Pod, _ int, _ supervisor.Change) (kube.Pod, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p.Name == "app-2" {
		f.gone = true
		return p, errors.New("the Pod is about to go")
	}
	f.changed = append(f.changed, p.Name)
	return p, nil
}

func (f *scaledDown) Living(_ context.Context, pods []kube.Pod) ([]kube.Pod, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return pods[:1], nil
	}
	return pods, nil
}

// TestSaveAtTheTimeOfAScaleDownKeepsTheOtherPods has a Pod go that the session has not missed yet.
func TestSaveAtTheTimeOfAScaleDownKeepsTheOtherPods(t *testing.T) {
	t.Parallel()
	f := &scaledDown{taking: taking{fakes: fakes{quick: true, port: 8080}, jar: filepath.Join(t.TempDir(), "app.jar")}}
	l, r := newTestSession(f, at(newFakePort(t), 0))
	f.pack(t, "1", "a")
	if err := l.Deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.events = nil
	f.pack(t, "1", "b")
	if err := cycleOf(l, 2, "saved", changedFile("src/main/resources/static/a.css")).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := r.stages(), []string{"compile ok", "pages ok", "forward ok"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if pods := l.State().ServingPods(); len(pods) != 1 || pods[0].Name != "app" || f.changed[len(f.changed)-1] != "app" {
		t.Errorf("%v serve, changed were %q", pods, f.changed)
	}
}
