package deploy

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/render"
)

// ownPod is a Pod that devloop made earlier.
func ownPod(name string) *unstructured.Unstructured {
	o := fakeapi.Object("v1", "Pod", name)
	render.Mark(o, render.Spec{Project: "shop"})
	return o
}

func shop(t *testing.T, text string) Spec {
	t.Helper()
	return Spec{Spec: render.Spec{Project: "shop", Dir: "/projects/shop", Manifest: read(t, text),
		Image: "shop:devloop-1", Names: []string{"shop"}}}
}

const shopPod = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  initContainers: [{name: prepare, image: "docker.io/library/shop:latest"}]
  containers:
  - {name: app, image: shop, imagePullPolicy: Always, ports: [{containerPort: 8080}]}
  - {name: proxy, image: "nginx:1.27", imagePullPolicy: Always}
`

func TestReplaceWaitsUntilTheOldPodIsGone(t *testing.T) {
	a, r := newAPI(t)
	sharing := ownPod("web")
	sharing.Object["spec"] = map[string]any{"volumes": []any{map[string]any{"name": "data",
		"hostPath": map[string]any{"path": "/data"}}}}
	old := a.Put("pods", sharing)
	going := make(chan metav1.DeleteOptions, 1)
	a.Deleted = func(_ string, o metav1.DeleteOptions) { going <- o }
	result := make(chan error, 1)
	var pods []kube.Pod
	go func() {
		var err error
		pods, err = r.Replace(t.Context(), shop(t, shopPod))
		result <- err
	}()
	options := <-going
	if *options.GracePeriodSeconds != render.GraceSeconds || *options.Preconditions.UID != old.GetUID() {
		t.Errorf("deleted with %+v", options)
	}
	a.CutWatches() // the API server drops the watch in the middle of it
	a.Drop("pods/default/web")
	must.Do(t, <-result)
	if got := a.Wrote(); !slices.Equal(got, []string{"DELETE pods/default/web", "POST pods/default/web"}) {
		t.Errorf("wrote %v", got)
	}
	if len(pods) != 1 || pods[0].UID == old.GetUID() || !slices.Equal(pods[0].Ports, []int{8080}) ||
		pods[0].Image != "shop:devloop-1" {
		t.Errorf("got %+v", pods)
	}
}

func TestPodThatSharesNothingIsLetGoAtOnce(t *testing.T) {
	a, r := newAPI(t)
	a.Put("pods", ownPod("web"))
	var grace int64 = -1
	a.Deleted = func(key string, o metav1.DeleteOptions) { grace = *o.GracePeriodSeconds; a.Drop(key) }
	if _, err := r.Replace(t.Context(), shop(t, shopPod)); err != nil || grace != 0 {
		t.Errorf("deleted with %d s of grace, %v", grace, err)
	}
	made, _, _ := unstructured.NestedInt64(a.Get("pods/default/web").Object, "spec", "terminationGracePeriodSeconds")
	if made != render.GraceSeconds {
		t.Errorf("the next one will get %d s", made)
	}
}

func TestReplaceChangesOnlyTheProjectsContainers(t *testing.T) {
	a, r := newAPI(t)
	spec := shop(t, shopPod)
	must.Get(r.Replace(t.Context(), spec))(t)
	pod := a.Get("pods/default/web")
	var got []string
	for _, c := range manifest.ContainersOf(pod) {
		policy, _ := c["imagePullPolicy"].(string)
		got = append(got, manifest.Image(c)+" "+policy)
	}
	if want := []string{"shop:devloop-1 IfNotPresent", "shop:devloop-1 IfNotPresent",
		"nginx:1.27 Always"}; !slices.Equal(got, want) {
		t.Errorf("containers %q, want %q", got, want)
	}
	if !kube.Owned(pod) || pod.GetLabels()["app"] != "web" ||
		pod.GetAnnotations()[kube.AnnotationDirectory] != "/projects/shop" ||
		pod.GetAnnotations()[kube.AnnotationImage] != "shop:devloop-1" {
		t.Errorf("marks %v %v", pod.GetLabels(), pod.GetAnnotations())
	}
	if c := spec.Manifest.Images(); !slices.Contains(c, "shop") {
		t.Errorf("the manifest was changed: %q", c)
	}
}

func TestReplaceRefusesForeignObjectsBeforeTouchingAny(t *testing.T) {
	a, r := newAPI(t)
	a.Put("pods", ownPod("web"))
	foreign := fakeapi.Object("v1", "ConfigMap", "settings")
	foreign.SetLabels(map[string]string{kube.LabelManagedBy: "Helm"})
	a.Put("configmaps", foreign)
	text := shopPod + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
	_, err := r.Replace(t.Context(), shop(t, text))
	var refused *ForeignError
	if !errors.As(err, &refused) || refused.ManagedBy != "Helm" || len(a.Wrote()) != 0 {
		t.Fatalf("got %v after %v", err, a.Wrote())
	}
	spec := shop(t, text)
	spec.Adopt = true
	must.Get(r.Replace(t.Context(), spec))(t)
	if want := []string{"PATCH configmaps/default/settings", "DELETE pods/default/web",
		"POST pods/default/web"}; !slices.Equal(a.Wrote(), want) {
		t.Errorf("wrote %v, want %v", a.Wrote(), want)
	}
}

func TestReplaceWantsTheProjectsImage(t *testing.T) {
	_, r := newAPI(t)
	_, err := r.Replace(t.Context(), shop(t,
		strings.ReplaceAll(strings.ReplaceAll(shopPod, "/shop:latest", "/other"), "image: shop,", "image: shopp,")))
	var invalid *manifest.Error
	if !errors.As(err, &invalid) || len(invalid.Problems) != 3 || invalid.Problems[1].Line != 8 ||
		!strings.Contains(invalid.Problems[1].Message, `"shopp"`) {
		t.Fatalf("got %v", err)
	}
}

func TestReplaceMakesNamespacesAndWaitsForTheirServiceAccount(t *testing.T) {
	a, r := newAPI(t)
	refused := make(chan struct{}, 10)
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method != http.MethodPost || !strings.HasSuffix(q.URL.Path, "/new/pods") ||
			a.Get("serviceaccounts/new/default") != nil {
			return false
		}
		fakeapi.Refuse(w, 403, metav1.StatusReasonForbidden,
			`pods "web" is forbidden: error looking up service account new/default: serviceaccount "default" not found`)
		refused <- struct{}{}
		return true
	}
	result := make(chan error, 1)
	go func() {
		_, err := r.Replace(t.Context(), shop(t, strings.Replace(shopPod, "name: web", "name: web, namespace: new", 1)))
		result <- err
	}()
	<-refused
	account := fakeapi.Object("v1", "ServiceAccount", "default")
	account.SetNamespace("new")
	a.Put("serviceaccounts", account)
	must.Do(t, <-result)
	if want := []string{"POST namespaces//new", "POST pods/new/web"}; !slices.Equal(a.Wrote(), want) {
		t.Errorf("wrote %v, want %v", a.Wrote(), want)
	}
	if !kube.Owned(a.Get("namespaces//new")) {
		t.Error("the namespace has no marks")
	}
}

func TestReplaceReturnsTheCauseWhenCancelled(t *testing.T) {
	a, r := newAPI(t)
	a.Put("pods", ownPod("web"))
	ctx, cancel := context.WithCancelCause(t.Context())
	newer := errors.New("a newer save")
	a.Deleted = func(string, metav1.DeleteOptions) { cancel(newer) }
	_, err := r.Replace(ctx, shop(t, shopPod))
	if !errors.Is(err, newer) {
		t.Errorf("got %v", err)
	}
	if got := a.Wrote(); !slices.Equal(got, []string{"DELETE pods/default/web"}) {
		t.Errorf("wrote %v", got)
	}
}

func TestReplaceReplacesSeveralPodsTogether(t *testing.T) {
	a, r := newAPI(t)
	var text string
	for _, name := range []string{"one", "two", "three"} {
		a.Put("pods", ownPod(name))
		text += "---" + strings.Replace(shopPod, "name: web", "name: "+name, 1)
	}
	going := make(chan string, 3)
	a.Deleted = func(key string, _ metav1.DeleteOptions) { going <- key }
	result := make(chan []kube.Pod, 1)
	go func() {
		pods, err := r.Replace(t.Context(), shop(t, text))
		if err != nil {
			t.Error(err)
		}
		result <- pods
	}()
	for range 3 { // none waits for another: none is gone yet
		defer a.Drop(<-going)
	}
	for _, name := range []string{"one", "two", "three"} {
		a.Drop("pods/default/" + name)
	}
	pods := <-result
	if len(pods) != 3 || pods[0].Name != "one" || pods[2].Name != "three" {
		t.Errorf("got %v", pods)
	}
}

func TestDownRemovesOnlyWhatIsOwned(t *testing.T) {
	a, r := newAPI(t)
	a.Put("pods", ownPod("web"))
	settings := ownPod("settings")
	settings.SetKind("ConfigMap")
	a.Put("configmaps", settings)
	other := ownPod("other-project")
	render.Mark(other, render.Spec{Project: "bank"})
	a.Put("pods", other)
	half := fakeapi.Object("v1", "Pod", "half-marked")
	half.SetLabels(map[string]string{kube.LabelManagedBy: kube.FieldManager})
	a.Put("pods", half)
	a.Put("pods", fakeapi.Object("v1", "Pod", "foreign"))
	removed, err := r.Down(t.Context(), "shop", "", nil)
	if err != nil || len(removed) != 2 {
		t.Fatalf("removed %v, %v", removed, err)
	}
	for key, there := range map[string]bool{"pods/default/web": false, "configmaps/default/settings": false,
		"pods/default/other-project": true, "pods/default/half-marked": true, "pods/default/foreign": true} {
		if (a.Get(key) != nil) != there {
			t.Errorf("%s: there %v, want %v", key, a.Get(key) != nil, there)
		}
	}
	if removed, err = r.Down(t.Context(), "", "", nil); err != nil || len(removed) != 1 {
		t.Errorf("all projects: removed %v, %v", removed, err)
	}
}

// TestReplaceWaitsForANamespaceThatIsBeingRemoved: devloop run right after devloop down in a namespace that devloop
// made.
func TestReplaceWaitsForANamespaceThatIsBeingRemoved(t *testing.T) {
	for _, own := range []string{"", "apiVersion: v1\nkind: Namespace\nmetadata: {name: new}\n---\n"} {
		a, r := newAPI(t)
		leaving := fakeapi.Object("v1", "Namespace", "new")
		leaving.SetDeletionTimestamp(&metav1.Time{Time: time.Now()})
		a.Put("namespaces", leaving)
		account := fakeapi.Object("v1", "ServiceAccount", "default")
		account.SetNamespace("new")
		a.Put("serviceaccounts", account)
		looked := make(chan struct{}, 1000)
		a.Fault = func(_ http.ResponseWriter, q *http.Request) bool {
			if q.Method == http.MethodGet && strings.HasSuffix(q.URL.Path, "/namespaces/new") {
				looked <- struct{}{}
			}
			return false
		}
		result := make(chan error, 1)
		go func() {
			_, err := r.Replace(t.Context(),
				shop(t, own+strings.Replace(shopPod, "name: web", "name: web, namespace: new", 1)))
			result <- err
		}()
		<-looked
		<-looked
		if wrote := a.Wrote(); len(wrote) > 0 {
			t.Errorf("wrote %v into a namespace that is being removed", wrote)
		}
		a.Drop("namespaces//new")
		must.Do(t, <-result)
		if wrote := a.Wrote(); len(wrote) != 2 || !strings.HasSuffix(wrote[0], "namespaces//new") ||
			a.Get("pods/new/web") == nil {
			t.Errorf("wrote %v", wrote)
		}
	}
}

func TestDownLeavesNamespacesThatHoldSomething(t *testing.T) {
	for _, foreign := range []bool{true, false} {
		a, r := newAPI(t)
		namespace := fakeapi.Object("v1", "Namespace", "new")
		render.Mark(namespace, render.Spec{Project: "shop"})
		a.Put("namespaces", namespace)
		if foreign {
			o := fakeapi.Object("v1", "ConfigMap", "precious")
			o.SetNamespace("new")
			a.Put("configmaps", o)
		}
		must.Get(r.Down(t.Context(), "shop", "", nil))(t)
		if there := a.Get("namespaces//new") != nil; there != foreign {
			t.Errorf("with somebody's object %v the namespace is there: %v", foreign, there)
		}
	}
}

func TestServerThatDoesNotAnswer(t *testing.T) {
	a, r := newAPI(t)
	a.Close()
	_, err := r.Replace(t.Context(), shop(t, shopPod))
	var unreachable *cluster.UnreachableError
	if !errors.As(err, &unreachable) || unreachable.Code() != "cluster.unreachable" {
		t.Errorf("got %T %v", err, err)
	}
	if err := r.client.Ping(t.Context()); !errors.As(err, &unreachable) {
		t.Errorf("Ping: %T %v", err, err)
	}
}

func TestObjectsOfAnotherDirectoryStayWhileSomebodyWorksThere(t *testing.T) {
	for _, name := range []string{"web", "web-b"} { // its own name, and the one of a Pod that came up beside it
		a, r := newAPI(t)
		theirs := fakeapi.Object("v1", "Pod", name)
		render.Mark(theirs, render.Spec{Project: "shop", Dir: "/elsewhere/shop"})
		theirs.SetAnnotations(
			map[string]string{kube.AnnotationDirectory: "/elsewhere/shop", kube.AnnotationName: "web"})
		a.Put("pods", theirs)
		spec := shop(t, shopPod)
		busy := errors.New("somebody works there")
		spec.Yields = func(dir string) error {
			if dir != "/elsewhere/shop" {
				t.Errorf("asked for %q", dir)
			}
			return busy
		}
		_, err := r.Replace(t.Context(), spec)
		if !errors.Is(err, busy) || !errors.Is(r.Claim(t.Context(), spec), busy) || len(a.Wrote()) != 0 {
			t.Errorf("got %v after %v", err, a.Wrote())
		}
		spare := func(dir string) bool { return dir == "/elsewhere/shop" }
		if removed, err := r.Down(t.Context(), "shop", "", spare); err != nil || len(removed) != 0 {
			t.Errorf("removed %v, %v", removed, err)
		}

		busy = nil // they went home
		must.Get(r.Replace(t.Context(), spec))(t)
		if dir := a.Get("pods/default/web").GetAnnotations()[kube.AnnotationDirectory]; dir != spec.Dir ||
			a.Get("pods/default/web-b") != nil {
			t.Errorf("web is of %q, web-b %v", dir, a.Get("pods/default/web-b"))
		}
		spec.Yields = func(string) error { t.Error("asked about the project's own objects"); return nil }
		if err := r.Claim(t.Context(), spec); err != nil {
			t.Error(err)
		}
	}
}

func TestDownSparesANamespaceThatHoldsAnothersObject(t *testing.T) {
	a, r := newAPI(t)
	namespace, theirs := fakeapi.Object("v1", "Namespace", "new"), fakeapi.Object("v1", "Pod", "web")
	render.Mark(namespace, render.Spec{Project: "shop", Dir: "/projects/shop"})
	render.Mark(theirs, render.Spec{Project: "shop", Dir: "/elsewhere/shop"})
	theirs.SetNamespace("new")
	a.Put("namespaces", namespace)
	a.Put("pods", theirs)
	removed, err := r.Down(t.Context(), "shop", "", func(dir string) bool { return dir == "/elsewhere/shop" })
	if err != nil || len(removed) != 0 || a.Get("namespaces//new") == nil {
		t.Errorf("removed %v, %v", removed, err)
	}
}
