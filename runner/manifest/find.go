package manifest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/runner/manifest/places"
)

var (
	hasKind       = regexp.MustCompile(`(?m)^["']?kind["']?:[ \t]*["']?([^\s"'#]*)`)
	hasAPIVersion = regexp.MustCompile(`(?m)^["']?apiVersion["']?:[ \t]*["']?([^\s"'#]*)`)
	newDocument   = regexp.MustCompile(`(?m)^---(?:\s|$)`)
	// otherTools are the API groups of files that look like manifests and that other tools read.
	otherTools = regexp.MustCompile(`^(skaffold|audit\.k8s\.io|(.+\.)?config\.k8s\.io|client\.authentication\.k8s\.io|kubeadm\.k8s\.io|kind\.x-k8s\.io|ctlptl\.dev|tilt\.dev|` +
		`(.+\.)?(backstage|k3d|garden|eksctl|k0sproject|kluctl|codefresh)\.io|kpt\.dev)$`)
)

// Foreign is a file that looks like a manifest, but belongs to another tool.
type Foreign struct {
	File             string
	APIVersion, Kind string // of its first object
}

// Find returns the user's own manifests of the project in dir: the YAML files with Kubernetes objects at its top level
// and in the directories where projects usually keep them, sorted within each, or none. A directory with a
// kustomization stands for what that builds. A file counts that has lines starting with apiVersion and kind, so that
// one with a mistake in it is found, too. See [FindOthers] for those that don't count.
func Find(dir string) ([]string, error) {
	found, _, err := find(dir)
	if err != nil {
		return nil, err
	}
	kept, _, err := withoutVariants(found)
	return kept, err
}

// FindOthers returns the files that [Find] leaves out: variants describe the same objects for another environment, and
// other tools read those that are foreign: of an API group that a tool is known for, and at the top level those of any
// group that is not Kubernetes' own.
func FindOthers(dir string) (variants []string, foreign []Foreign, err error) {
	found, foreign, err := find(dir)
	if err == nil {
		_, variants, err = withoutVariants(found)
	}
	return variants, foreign, err
}

func find(dir string) (found []string, foreign []Foreign, err error) {
	for _, sub := range places.SearchDirs {
		place := filepath.Join(dir, sub)
		if info, err := os.Stat(place); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
			continue
		}
		if kustomization(place) != "" {
			found = append(found, place)
			continue
		}
		files, others, err := filesIn(place, sub == ".")
		if err != nil {
			return nil, nil, err
		}
		found, foreign = append(found, files...), append(foreign, others...)
	}
	return found, foreign, nil
}

// filesIn returns the manifests of a directory, and the files that only look like some.
func filesIn(place string, topLevel bool) (found []string, foreign []Foreign, err error) {
	entries, err := os.ReadDir(place)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		objects, err := objectsIn(filepath.Join(place, e.Name()), e)
		if err != nil {
			return nil, nil, err
		}
		switch {
		case len(objects) == 0:
		case slices.ContainsFunc(objects, func(f Foreign) bool { return f.isManifest(topLevel) }):
			found = append(found, objects[0].File)
		default:
			foreign = append(foreign, objects[0])
		}
	}
	return found, foreign, nil
}

// isManifest says whether a cluster is meant to read the file. At the top level of a project it has
// to be of a group of Kubernetes itself, whose names have no dot or end in k8s.io.
func (f Foreign) isManifest(topLevel bool) bool {
	group, _, hasGroup := strings.Cut(f.APIVersion, "/")
	if !hasGroup {
		return f.Kind != "Config" // that of a kubeconfig
	}
	own := !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
	return f.Kind != "Kustomization" && !otherTools.MatchString(group) && (own || !topLevel)
}

// objectsIn returns what the documents of a YAML file say that they are, none for every other file.
func objectsIn(path string, e fs.DirEntry) ([]Foreign, error) {
	if e.IsDir() || !places.IsYAML(e.Name()) {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) { // a dangling link, an editor's file that is gone
		return nil, nil
	}
	var objects []Foreign
	for _, document := range newDocument.Split(string(text), -1) {
		version, kind := hasAPIVersion.FindStringSubmatch(document), hasKind.FindStringSubmatch(document)
		if version != nil && kind != nil {
			objects = append(objects, Foreign{path, version[1], kind[1]})
		}
	}
	return objects, err
}
