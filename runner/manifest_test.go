package runner

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestBrokenManifests shows what a person is told about each way to get a manifest
// wrong: the golden files are meant to be read.
func TestBrokenManifests(t *testing.T) {
	paths, err := filepath.Glob("testdata/manifests/*.yaml")
	if err != nil || len(paths) < 20 {
		t.Fatalf("found %d broken manifests, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			_, err := ReadManifests(path)
			var invalid *ManifestError
			if !errors.As(err, &invalid) {
				t.Fatalf("error is %T %v, want a *ManifestError", err, err)
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".golden", report(invalid))
		})
	}
}

// report is an error as a display would show it.
func report(e interface {
	error
	Code() string
	Evidence() []string
	Hints() []string
}) string {
	var b strings.Builder
	b.WriteString(e.Code() + ": " + e.Error() + "\n")
	for _, line := range e.Evidence() {
		b.WriteString("  " + line + "\n")
	}
	for _, hint := range e.Hints() {
		b.WriteString("hint: " + hint + "\n")
	}
	return b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
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
	of := Object{Kind: "Deployment", Namespace: "shop", Name: "web"}
	want := []Endpoint{{Of: of, Index: 0, Port: 8080}, {Of: of, Index: 0, Port: 9090}, {Of: of, Index: 1, Port: 8080}, {Of: of, Index: 1, Port: 9090}}
	if got := m.Endpoints("default"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
