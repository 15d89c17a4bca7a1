package manifest

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/runner/kube"
)

func podOf(name string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
		"}\nspec: {containers: [{name: app, image: app, ports: [{containerPort: 80}]}]}\n"
}

const debuggable = `apiVersion: v1
kind: Pod
metadata:
  name: shop
spec:
  containers:
    - name: shop
      image: shop
      env:
        - {name: JAVA_TOOL_OPTIONS, value: -Xmx1g}
        - {name: OTHER, value: "1"}
      livenessProbe: {httpGet: {path: /, port: 8080}}
      startupProbe: {httpGet: {path: /, port: 8080}}
      readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
    - name: worker
      image: shop
    - name: proxy
      image: envoy
      livenessProbe: {httpGet: {path: /, port: 9901}}
`

func TestFindManifests(t *testing.T) {
	dir := t.TempDir()
	pod := "apiVersion: v1\nkind: Pod\n\tmetadata: broken, and a manifest all the same\n"
	for path, text := range map[string]string{
		"spring-pod.yaml": pod, "k8s/b.yml": pod, "k8s/a.yaml": pod, "src/main/kubernetes/c.yaml": pod,
		"devloop.yaml": pod, "docker-compose.yml": pod, "src/main/resources/application.yml": pod, ".github/x.yaml": pod,
		"kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n", "kubeconfig.yaml": "apiVersion: v1\nkind: Config\n",
		"values.yaml": "image: x\n", "notes.txt": pod, "deploy/kustomization.yaml": pod, "deploy/a.yaml": pod,
		// files of other tools, a file in place of a directory, and names that Spring and Compose use too
		"catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: shop}\n",
		"k3d.yaml":          "apiVersion: k3d.io/v1alpha5\nkind: Simple\n", "skaffold.yaml": "apiVersion: skaffold/v4beta6\nkind: Config\n",
		"garden.yml":     "# of a tool\nkind: Project\napiVersion: \"garden.io/v2\" # a comment\n",
		"unheard-of.yml": "apiVersion: tool.example.com/v1\nkind: Settings\n", "k8s/certificate.yaml": "apiVersion: cert-manager.io/v1\nkind: Certificate\n",
		"k8s/kind.yaml": "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n", "kubernetes": "#!/bin/sh\n",
		"k8s/application.yaml": pod, "k8s/bootstrap.yml": "spring: {application: {name: shop}}\n", "manifests/compose-app.yaml": pod,
	} {
		testfile.Write(t, dir, path, text)
	}
	found, err := Find(dir)
	for i := range found {
		found[i], _ = filepath.Rel(dir, found[i])
	}
	want := []string{"spring-pod.yaml", "k8s/a.yaml", "k8s/application.yaml", "k8s/b.yml", "k8s/certificate.yaml",
		"deploy", "manifests/compose-app.yaml", "src/main/kubernetes/c.yaml"}
	if err != nil || !slices.Equal(found, want) {
		t.Errorf("found %v, %v, want %v", found, err, want)
	}
	_, foreign, err := FindOthers(dir)
	var names []string
	for _, f := range foreign {
		name, _ := filepath.Rel(dir, f.File)
		names = append(names, name+" "+f.APIVersion+" "+f.Kind)
	}
	wantForeign := []string{"catalog-info.yaml backstage.io/v1alpha1 Component", "garden.yml garden.io/v2 Project",
		"k3d.yaml k3d.io/v1alpha5 Simple", "kind.yaml kind.x-k8s.io/v1alpha4 Cluster", "kubeconfig.yaml v1 Config", "skaffold.yaml skaffold/v4beta6 Config",
		"unheard-of.yml tool.example.com/v1 Settings", "k8s/kind.yaml kind.x-k8s.io/v1alpha4 Cluster"}
	if err != nil || !slices.Equal(names, wantForeign) {
		t.Errorf("foreign are %q, %v, want %q", names, err, wantForeign)
	}
}

func TestImagesHaveManyNames(t *testing.T) {
	m := Generate("spring-server", 8080)
	for name, same := range map[string]bool{
		"spring-server": true, "spring-server:latest": true, "docker.io/library/spring-server": true,
		"spring-server:v1": false, "other": false, "registry.example.com/spring-server": false,
	} {
		if m.UsesImage(name) != same {
			t.Errorf("UsesImage(%q) is %v", name, !same)
		}
	}
	for _, c := range []struct {
		image, called string
		same          bool
	}{
		{"shop", "shop", true}, {"shop:1.2", "shop", true}, {"ghcr.io/team/shop:1.2", "shop", true}, {"localhost:5000/shop", "shop", true},
		{"ghcr.io/team/shop@sha256:" + strings.Repeat("a", 64), "shop", true},
		{"ghcr.io/team/workshop", "shop", false}, {"shop/web", "shop", false}, {"no image", "shop", false},
		{"ghcr.io/team/shop:1.2", "ghcr.io/team/shop", true}, {"ghcr.io/other/shop", "ghcr.io/team/shop", false}, {"shop", "ghcr.io/team/shop", false},
		{"team/shop", "docker.io/team/shop", true}, {"localhost:5000/shop:2", "localhost:5000/shop", true},
		{"shop:1.2", "shop:1.2", true}, {"shop:1.3", "shop:1.2", false}, {"ghcr.io/team/shop", "ghcr.io/team/shop:latest", true},
	} {
		if isNamed(c.image, c.called) != c.same {
			t.Errorf("%q called %q: got %v", c.image, c.called, !c.same)
		}
	}
	want := []kube.Endpoint{{Of: kube.Ref{Kind: "Pod", Namespace: "default", Name: "spring-server"},
		Index: 0, Port: 8080}}
	if got := m.Endpoints("default"); !slices.Equal(got, want) {
		t.Errorf("generated %v, want %v", got, want)
	}
}

func TestHelmChartIsToldFromAManifest(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"helm/shop/Chart.yaml": "apiVersion: v2\nname: shop\n", "helm/shop/templates/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.name }}}\n",
		"k8s/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n",
	} {
		testfile.Write(t, dir, name, text)
	}
	chart := filepath.Join(dir, "helm", "shop")
	if got := Charts(dir); !slices.Equal(got, []string{chart}) {
		t.Errorf("the charts are %q", got)
	}
	_, err := Load(chart)
	if f := fault.Of(err); f.Code != "manifest.chart" || !strings.Contains(f.Hints[0], "helm template "+chart) {
		t.Errorf("got %v", err)
	}
	if _, err := Load(filepath.Join(dir, "k8s")); err != nil {
		t.Error(err)
	}
}

func TestVariablesOfTheUserComeOverThoseOfTheManifest(t *testing.T) {
	m := read(t, `
apiVersion: v1
kind: Pod
metadata: {name: shop}
spec:
  containers:
  - {name: shop, image: shop, env: [{name: KEPT, value: a}, {name: PROFILE, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}
  - {name: proxy, image: proxy}
`)
	own := m.WithEnv([]string{"PROFILE=dev,local", "URL=http://db?a=b"}, "shop")
	want := []any{map[string]any{"name": "KEPT", "value": "a"}, map[string]any{"name": "PROFILE", "value": "dev,local"},
		map[string]any{"name": "URL", "value": "http://db?a=b"}}
	found := ContainersOf(own.objects[0].Unstructured)
	if !reflect.DeepEqual(found[0]["env"], want) || found[1]["env"] != nil {
		t.Errorf("got %v and %v", found[0]["env"], found[1]["env"])
	}
	if len(own.Environment([]string{"shop"}, "URL")) == 0 || len(m.Environment([]string{"shop"}, "URL")) > 0 {
		t.Error("the user's manifest was changed")
	}
}

func TestDirectoriesAndKustomizationsAreRead(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		testfile.Write(t, dir, name, text)
	}
	put("plain/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n")
	put("plain/a.yml", podOf("a"))
	put("plain/application.yaml", "server: {port: 80}\n")
	put("base/pod.yaml", podOf("web"))
	put("base/kustomization.yaml", "resources: [pod.yaml]\n")
	put("overlay/kustomization.yaml",
		"namePrefix: dev-\nresources: [../base]\nconfigMapGenerator:\n  - {name: settings, literals: [A=b]}\n")
	put("broken/kustomization.yaml", "resources: [nowhere.yaml]\n")
	put("wrong/kustomization.yaml", "resources: [pod.yaml]\n")
	put("wrong/pod.yaml", strings.Replace(podOf("web"), "ports:", "prts:", 1))
	put("empty/readme.txt", "")

	for path, want := range map[string]string{
		"plain": `pod "a" configmap "b"`, "overlay": `configmap "dev-settings-`, "overlay/kustomization.yaml": `pod "dev-web"`, "base/pod.yaml": `pod "web"`,
	} {
		m, err := Load(filepath.Join(dir, path))
		var names []string
		for _, o := range m.Refs() {
			names = append(names, o.String())
		}
		if err != nil || !strings.Contains(strings.Join(names, " "), want) {
			t.Errorf("%s: got %v, %v, want %s", path, names, err, want)
		}
	}
	overlay, err := Load(filepath.Join(dir, "overlay"))
	for file, want := range map[string]bool{"base/pod.yaml": true, "base/new.yaml": true,
		"overlay/kustomization.yaml": true, "plain/a.yml": false, "base/readme.txt": false} {
		if err != nil || overlay.DependsOn(filepath.Join(dir, file)) != want {
			t.Errorf("%s: the overlay depends on it: %v, %v", file, !want, err)
		}
	}
	if deeper := FindDeeper(dir); len(deeper) > 0 {
		t.Errorf("got %q", deeper)
	}
	put("k8s/overlays/dev/kustomization.yaml", "resources: [../../../base]\n")
	if deeper := FindDeeper(dir); !slices.Equal(deeper, []string{filepath.Join(dir, "k8s/overlays/dev")}) {
		t.Errorf("got %q", deeper)
	}
	if _, err := Load(filepath.Join(dir, "broken")); fault.Of(err).Code != "manifest.kustomize" ||
		!strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("got %v", err)
	}
	if wrong, err := Load(filepath.Join(dir, "wrong")); err != nil ||
		!strings.Contains(strings.Join(wrong.Doubts().Hints(), ""), "ports") {
		t.Errorf("got %v, %v", wrong.Doubts(), err)
	}
	if _, err := Load(filepath.Join(dir, "empty")); err == nil {
		t.Error("an empty directory was taken")
	}
	found, err := Find(filepath.Join(dir, "overlay"))
	if err != nil || !slices.Equal(found, []string{filepath.Join(dir, "overlay")}) {
		t.Errorf("got %v, %v", found, err)
	}
}

func TestManifestSaysWhatItsContainersAreTold(t *testing.T) {
	m := read(t, debuggable)
	if got := m.ContainerStrings("shop:latest"); !reflect.DeepEqual(got, []string{"-Xmx1g", "1"}) {
		t.Errorf("got %q", got)
	}
	var probed []bool
	for _, c := range m.Containers() {
		probed = append(probed, c.HasProbes())
	}
	if !slices.Equal(probed, []bool{true, false, true}) {
		t.Errorf("the containers have probes: %v", probed)
	}
	if got := m.ProjectPods("default", "shop"); len(got) != 1 || got[0].Of.Name != "shop" {
		t.Errorf("got %v", got)
	}
}
