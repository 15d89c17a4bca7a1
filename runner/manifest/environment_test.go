package manifest

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/runner/kube"
)

func TestEnvironmentOfAManifest(t *testing.T) {
	const objects = `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: jvm}
data: {JAVA_TOOL_OPTIONS: "-XX:+UseG1GC", TOOL_OPTIONS: "-ea"}
---
apiVersion: v1
kind: Secret
metadata: {name: jvm}
data: {JDK_JAVA_OPTIONS: LVhteDFn}
stringData: {_JAVA_OPTIONS: "-Xint"}
`
	for container, want := range map[string][]string{
		``: nil,
		`env: [{name: JAVA_TOOL_OPTIONS, value: "-XX:+UseZGC"}]`:                                           {"JAVA_TOOL_OPTIONS=-XX:+UseZGC"},
		`env: [{name: OTHER, value: "-XX:+UseZGC"}]`:                                                       nil,
		`envFrom: [{configMapRef: {name: jvm}}]`:                                                           {"JAVA_TOOL_OPTIONS=-XX:+UseG1GC"},
		`envFrom: [{configMapRef: {name: jvm}, prefix: JAVA_}]`:                                            {"JAVA_TOOL_OPTIONS=-ea"},
		`envFrom: [{secretRef: {name: jvm}}]`:                                                              {"JDK_JAVA_OPTIONS=-Xmx1g", "_JAVA_OPTIONS=-Xint"},
		`envFrom: [{configMapRef: {name: elsewhere}}]`:                                                     nil,
		`{envFrom: [{configMapRef: {name: jvm}}], env: [{name: JAVA_TOOL_OPTIONS, value: "-Xmx2g"}]}`:      {"JAVA_TOOL_OPTIONS=-Xmx2g"},
		`env: [{name: JDK_JAVA_OPTIONS, valueFrom: {configMapKeyRef: {name: jvm, key: TOOL_OPTIONS}}}]`:    {"JDK_JAVA_OPTIONS=-ea"},
		`env: [{name: JDK_JAVA_OPTIONS, valueFrom: {secretKeyRef: {name: elsewhere, key: TOOL_OPTIONS}}}]`: {"JDK_JAVA_OPTIONS="},
	} {
		more := ""
		switch {
		case container == "":
		case container[0] == '{':
			more = ", " + container[1:len(container)-1]
		default:
			more = ", " + container
		}
		file := filepath.Join(t.TempDir(), "pod.yaml")
		text := "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: web, image: web" +
			more + "}\n  - {name: db, image: db, env: [{name: JAVA_TOOL_OPTIONS, value: -Xmx9g}]}\n" + objects
		testfile.Write(t, "", file, text)
		m, err := Load(file)
		if err != nil {
			t.Fatalf("%s: %v", container, err)
		}
		got := m.Environment([]string{"web"}, "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", container, got, want)
		}
	}
}

// TestEnvironmentThatOnlyTheClusterKnows: the manifest says where variables come from, and has not all of it.
func TestEnvironmentThatOnlyTheClusterKnows(t *testing.T) {
	t.Parallel()
	const pod = `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: web
    image: web
    envFrom:
    - configMapRef: {name: own}
    - configMapRef: {name: jvm}
    - secretRef: {name: hidden}
    - {configMapRef: {name: other}, prefix: DB_}
    env:
    - {name: JDK_JAVA_OPTIONS, valueFrom: {secretKeyRef: {name: keys, key: options}}}
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: password, key: a}}}
  - {name: db, image: db, envFrom: [{configMapRef: {name: db}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: own}
data: {A: b}
`
	m := must.Get(Load(testfile.Write(t, t.TempDir(), "pod.yaml", pod)))(t)
	of := func(kind, name string) kube.Ref { return kube.Ref{Kind: kind, Namespace: "team", Name: name} }
	names, images := []string{"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"}, []string{"web"}
	if got, want := m.Missing("team", images, names...),
		[]kube.Ref{of("ConfigMap", "jvm"), of("Secret", "hidden"), of("Secret", "keys")}; !slices.Equal(got, want) {
		t.Errorf("missing %v, want %v", got, want)
	}
	known := m.WithValues(
		Values{of("ConfigMap", "jvm"): {"JAVA_TOOL_OPTIONS": "-XX:+UseG1GC"}, of("Secret", "keys"): {"options": "-ea"}})
	if got, want := known.Environment(images, names...),
		[]string{"JAVA_TOOL_OPTIONS=-XX:+UseG1GC", "JDK_JAVA_OPTIONS=-ea"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !known.SameObjects(m) || len(known.Objects()) != 2 {
		t.Error("the values are deployed")
	}
}
