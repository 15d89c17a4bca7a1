package manifest

import (
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// searchDirs are the directories of a project in which [Find] looks.
var searchDirs = []string{".", "k8s", "kubernetes", "deploy", "manifests", "src/main/k8s", "src/main/kubernetes"}

// otherDirNames are more names that projects give to directories of manifests, such as the bases of
// a kustomization. Find does not look there: the user says which of them to deploy.
var otherDirNames = []string{"kube", "manifest", "deployment", "deployments", "kustomize"}

var (
	// neverManifests are YAML files that belong to other tools, wherever they are.
	neverManifests = regexp.MustCompile(`^(devloop|docker-compose.*|compose|\..*)\.ya?ml$`)
	// topLevelForeign are those at the top level of a project, where most tools keep their settings.
	topLevelForeign = regexp.MustCompile(`^(compose|application|bootstrap|openapi|swagger|mkdocs|azure-pipelines|bitbucket-pipelines|` +
		`codecov|skaffold|pnpm-|cloudbuild|appveyor|renovate)`)
)

func isYAML(name string) bool {
	ext := filepath.Ext(name)
	return (ext == ".yaml" || ext == ".yml") && !neverManifests.MatchString(name)
}

// IsLikely reports whether a path, relative to the project and with slashes, is one where manifests
// are kept: YAML at the top level, or below a directory with a name such as k8s. It opens no file,
// and so knows deleted ones too; [Manifest.DependsOn] knows which files were in fact read.
func IsLikely(name string) bool {
	dir, base := path.Dir(name), path.Base(name)
	if !isYAML(base) {
		return false
	}
	if dir == "." {
		return !topLevelForeign.MatchString(base)
	}
	return slices.ContainsFunc(strings.Split(strings.ToLower(dir), "/"), func(dir string) bool {
		return slices.Contains(otherDirNames, dir) || slices.ContainsFunc(searchDirs[1:], func(searched string) bool { return path.Base(searched) == dir })
	})
}
