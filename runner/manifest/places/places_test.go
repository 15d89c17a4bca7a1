package places

import "testing"

func TestLikelyManifestsAreToldByTheirPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"pod.yaml": true, "k8s/app.yml": true, "app/K8s/a.yaml": true, "src/main/kubernetes/a.yaml": true, "kustomize/base/pod.yaml": true,
		"k8s/application.yaml": true, "application.yaml": false, "compose.yaml": false, "k8s/.pod.yaml": false, ".github/workflows/ci.yaml": false,
		"docs/config.yaml": false, "main/config.yaml": false, "k8s/README.md": false,
	} {
		if got := IsLikely(path); got != want {
			t.Errorf("IsLikely(%q) is %v", path, got)
		}
	}
}
