package manifest

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/devloop-cli/devloop/internal/lists"
)

// environment matches the word in a file's name for the environment that the file is for.
var environment = regexp.MustCompile(`(?i)(?:^|[._-])(local|dev|development|test|testing|qa|uat|int|stage|staging|preprod|prd|prod|production)(?:[._-]|$)`)

// ownEnvironments are those of a developer's machine, the best one first. "" is a file for all of them.
var ownEnvironments = []string{"local", "dev", "development", ""}

// withoutVariants leaves out files whose names differ only in their environment, as those of app-dev.yaml and
// app-prod.yaml do, except for the developer's own. Without one of these, the user has to choose.
func withoutVariants(files []string) (kept, left []string, err error) {
	groups := map[string][]string{}
	base := func(file string) string { return environment.ReplaceAllString(stem(file), "") }
	key := func(file string) string { return filepath.Dir(file) + "/" + base(file) }
	for _, file := range files {
		groups[key(file)] = append(groups[key(file)], file)
	}
	for _, file := range files {
		group := groups[key(file)]
		own := ownOf(group)
		switch {
		case len(group) == 1 || file == own:
			kept = append(kept, file)
		case own == "":
			return nil, nil, &VariantsError{group}
		default:
			left = append(left, file)
		}
	}
	return kept, left, nil
}

// ownOf returns the file of a group that is for a developer's machine, "" for none.
func ownOf(group []string) string {
	for _, name := range ownEnvironments {
		for _, file := range group {
			found := append(environment.FindStringSubmatch(strings.ToLower(stem(file))), "", "")[1]
			if found == name {
				return file
			}
		}
	}
	return ""
}

func stem(file string) string { return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)) }

// VariantsError says that several files describe the same objects, for different environments.
type VariantsError struct{ Files []string }

func (e *VariantsError) Error() string {
	return fmt.Sprintf("choose a manifest: %s describe the same for several environments",
		strings.Join(lists.Map(e.Files, filepath.Base), ", "))
}

// Code returns "manifest.variants".
func (e *VariantsError) Code() string { return "manifest.variants" }

// Hints says how to choose one.
func (e *VariantsError) Hints() []string {
	return []string{"name the one to deploy: --manifest " + e.Files[0] + ", or manifest in devloop.yaml"}
}

// FindDeeper returns directories with manifests below those that [Find] searches: the user says which to deploy.
func FindDeeper(dir string) (dirs []string) {
	for _, pattern := range []string{"k8s/*", "k8s/*/*", "kubernetes/*", "kubernetes/*/*", "deploy/*", "deploy/*/*",
		"manifests/*", "manifests/*/*", "kustomize/*", "kustomize/*/*"} {
		found, _ := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern))) // the pattern is right
		for _, place := range found {
			files, _, err := filesIn(place, false)
			if kustomization(place) != "" || err == nil && len(files) > 0 {
				dirs = append(dirs, place)
			}
		}
	}
	return dirs
}
