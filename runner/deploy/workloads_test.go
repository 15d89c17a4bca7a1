package deploy

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/render"
)

func TestPodsOfAnOlderTemplateAreOutdated(t *testing.T) {
	manifest := "apiVersion: apps/v1\nkind: KIND\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  replicas: 1\n" +
		"  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: app, image: shop}]}\n"
	for kind, replaced := range map[string]bool{"ReplicaSet": true, "DaemonSet": true, "Deployment": false} {
		text := strings.Replace(manifest, "KIND", kind, 1)
		if kind == "DaemonSet" {
			text = strings.Replace(text, "  replicas: 1\n", "", 1)
		}
		applied := func(image string) target {
			spec := shop(t, text)
			spec.Image = image
			objects := must.Get(render.Objects(spec.Spec))(t)
			return target{Unstructured: objects[0]}
		}
		before, after := applied("shop:devloop-1"), applied("shop:devloop-2")
		old := []kube.Pod{{Name: "old", UID: "1", Applied: render.TemplateHash(before.Unstructured)}}
		if got := len(after.outdated(old, nil)) > 0; got != replaced {
			t.Errorf("%s: the Pod of another image is outdated: %v", kind, got)
		}
		if got := before.outdated(old, nil); len(got) > 0 {
			t.Errorf("%s: its own Pod is outdated", kind)
		}
	}
}

// TestJobIsRecreated: most fields of a Job can't be changed. Its Pods go with it, those of others stay.
func TestJobIsRecreated(t *testing.T) {
	a, r := newAPI(t)
	job := fakeapi.Object("batch/v1", "Job", "migrate")
	render.Mark(job, render.Spec{Project: "shop"})
	job = a.Put("jobs", job)
	a.Put("pods", fakeapi.Controlled(fakeapi.Object("v1", "Pod", "migrate-1"), job))
	a.Put("pods", fakeapi.Controlled(fakeapi.Object("v1", "Pod", "migrate-2"),
		fakeapi.Object("batch/v1", "Job", "migrate")))
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method == http.MethodPost && q.URL.Query().Get("dryRun") == "" {
			go func() { // its controller
				fakeapi.Eventually(t, "the Job exists",
					func() bool { o := a.Get("jobs/default/migrate"); return o != nil && o.GetUID() != job.GetUID() })
				a.Put("pods",
					fakeapi.Controlled(fakeapi.Object("v1", "Pod", "migrate-3"), a.Get("jobs/default/migrate")))
			}()
		}
		return false
	}
	pods, err := r.Replace(t.Context(), shop(t, "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: app, image: shop}]}}}\n"))
	if err != nil || len(pods) != 1 || pods[0].Name != "migrate-3" || pods[0].Of.Kind != "Job" {
		t.Fatalf("got %v, %v", pods, err)
	}
	if want := []string{"DELETE jobs/default/migrate", "DELETE pods/default/migrate-1",
		"POST jobs/default/migrate"}; !slices.Equal(a.Wrote(), want) {
		t.Errorf("wrote %q, want %q", a.Wrote(), want)
	}
}

func TestRealForeignPodStays(t *testing.T) {
	r, ctx := realDeployer(t), t.Context()
	must.Do(t, (applier{r.client}).makeNamespace(ctx, r.client.Namespace(), render.Spec{Project: "somebody"}))
	foreign := manifest.Generate("web", 0).Objects()[0]
	manifest.ContainersOf(foreign)[0]["image"] = appImage
	targets, _, err := resolver{r.client}.targets(ctx, []*unstructured.Unstructured{foreign})
	if err != nil {
		t.Fatal(err)
	}
	made, err := applier{r.client}.create(ctx, targets[0])
	if err != nil {
		t.Fatal(err)
	}
	spec := specOf(t, podText("web", "serve"))
	_, err = r.Replace(ctx, spec)
	var refused *ForeignError
	if !errors.As(err, &refused) {
		t.Fatalf("got %v, want a *ForeignError", err)
	}
	t.Log(err, refused.Hints())
	if removed, err := r.Down(ctx, t.Name(), "", nil); err != nil || len(removed) != 0 {
		t.Fatalf("Down removed %v, %v", removed, err)
	}
	if still, err := targets[0].resource.Get(ctx, "web", metav1.GetOptions{}); err != nil ||
		still.GetUID() != made.GetUID() {
		t.Fatalf("the foreign Pod did not stay: %v", err)
	}
	spec.Adopt = true
	pods, err := r.Replace(ctx, spec)
	if err != nil || pods[0].UID == made.GetUID() {
		t.Fatalf("adopting: %v, %v", pods, err)
	}
}

// TestJobOfAnotherImageRunsOnce: each save of the project would seed its database again.
func TestJobOfAnotherImageRunsOnce(t *testing.T) {
	a, r := newAPI(t)
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method == http.MethodPost && strings.HasSuffix(q.URL.Path, "/jobs") && q.URL.Query().Get("dryRun") == "" {
			go func() { // its controller
				fakeapi.Eventually(t, "the Job exists", func() bool { return a.Get("jobs/default/seed") != nil })
				pod := fakeapi.Controlled(fakeapi.Object("v1", "Pod", "seed-1"), a.Get("jobs/default/seed"))
				pod.SetUID(a.Get("jobs/default/seed").GetUID() + "-pod")
				a.Put("pods", pod)
			}()
		}
		return false
	}
	text := "apiVersion: batch/v1\nkind: Job\nmetadata: {name: seed}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: seed, image: postgres, args: [ONE]}]}}}\n---" + shopPod
	deploy := func(image, text string) {
		t.Helper()
		spec := shop(t, text)
		spec.Image = image
		must.Get(r.Replace(t.Context(), spec))(t)
	}
	uid := func() string { return string(a.Get("jobs/default/seed").GetUID()) }
	deploy("shop:devloop-1", text)
	first := uid()
	deploy("shop:devloop-2", text)
	done := a.Get("jobs/default/seed").DeepCopy()
	done.Object["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Complete", "status": "True"}}}
	a.Put("jobs", done)
	a.Drop("pods/default/seed-1")
	deploy("shop:devloop-3", text) // its Pod was cleaned up: nothing to wait for
	if uid() != first {
		t.Error("the Job of another image ran again")
	}
	deploy("shop:devloop-3", strings.Replace(text, "ONE", "TWO", 1))
	if uid() == first {
		t.Error("the Job with other arguments did not run")
	}
}
