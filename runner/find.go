package runner

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// manifestDirs are where projects keep their manifests, next to the top level.
var manifestDirs = []string{".", "k8s", "kubernetes", "deploy", "manifests", "src/main/k8s", "src/main/kubernetes"}

// notManifests are YAML files that belong to other tools, by name.
var notManifests = regexp.MustCompile(`^(devloop|skaffold|kustomization|docker-compose.*|compose.*|application.*|bootstrap.*|\..*)\.ya?ml$`)

var (
	hasKind       = regexp.MustCompile(`(?m)^["']?kind["']?:`)
	hasAPIVersion = regexp.MustCompile(`(?m)^["']?apiVersion["']?:`)
	// foreignFormat marks files that look like manifests and that no cluster takes:
	// settings of kind, kubeadm and the kubelet, kustomizations, kubeconfigs.
	foreignFormat = regexp.MustCompile(`(?m)^apiVersion:\s*["']?(kind\.x-k8s\.io|kubeadm\.k8s\.io|kubelet\.config\.k8s\.io|kustomize\.config\.k8s\.io|skaffold|audit\.k8s\.io|ctlptl\.dev)/|^kind:\s*["']?(Config|Kustomization)\b`)
)

// FindManifests returns the user's own manifests of the project in dir: the YAML
// files with Kubernetes objects at its top level and in the directories where
// projects usually keep them, sorted within each. It returns none and no error
// where there are none. A directory with a kustomization stands for what that
// builds. A file counts that has lines starting with apiVersion and
// kind, so that one with a mistake in it is found all the same.
func FindManifests(dir string) ([]string, error) {
	var found []string
	for _, sub := range manifestDirs {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if kustomization(filepath.Join(dir, sub)) != "" {
			found = append(found, filepath.Join(dir, sub))
			continue
		}
		for _, e := range entries {
			path := filepath.Join(dir, sub, e.Name())
			is, err := isManifest(path, e)
			if err != nil {
				return nil, err
			}
			if is {
				found = append(found, path)
			}
		}
	}
	return found, nil
}

func isManifest(path string, e fs.DirEntry) (bool, error) {
	extensions := []string{".yaml", ".yml"}
	if e.IsDir() || !slices.Contains(extensions, filepath.Ext(path)) || notManifests.MatchString(e.Name()) {
		return false, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) { // a dangling link, an editor's file that is gone
		return false, nil
	}
	return hasKind.Match(text) && hasAPIVersion.Match(text) && !foreignFormat.Match(text), err
}
