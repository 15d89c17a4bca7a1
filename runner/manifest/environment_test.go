package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
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
		text := "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - {name: web, image: web" + more + "}\n  - {name: db, image: db, env: [{name: JAVA_TOOL_OPTIONS, value: -Xmx9g}]}\n" + objects
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
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
