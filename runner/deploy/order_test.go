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

	"github.com/devloop-cli/devloop/runner/definition"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
)

// The files of a directory come in the order of their names: app.yaml, config.yaml, namespace.yaml.
func TestNamespacesAndDefinitionsComeFirst(t *testing.T) {
	a, r := newAPI(t)
	a.Fault = func(w http.ResponseWriter, req *http.Request) bool {
		switch {
		case strings.Contains(req.URL.Path, "/namespaces/later/") && a.Get("namespaces//later") == nil &&
			req.Method != http.MethodGet && req.URL.Query().Get("dryRun") == "":
			fakeapi.Refuse(w, 404, metav1.StatusReasonNotFound, `namespaces "later" not found`)
		case strings.Contains(req.URL.Path, "example.com/v1/namespaces/") && !isEstablishedAt(a,
			"customresourcedefinitions//widgets.example.com"):
			fakeapi.Refuse(w, 404, metav1.StatusReasonNotFound, "the server could not find the requested resource")
		case strings.Contains(req.URL.Path, "/customresourcedefinitions") && req.URL.Query().Get("watch") != "":
			go establish(a)
			return false
		default:
			return false
		}
		return true
	}
	_, err := r.Replace(t.Context(), shop(t, `
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: later}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: w, namespace: later}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: later}
spec: {containers: [{name: app, image: shop}]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
---
apiVersion: v1
kind: Namespace
metadata: {name: later}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"PATCH namespaces//later", "PATCH customresourcedefinitions//widgets.example.com",
		"PATCH configmaps/later/c", "PATCH widgets/later/w", "POST pods/later/web"}
	if got := a.Wrote(); !slices.Equal(got, want) {
		t.Errorf("wrote %v, want %v", got, want)
	}
}

func isEstablishedAt(a *fakeapi.API, key string) bool {
	o := a.Get(key)
	return o != nil && definition.IsEstablished(o)
}

// establish does what the API server does with a definition, once somebody waits for that.
func establish(a *fakeapi.API) {
	o := a.Get("customresourcedefinitions//widgets.example.com").DeepCopy()
	_ = unstructured.SetNestedSlice(o.Object, []any{map[string]any{"type": "Established", "status": "True"}},
		"status", "conditions")
	a.Put("customresourcedefinitions", o)
}

// TestWaitsOfADeploySayWhatTheyWaitedFor has a definition that the API server never establishes, because of its names,
// and a namespace that no controller gives a service account.
func TestWaitsOfADeploySayWhatTheyWaitedFor(t *testing.T) {
	t.Parallel()
	const definition = `
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec: {group: example.com, scope: Namespaced, names: {kind: Widget, plural: widgets}}
`
	for want, text := range map[string]string{
		`wait until the cluster serves the kind of customresourcedefinition "widgets.example.com"`: shopPod + definition,
		`wait for serviceaccount "default"`: strings.Replace(shopPod, "name: web", "name: web, namespace: new", 1),
	} {
		a, r := newAPI(t)
		a.Fault = func(w http.ResponseWriter, req *http.Request) bool {
			refuses := req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/new/pods") &&
				req.URL.Query().Get("dryRun") == ""
			if refuses {
				fakeapi.Refuse(w, 403, metav1.StatusReasonForbidden, `pods "web" is forbidden: error looking up service account new/default: serviceaccount "default" not found`)
			}
			return refuses
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if _, err := r.Replace(ctx, shop(t, text)); !errors.Is(err, context.DeadlineExceeded) ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
