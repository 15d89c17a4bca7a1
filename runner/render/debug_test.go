package render

import (
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

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

// sent returns the containers as they go to the cluster.
func sent(t *testing.T, s Spec) []any {
	t.Helper()
	containers, _, _ := unstructured.NestedSlice(objects(t, s)[0].Object, "spec", "containers")
	return containers
}

func TestDebuggedContainersAreToldAndNotProbedToDeath(t *testing.T) {
	t.Parallel()
	s := Spec{Manifest: manifestOf(t, debuggable), Image: "shop:devloop-1", Names: []string{"shop"},
		Debug: Debug{JVMOptions: "-agentlib:jdwp=x", ImageJVMOptions: "-Dimage", Stops: true}}
	got := sent(t, s)
	shop, worker, proxy := got[0].(map[string]any), got[1].(map[string]any), got[2].(map[string]any)
	if want := []any{map[string]any{"name": "OTHER", "value": "1"}, map[string]any{"name": "JAVA_TOOL_OPTIONS",
		"value": "-Xmx1g -agentlib:jdwp=x"}}; !reflect.DeepEqual(shop["env"], want) {
		t.Errorf("the environment is %v", shop["env"])
	}
	if shop["livenessProbe"] != nil || shop["startupProbe"] != nil ||
		shop["readinessProbe"].(map[string]any)["timeoutSeconds"] != int64(600) {
		t.Errorf("the probes are %v", shop)
	}
	if worker["env"] != nil { // the Pod has one port for a debugger
		t.Errorf("the second container has %v", worker["env"])
	}
	if proxy["livenessProbe"] == nil {
		t.Error("another owner's container has lost its probe")
	}
	s.Keep = []string{PatchProbes}
	if shop := sent(t, s)[0].(map[string]any); shop["livenessProbe"] == nil {
		t.Error("the probe is not kept")
	}
	s.Keep, s.Debug = nil, Debug{}
	if shop := sent(t, s)[0].(map[string]any); shop["livenessProbe"] == nil || len(shop["env"].([]any)) != 2 {
		t.Errorf("without a debugger it is %v", shop)
	}
}

func TestJVMOptionsOfTheImageStay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		java int
		env  string
		want []any
	}{
		"none":   {0, "", []any{map[string]any{"name": "JAVA_TOOL_OPTIONS", "value": "-Dimage -agent"}}},
		"Java 8": {8, "", []any{map[string]any{"name": "JAVA_TOOL_OPTIONS", "value": "-Dimage -agent"}}},
		"Java 9": {9, "", []any{map[string]any{"name": "JDK_JAVA_OPTIONS", "value": "-Dimage -agent"}}},
		"from elsewhere": {0, "env: [{name: JAVA_TOOL_OPTIONS, valueFrom: {configMapKeyRef: {name: c, key: k}}}]",
			[]any{
				map[string]any{"name": "JAVA_TOOL_OPTIONS",
					"valueFrom": map[string]any{"configMapKeyRef": map[string]any{"name": "c", "key": "k"}}},
				map[string]any{"name": "JDK_JAVA_OPTIONS", "value": "-agent"}}},
	} {
		m := manifestOf(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: shop}\nspec:\n  containers:\n    - name: shop\n      image: shop\n      "+c.env+"\n")
		got := sent(t, Spec{Manifest: m, Image: "shop:1", Names: []string{"shop"},
			Debug: Debug{JVMOptions: "-agent", ImageJVMOptions: "-Dimage", Java: c.java}})
		if env := got[0].(map[string]any)["env"]; !reflect.DeepEqual(env, c.want) {
			t.Errorf("%s: got %v", name, env)
		}
	}
}
