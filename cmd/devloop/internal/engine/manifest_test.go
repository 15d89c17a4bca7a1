package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/watch"
)

// write makes a project of the files.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		testfile.Write(t, dir, name, text)
	}
}

func TestManifestThatWantsAnotherKindOfImageIsRefused(t *testing.T) {
	t.Parallel()
	l, r := newTestSession(&fakes{quick: true})
	l.Target.Dir = t.TempDir()
	l.Target.Unsuitable = func(m manifest.Manifest) string {
		if slices.ContainsFunc(m.Containers(),
			func(c manifest.Container) bool { return c.Runs("app") && (c.Command != nil || c.Args != nil) }) {
			return "the manifest sets the container's command"
		}
		return ""
	}
	manifest := "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec: {containers: [{name: app, image: app%s}]}\n"
	write(t, l.Target.Dir, map[string]string{"pod.yaml": fmt.Sprintf(manifest, "")})
	must.Do(t, l.Deploy(t.Context()))
	before := len(r.stages())
	write(t, l.Target.Dir, map[string]string{"pod.yaml": fmt.Sprintf(manifest, ", command: [java]")})
	err := l.Deploy(t.Context())
	if fault.Of(err).Code != "manifest.incompatible" || len(r.stages()) != before {
		t.Errorf("got %v, after %q", err, r.stages()[before:])
	}
}

// TestOptionsThatOnlyTheClusterHas come from a ConfigMap that an edit of the manifest names. First it can't be read,
// which is said once, and when it can it turns out to choose another collector than the images of the session.
func TestOptionsThatOnlyTheClusterHas(t *testing.T) {
	t.Parallel()
	var asked, allowed atomic.Int32
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" {
			return
		}
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/api/v1/namespaces/default/configmaps/jvm" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		if allowed.Load() == 0 {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = io.WriteString(w,
			`{"kind": "ConfigMap", "apiVersion": "v1", "data": {"JAVA_TOOL_OPTIONS": "-XX:+UseG1GC"}}`)
	}))
	t.Cleanup(api.Close)
	client := must.Get(cluster.New(&rest.Config{Host: api.URL}, "one", "default"))(t)
	l, r := newTestSession(&fakes{quick: true})
	l.Target.Dir, l.Target.Values = t.TempDir(), manifest.Values{}
	l.Target.ReadValues = func(ctx context.Context, m manifest.Manifest) (manifest.Values, map[kube.Ref]error) {
		return client.Values(ctx, m.Missing("default", []string{"app"}, "JAVA_TOOL_OPTIONS")...)
	}
	l.Target.Unsuitable = func(m manifest.Manifest) string {
		return strings.Join(m.Environment([]string{"app"}, "JAVA_TOOL_OPTIONS"), "")
	}
	deploy := func(more string) error {
		write(t, l.Target.Dir, map[string]string{"pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec: {containers: [{name: app, image: app" + more + "}]}\n"})
		return l.Deploy(t.Context())
	}
	const from = ", envFrom: [{configMapRef: {name: jvm}}]"
	for _, c := range []struct {
		more  string
		asked int32
	}{{"", 0}, {from, 2}, {from, 4}} {
		// what is forbidden is asked for twice: a server that has just started forbids all
		if err := deploy(c.more); err != nil || asked.Load() != c.asked {
			t.Fatalf("%q: asked %d times, %v", c.more, asked.Load(), err)
		}
	}
	allowed.Store(1)
	for range 2 {
		if err := deploy(from); fault.Of(err).Code != "manifest.incompatible" || asked.Load() != 5 {
			t.Errorf("asked %d times, %v", asked.Load(), err)
		}
	}
	var said [][]string
	for _, e := range r.events {
		if n, is := e.Body.(event.Notice); is && n.Code == event.NoticeUnread {
			said = append(said, n.Objects)
		}
	}
	if len(said) != 1 || !slices.Equal(said[0], []string{"configmap/jvm"}) {
		t.Errorf("said that it can't read %q", said)
	}
}

func TestSettingsOfASessionThatGoesOnStayAndThatIsSaid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		changed watch.Batch
		said    bool
	}{{changedFile("devloop.yaml"), true}, {changedFile("A.java"), false}, {watch.Everything(), false},
		{watch.Whatever(), false}} {
		l, r := newTestSession(&fakes{quick: true})
		must.Do(t, cycleOf(l, 2, "saved", c.changed).run(t.Context()))
		must.Do(t, l.Close())
		said := slices.ContainsFunc(r.events, func(e event.Event) bool {
			n, is := e.Body.(event.Notice)
			return is && n.Code == event.NoticeSettings
		})
		if said != c.said {
			t.Errorf("%v: said %v", c.changed, said)
		}
	}
}

// TestObjectsThatTheManifestNoLongerHasAreRemoved takes a ConfigMap out of the manifest. The first attempt to remove it
// fails.
func TestObjectsThatTheManifestNoLongerHasAreRemoved(t *testing.T) {
	t.Parallel()
	f := &fakes{quick: true}
	l, r := newTestSession(f)
	l.Target.Dir = t.TempDir()
	const pod, settings = "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec: {containers: [{name: app, image: app}]}\n", "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
	for _, c := range []struct {
		text    string
		pruning error
	}{{pod + settings, nil}, {pod, errors.New("the cluster is away")}, {pod, nil}, {pod, nil}} {
		f.pruning = c.pruning
		write(t, l.Target.Dir, map[string]string{"pod.yaml": c.text})
		must.Do(t, l.Deploy(t.Context()))
	}
	must.Do(t, l.Close())
	var said []string
	for _, e := range r.events {
		switch b := e.Body.(type) {
		case event.ObjectRemoved:
			said = append(said, "removed "+b.Object)
		case event.Notice:
			said = append(said, b.Text)
		}
	}
	if want := []string{"the cluster is away", "removed ConfigMap/settings"}; !slices.Equal(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}
}

// TestAnEditOfAManifestAfterASwapBuildsNothing: the nodes do not have an image of the code that runs, but what was
// compiled for the swap is still there.
func TestAnEditOfAManifestAfterASwapBuildsNothing(t *testing.T) {
	t.Parallel()
	f := &fakes{quick: true}
	l, r := newTestSession(f)
	l.Target.Dir = t.TempDir()
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec: {containers: [{name: app, image: app, env: [{name: A, value: %q}]}]}\n"
	write(t, l.Target.Dir, map[string]string{"pod.yaml": fmt.Sprintf(pod, "a")})
	must.Do(t, l.Deploy(t.Context()))
	l.Become(l.events, l.State().PatchStarted().Patched(l.State().ServingPods(), l.built))
	before := len(r.stages())
	write(t, l.Target.Dir, map[string]string{"pod.yaml": fmt.Sprintf(pod, "b")})
	must.Do(t, cycleOf(l, 2, "pod.yaml changed", changedFile("pod.yaml")).run(t.Context()))
	if got, want := r.stages()[before:],
		[]string{"image ok", "load ok", "replace ok", "ready ok", "forward skipped"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := cycleOf(l, 3, "A.java changed", watch.Batch{Paths: []string{"A.java",
		"pod.yaml"}}).run(t.Context()); err != nil || f.count(event.Compile) != 2 {
		t.Errorf("a source with it: compiled %d times, %v", f.count(event.Compile), err)
	}
}

// TestAnotherServicesObjectsLeaveThePodAsItIs: the manifest has objects of several services, and those of one change.
func TestAnotherServicesObjectsLeaveThePodAsItIs(t *testing.T) {
	t.Parallel()
	f := &fakes{quick: true}
	l, r := newTestSession(f)
	l.Target.Dir = t.TempDir()
	l.Target.Part = func() (manifest.Manifest, error) {
		all, err := manifest.Load(filepath.Join(l.Target.Dir, "k8s/pods.yaml"))
		return all.Only(func(i int) bool { return all.Refs()[i].Name == "app" }), err
	}
	pods := func(own, other string) {
		pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: c, image: %[1]s, env: [{name: A, value: %q}]}]}\n"
		write(t, l.Target.Dir, map[string]string{"k8s/pods.yaml": fmt.Sprintf(pod, "app", own) + "---\n" +
			fmt.Sprintf(pod, "other", other)})
	}
	pods("a", "a")
	must.Do(t, l.Deploy(t.Context()))
	replaced := func(n int) int {
		t.Helper()
		before := f.count(event.Replace)
		if err := cycleOf(l, n, "pods.yaml changed", changedFile("k8s/pods.yaml")).run(t.Context()); err != nil {
			t.Error(err)
		}
		return f.count(event.Replace) - before
	}
	if pods("a", "b"); replaced(2) != 0 {
		t.Errorf("the other Pod's edit took %q", r.stages())
	}
	if pods("b", "b"); replaced(3) != 1 {
		t.Errorf("its own edit took %q", r.stages())
	}
	f.failing(event.Ready, codedError{})
	pods("c", "c")
	if err := cycleOf(l, 5, "pods.yaml changed", changedFile("k8s/pods.yaml")).run(t.Context()); err == nil {
		t.Error("it did not fail")
	}
	if f.failing(event.Ready, nil); replaced(6) != 1 {
		t.Error("what failed is not tried again")
	}
}
