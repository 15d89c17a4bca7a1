package render

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

func manifestOf(t *testing.T, text string) manifest.Manifest {
	t.Helper()
	return must.Get(manifest.Load(testfile.Write(t, t.TempDir(), "pod.yaml", text)))(t)
}

func shop(t *testing.T, text string) Spec {
	t.Helper()
	return Spec{Project: "shop", Dir: "/projects/shop", Manifest: manifestOf(t, text), Image: "shop:devloop-1",
		Names: []string{"shop"}}
}

// objects returns what goes to the cluster.
func objects(t *testing.T, s Spec) []*unstructured.Unstructured {
	t.Helper()
	return must.Get(Objects(s))(t)
}

const shopPod = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - {name: app, image: shop, ports: [{containerPort: 8080}]}
`

const patchedPod = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 60
      containers:
        - name: app
          image: shop
          readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 5}
          startupProbe: {tcpSocket: {port: 8080}, failureThreshold: 12, initialDelaySeconds: 45}
          livenessProbe: {tcpSocket: {port: 8080}, periodSeconds: 20, initialDelaySeconds: 45}
`

// A Deployment's selector, and a Service's, may go by any label of the manifest.
func TestTheManifestsLabelsStay(t *testing.T) {
	t.Parallel()
	objects := objects(t, shop(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app.kubernetes.io/managed-by: Helm}}
spec:
  selector: {matchLabels: {app.kubernetes.io/managed-by: Helm}}
  template:
    metadata: {labels: {app.kubernetes.io/managed-by: Helm}}
    spec: {containers: [{name: app, image: shop}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bare, labels: {app.kubernetes.io/managed-by: jkube}}
spec: {containers: [{name: app, image: shop}]}
`))
	selector, _, _ := unstructured.NestedStringMap(objects[0].Object, "spec", "selector", "matchLabels")
	if want := map[string]string{kube.LabelManagedBy: "Helm"}; !maps.Equal(selector, want) {
		t.Errorf("the selector is %v", selector)
	}
	template, _, _ := unstructured.NestedStringMap(objects[0].Object, "spec", "template", "metadata", "labels")
	for name, labels := range map[string]map[string]string{"object": objects[0].GetLabels(), "template": template} {
		if want := map[string]string{kube.LabelManagedBy: "Helm",
			kube.LabelProject: "shop"}; !maps.Equal(labels, want) {
			t.Errorf("the %s's labels are %v, want %v", name, labels, want)
		}
	}
	if labels := objects[1].GetLabels(); labels[kube.LabelManagedBy] != "jkube" || !kube.Owned(objects[1]) {
		t.Errorf("the Pod's labels are %v", labels)
	}
}

func TestDevelopmentPatchIsToldAndCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	spec := shop(t, patchedPod)
	whole := []string{
		`deployment "web": image shop:devloop-1, was shop`,
		`deployment "web": imagePullPolicy IfNotPresent, was not given`,
		`deployment "web": readinessProbe.periodSeconds 1, was 5`,
		`deployment "web": readinessProbe.failureThreshold 15, was not given`,
		`deployment "web": startupProbe.initialDelaySeconds 0, was 45`,
		`deployment "web": startupProbe.periodSeconds 1, was not given`,
		`deployment "web": startupProbe.failureThreshold 165, was 12`,
		`deployment "web": terminationGracePeriodSeconds 2, was 60`,
	}
	for keep, lines := range map[string][]string{"": whole, PatchProbes: append(slices.Clone(whole[:2]), whole[7]),
		PatchGrace: whole[:7], "both": whole[:2]} {
		spec.Keep = []string{keep}
		if keep == "both" {
			spec.Keep = Patches
		}
		got := spec.Changes()
		if !slices.Equal(got, lines) {
			t.Errorf("keep %q:\ngot  %s\nwant %s", keep, strings.Join(got, "\n     "), strings.Join(lines, "\n     "))
		}
	}
	before := spec.Manifest.Objects()[0]
	spec.Keep = nil
	copies := objects(t, spec)
	pod := manifest.PodSpec(copies[0])
	liveness := manifest.ContainersOf(copies[0])[0]["livenessProbe"].(map[string]any)
	if pod["terminationGracePeriodSeconds"] != int64(2) || liveness["periodSeconds"] != int64(20) ||
		liveness["initialDelaySeconds"] != int64(45) {
		t.Errorf("got %v", pod)
	}
	if got := manifest.PodSpec(spec.Manifest.Objects()[0])["terminationGracePeriodSeconds"]; got != manifest.PodSpec(before)["terminationGracePeriodSeconds"] {
		t.Error("the manifest itself was changed")
	}
}

// TestAllPodsGetTheImageAndAutoscalersTheirNumber: a partition would keep Pods with the old image, and replicas would
// take back at each save what an autoscaler has done.
func TestSupervisorsGetTheirVolumes(t *testing.T) {
	t.Parallel()
	const more = "  volumes: [{name: data, emptyDir: {}}]\n  containers:\n  - {name: proxy, image: nginx}"
	spec := shop(t, strings.Replace(shopPod, "  containers:", more, 1))
	for _, volumes := range [][]string{nil, {"/app/changes"}, {"/app/changes", "/app/classes"}} {
		spec.Volumes = volumes
		pod := objects(t, spec)[0]
		var got []string
		for _, c := range manifest.MainContainersOf(pod) {
			for _, m := range list(c["volumeMounts"]) {
				got = append(got, fmt.Sprint(c["name"], m.(manifest.Fields)["name"], m.(manifest.Fields)["mountPath"]))
			}
		}
		named := fmt.Sprint(manifest.PodSpec(pod)["volumes"])
		for i, dir := range volumes {
			name := fmt.Sprint(kube.ChangesVolume, len(volumes)+i)
			if want := "app" + name + dir; len(got) != len(volumes) || got[i] != want || !strings.Contains(named, "name:"+name) {
				t.Errorf("%v: got %q with %s, want %q", volumes, got, named, want)
			}
		}
		told := slices.ContainsFunc(spec.Changes(), func(line string) bool {
			return strings.HasSuffix(line, "at "+strings.Join(volumes, ", "))
		})
		if told != (len(volumes) > 0) {
			t.Errorf("%v: told %q", volumes, spec.Changes())
		}
	}
}

func TestAllPodsGetTheImageAndAutoscalersTheirNumber(t *testing.T) {
	t.Parallel()
	const set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec: {replicas: 2, selector: {}, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}, template: {spec: {containers: [{name: app, image: IMAGE}]}}}\n"
	const paused = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3, paused: true, selector: {}, template: {spec: {containers: [{name: app, image: shop}]}}}\n"
	const scaler = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: any}\nspec: {maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: NAME}}\n"
	app, database := strings.Replace(set, "IMAGE", "shop", 1), strings.Replace(set, "IMAGE", "postgres", 1)
	for name, c := range map[string]struct {
		text string
		want []string // of the fields that differ
	}{
		"all":                 {app + paused + strings.Replace(scaler, "NAME", "web", 1), []string{`statefulset "web": no partition, was 1`, `deployment "web": no paused, was true`, `deployment "web": no replicas, was 3`}},
		"another's scaler":    {app + paused + strings.Replace(scaler, "NAME", "api", 1), []string{`statefulset "web": no partition, was 1`, `deployment "web": no paused, was true`}},
		"a database's Pods":   {database + paused, []string{`deployment "web": no paused, was true`}},
		"no image of its own": {database + strings.ReplaceAll(paused, "shop", "nginx"), nil},
	} {
		s := shop(t, c.text)
		var got []string
		for _, line := range s.Changes() {
			if strings.Contains(line, ": no ") {
				got = append(got, line)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestObjectWithoutTheProjectsImageIsTheSameAtEachDeploy(t *testing.T) {
	t.Parallel()
	text := func(image string) string {
		s := shop(t, shopPod+"---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: db}\nspec: {selector: {}, template: {spec: {containers: [{name: db, image: postgres}]}}}\n")
		s.Image = image
		objects := objects(t, s)
		if objects[0].GetAnnotations()[kube.AnnotationImage] != image {
			t.Error("the project's Pod does not tell its image")
		}
		return fmt.Sprint(objects[1].Object)
	}
	if one, other := text("shop:devloop-1"), text("shop:devloop-2"); one != other {
		t.Errorf("got %s, then %s", one, other)
	}
}

func TestManifestWithoutTheProjectsImageIsToldBeforeAnythingIsTouched(t *testing.T) {
	t.Parallel()
	m := manifestOf(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: web, image: 'ghcr.io/team/web:1.2'}\n")
	_, err := Objects(Spec{Project: "shop", Manifest: m, Names: []string{"shop"}})
	var wrong *manifest.Error
	if !errors.As(err, &wrong) || len(wrong.Problems) != 1 {
		t.Fatalf("got %v", err)
	}
	if p := wrong.Problems[0]; p.Line != 6 || !strings.HasSuffix(p.Hint, "--image-name ghcr.io/team/web") {
		t.Errorf("got line %d, hint %q", p.Line, p.Hint)
	}
}
