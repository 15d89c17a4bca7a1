package render

import (
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/runner/kube"
)

func TestPodsAreOthersWhenTheirSettingsAre(t *testing.T) {
	const settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words, labels: {a: b}}\ndata: {HELLO: one}\n" +
		"---\napiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {KEY: one}\n---\n"
	t.Parallel()
	mark := func(manifest string) string {
		t.Helper()
		return objects(t, shop(t, manifest))[2].GetAnnotations()[kube.AnnotationConfigHash]
	}
	for _, c := range []struct {
		reads, before, after string
		marked, differs      bool
	}{
		{"envFrom: [{configMapRef: {name: words}}]", "HELLO: one", "HELLO: two", true, true},
		{"env: [{name: A, valueFrom: {configMapKeyRef: {name: words, key: HELLO}}}]", "HELLO: one", "HELLO: two", true, true},
		{"env: [{name: A, valueFrom: {secretKeyRef: {name: key, key: KEY}}}]", "KEY: one", "KEY: two", true, true},
		{"envFrom: [{configMapRef: {name: words}}]", "a: b", "a: c", true, false},
		{"envFrom: [{configMapRef: {name: words}}]", "KEY: one", "KEY: two", true, false},
		{"envFrom: [{configMapRef: {name: elsewhere}}]", "HELLO: one", "HELLO: two", false, false},
	} {
		text := settings + strings.Replace(shopPod, "image: shop,", "image: shop, "+c.reads+",", 1)
		one, other := mark(text), mark(strings.Replace(text, c.before, c.after, 1))
		if (one != "") != c.marked || (one != other) != c.differs {
			t.Errorf("%s: with %s %q, with %s %q", c.reads, c.before, one, c.after, other)
		}
	}

	volumes := "  volumes: [{name: a, configMap: {name: words}}, {name: b, projected: {sources: [{secret: {name: key}}]}}]\n"
	text := settings + shopPod + volumes
	if one := mark(text); one == mark(strings.Replace(text, "HELLO: one", "HELLO: two", 1)) ||
		one == mark(strings.Replace(text, "KEY: one", "KEY: two", 1)) {
		t.Error("what volumes hold is not among the settings")
	}
	text = settings + strings.ReplaceAll(patchedPod, "image: shop",
		"image: shop\n          envFrom: [{secretRef: {name: key}}]")
	deployment := objects(t, shop(t, text))[2]
	d := deployment.DeepCopy()
	d.Object = d.Object["spec"].(map[string]any)["template"].(map[string]any)
	if d.GetAnnotations()[kube.AnnotationConfigHash] == "" ||
		deployment.GetAnnotations()[kube.AnnotationConfigHash] != "" {
		t.Errorf("a Deployment is %v", deployment)
	}
}
