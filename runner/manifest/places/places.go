// Package places knows where projects keep Kubernetes manifests, by path alone.
//
//	places.IsLikely("k8s/pod.yaml")       // true
//	places.IsLikely("docker-compose.yml") // false
//
// It opens no file; package manifest reads what is there.
package places

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// SearchDirs are the directories of a project that are searched for manifests, the project's first.
var SearchDirs = []string{".", "k8s", "kubernetes", "deploy", "manifests", "src/main/k8s", "src/main/kubernetes"}

// otherDirNames are more names that projects give to directories of manifests, such as the bases of
// a kustomization. They are not searched: the user says which of them to deploy.
var otherDirNames = []string{"kube", "manifest", "deployment", "deployments", "kustomize"}

var (
	// neverManifests are YAML files that belong to other tools, wherever they are.
	neverManifests = regexp.MustCompile(`^(devloop|docker-compose.*|compose|\..*)\.ya?ml$`)
	// topLevelForeign are those at the top level of a project, where most tools keep their settings.
	topLevelForeign = regexp.MustCompile(`^(compose|application|bootstrap|openapi|swagger|mkdocs|azure-pipelines|bitbucket-pipelines|` +
		`codecov|skaffold|pnpm-|cloudbuild|appveyor|renovate)`)
)

// IsYAML reports whether a name is that of a YAML file, other than those that only other tools read.
func IsYAML(name string) bool {
	ext := filepath.Ext(name)
	return (ext == ".yaml" || ext == ".yml") && !neverManifests.MatchString(name)
}

// IsLikely reports whether a path, relative to the project and with slashes, is one where manifests are kept: YAML at
// the top level, or below a directory with a name such as k8s. It opens no file, so it works for deleted files too.
func IsLikely(name string) bool {
	dir, base := path.Dir(name), path.Base(name)
	if !IsYAML(base) {
		return false
	}
	if dir == "." {
		return !topLevelForeign.MatchString(base)
	}
	return slices.ContainsFunc(strings.Split(strings.ToLower(dir), "/"), func(dir string) bool {
		return slices.Contains(otherDirNames, dir) ||
			slices.ContainsFunc(SearchDirs[1:], func(searched string) bool { return path.Base(searched) == dir })
	})
}
