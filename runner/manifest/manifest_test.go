package manifest

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/golden"

	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
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
			m, err := Load(path)
			invalid, found := errors.AsType[*Error](err)
			if err == nil {
				invalid, found = &Error{m.Doubts()}, true
			}
			if !found {
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
	want := []kube.Endpoint{{Of: of, Index: 0, Port: 8080}, {Of: of, Index: 0, Port: 9090},
		{Of: of, Index: 1, Port: 8080}, {Of: of, Index: 1, Port: 9090}}
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
	db, shop := kube.Ref{Kind: "Pod", Namespace: "default", Name: "db"},
		kube.Ref{Kind: "Pod", Namespace: "default", Name: "shop"}
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

func TestReadOnlyRoot(t *testing.T) {
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n" +
		"  %s:\n  - {name: one, image: shop%s}\n  containers:\n  - {name: two, image: %s}\n"
	const readOnly = ", securityContext: {readOnlyRootFilesystem: true}"
	for text, want := range map[string]bool{
		fmt.Sprintf(pod, "initContainers", readOnly, "shop"):                                         false,
		fmt.Sprintf(pod, "initContainers", "", "shop"+readOnly):                                      true,
		fmt.Sprintf(pod, "initContainers", "", "nginx"+readOnly):                                     false,
		fmt.Sprintf(pod, "initContainers", "", "shop"+strings.Replace(readOnly, "true", "false", 1)): false,
	} {
		if got := read(t, text).ReadOnlyRoot("shop"); got != want {
			t.Errorf("got %v for %s", got, text)
		}
	}
}

// TestValidManifests reads what a cluster takes, as projects and operators have it. Each file is about a kind, or
// a way to write manifests.
func TestValidManifests(t *testing.T) {
	paths, err := filepath.Glob("testdata/valid/*.yaml")
	if err != nil || len(paths) < 25 {
		t.Fatalf("found %d valid manifests, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			t.Parallel()
			text := testfile.Read(t, path)
			m, err := Load(path)
			if invalid, is := errors.AsType[*Error](err); is {
				t.Fatal(golden.Report(invalid))
			}
			want := len(regexp.MustCompile(`(?m)^(  - )?apiVersion: `).FindAllString(string(text), -1)) -
				strings.Count(string(text), "kind: List")
			if err != nil || len(m.Refs()) != want {
				t.Errorf("got %v, %v, want %d objects", m.Refs(), err, want)
			}
		})
	}
}

// TestObjectsOfHelmTestsAreLeftOut of what `helm template` writes, and other hooks are not.
func TestObjectsOfHelmTestsAreLeftOut(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for name, hook := range map[string]string{"web": "", "migrate": "pre-install,pre-upgrade", "ask": "test", "ask-again": "pre-delete, test-success"} {
		fmt.Fprintf(&text, "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: %s\n  annotations:\n    helm.sh/hook: %q\n"+
			"spec:\n  containers:\n    - name: web\n      image: web\n", name, hook)
	}
	m, err := Load(testfile.Write(t, t.TempDir(), "k8s.yaml", text.String()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, ref := range m.Refs() {
		names = append(names, ref.Name)
	}
	if slices.Sort(names); !slices.Equal(names, []string{"migrate", "web"}) {
		t.Errorf("got %q", names)
	}
}

// TestVariantsForOtherEnvironmentsAreLeftOut, and without one for a developer's machine there is no guess.
func TestVariantsForOtherEnvironmentsAreLeftOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ files, found, left string }{
		"alone":            {"prod.yaml service.yaml", "prod.yaml service.yaml", ""},
		"one of ours":      {"dev.yaml prod.yaml staging.yaml", "dev.yaml", "prod.yaml staging.yaml"},
		"one for all":      {"app.yaml app-prod.yaml db.yaml", "app.yaml db.yaml", "app-prod.yaml"},
		"local before dev": {"web.dev.yaml web.local.yml", "web.local.yml", "web.dev.yaml"},
		"none of ours":     {"production.yaml staging.yaml", "", ""},
		"words in words":   {"device.yaml deliver.yaml latest.yaml", "device.yaml deliver.yaml latest.yaml", ""},
	} {
		dir := t.TempDir()
		for _, file := range strings.Fields(c.files) {
			path := filepath.Join(dir, "deploy", file)
			testfile.Write(t, "", path, podOf("web"))
		}
		found, err := Find(dir)
		var variants *VariantsError
		if c.found == "" {
			if !errors.As(err, &variants) || len(variants.Files) != 2 ||
				!strings.Contains(variants.Hints()[0], "--manifest") {
				t.Errorf("%s: got %v, %v", name, found, err)
			}
			continue
		}
		left, _, _ := FindOthers(dir)
		sorted := func(files []string) string {
			files = lists.Map(files, filepath.Base)
			slices.Sort(files)
			return strings.Join(files, " ")
		}
		wanted := func(files string) string {
			list := strings.Fields(files)
			slices.Sort(list)
			return strings.Join(list, " ")
		}
		if err != nil || sorted(found) != wanted(c.found) || sorted(left) != wanted(c.left) {
			t.Errorf("%s: found %q, left %q, %v", name, sorted(found), sorted(left), err)
		}
	}
}

// TestNestedYAMLEndsInTime: a manifest of a stranger takes neither the stack nor the afternoon.
func TestNestedYAMLEndsInTime(t *testing.T) {
	t.Parallel()
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: "
	for name, text := range map[string]string{
		"lists":   pod + strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
		"fields":  pod + strings.Repeat("{a: ", 5000) + strings.Repeat("}", 5000),
		"deeper":  pod + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000),
		"aliases": "a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n",
	} {
		began := time.Now()
		if m, err := Load(write(t, "deep.yaml", text)); err == nil && len(m.Doubts()) == 0 ||
			time.Since(began) > 10*time.Second {
			t.Errorf("%s: got %.200v after %v", name, err, time.Since(began))
		}
	}
}

func read(t *testing.T, text string) Manifest {
	t.Helper()
	return must.Get(Load(write(t, "manifest.yaml", text)))(t)
}

// write makes a file in a directory of its own, and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	return testfile.Write(t, t.TempDir(), name, text)
}
