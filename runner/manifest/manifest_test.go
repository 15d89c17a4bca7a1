package manifest

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/golden"

	"github.com/devloop-cli/devloop/runner/kube"
)

// TestBrokenManifests shows what a person is told about each way to get a manifest
// wrong: the golden files are meant to be read.
func TestBrokenManifests(t *testing.T) {
	paths, err := filepath.Glob("testdata/broken/*.yaml")
	if err != nil || len(paths) < 19 {
		t.Fatalf("found %d broken manifests, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			_, err := Load(path)
			var invalid *Error
			if !errors.As(err, &invalid) {
				t.Fatalf("error is %T %v, want a *Error", err, err)
			}
			golden.Compare(t, strings.TrimSuffix(path, ".yaml")+".golden", golden.Report(invalid))
		})
	}
}

func TestEndpointsAreThoseOfThePodsToCome(t *testing.T) {
	m := read(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
        - {name: first, image: web, ports: [{containerPort: 1}]}
      containers:
        - {name: web, image: web, ports: [{containerPort: 8080}, {containerPort: 9090}, {containerPort: 53, protocol: UDP}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
`)
	of := kube.Ref{Kind: "Deployment", Namespace: "shop", Name: "web"}
	want := []kube.Endpoint{{Of: of, Index: 0, Port: 8080}, {Of: of, Index: 0, Port: 9090}, {Of: of, Index: 1, Port: 8080}, {Of: of, Index: 1, Port: 9090}}
	if got := m.Endpoints("default"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEndpointsOfTheProjectComeFirst(t *testing.T) {
	m := read(t, `
apiVersion: v1
kind: Pod
metadata: {name: db}
spec: {containers: [{name: db, image: postgres, ports: [{containerPort: 5432}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: shop}
spec:
  containers:
    - {name: proxy, image: nginx, ports: [{containerPort: 80}]}
    - {name: shop, image: shop, ports: [{containerPort: 8080}]}
`)
	db, shop := kube.Ref{Kind: "Pod", Namespace: "default", Name: "db"}, kube.Ref{Kind: "Pod", Namespace: "default", Name: "shop"}
	want := []kube.Endpoint{{Of: shop, Port: 8080}, {Of: db, Port: 5432}, {Of: shop, Port: 80}}
	if got := m.Endpoints("default", "shop"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := m.Workload("default", "shop"); got != shop {
		t.Errorf("got %v, want %v", got, shop)
	}
	if got := m.Workload("default", "other"); got != db {
		t.Errorf("without the project's image: got %v, want %v", got, db)
	}
}

func TestNotPatchable(t *testing.T) {
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: one, image: shop}\n"
	for text, says := range map[string]string{
		pod: "", pod + "  - {name: two, image: nginx}\n": "",
		pod + "  - {name: two, image: \"shop:latest\"}\n":                  "several containers",
		pod + "  hostNetwork: true\n":                                      "the node's network",
		strings.Replace(pod, "shop", "nginx", 1) + "  hostNetwork: true\n": "",
	} {
		if why := read(t, text).NotPatchable("shop"); (why == "") != (says == "") || !strings.Contains(why, says) {
			t.Errorf("%q for %s", why, text)
		}
	}
}

// What only the cluster can judge is left to it: kinds of its own, in groups that are not Kubernetes',
// and the values that a dry run knows better.
func TestKindsOfTheClusterPass(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a kind with a built-in name": "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{image: web}]}}}\n",
		"a kind with a similar name":  "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: db}\n",
		"a workload of another group": "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: train}\n",
		"a role with a colon":         "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: \"shop:reader\"}\nrules: [{apiGroups: [\"\"], resources: [pods], verbs: [get]}]\n",
		"one name in two groups":      "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80, targetPort: http}]}\n---\napiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web}\n",
		"a list":                      "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: b}}\n",
		"documents with both ends":    "--- # the first\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n...\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
		"merged fields, nulls, 1.1":   "apiVersion: v1\nkind: Pod\nmetadata: {name: web, creationTimestamp: null}\nspec:\n  hostNetwork: no\n  containers:\n  - &base {name: a, image: web, resources: {limits: {cpu: 2, memory: 1Gi}}}\n  - {<<: *base, name: b}\n",
	} {
		m, err := Load(write(t, "manifest.yaml", text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if want := strings.Count(text, "kind: ") - strings.Count(text, "kind: List"); len(m.Refs()) != want {
			t.Errorf("%s: got %v", name, m.Refs())
		}
	}
}

func read(t *testing.T, text string) Manifest {
	t.Helper()
	m, err := Load(write(t, "manifest.yaml", text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// write makes a file in a directory of its own, and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
