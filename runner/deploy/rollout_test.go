package deploy

import (
	"errors"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

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
			objects, err := render.Objects(spec.Spec)
			if err != nil {
				t.Fatal(err)
			}
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

func TestRealForeignPodStays(t *testing.T) {
	r, ctx := realDeployer(t), t.Context()
	if err := (applier{r.client}).makeNamespace(ctx, r.client.Namespace(), render.Spec{Project: "somebody"}); err != nil {
		t.Fatal(err)
	}
	foreign := manifest.Generate("web", 0).Objects()[0]
	manifest.ContainersOf(foreign)[0]["image"] = appImage
	targets, err := resolver{r.client}.targets(ctx, []*unstructured.Unstructured{foreign})
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
	if still, err := targets[0].resource.Get(ctx, "web", metav1.GetOptions{}); err != nil || still.GetUID() != made.GetUID() {
		t.Fatalf("the foreign Pod did not stay: %v", err)
	}
	spec.Adopt = true
	pods, err := r.Replace(ctx, spec)
	if err != nil || pods[0].UID == made.GetUID() {
		t.Fatalf("adopting: %v, %v", pods, err)
	}
}
