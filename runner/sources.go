package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// readSources reads what the paths stand for: a file, the manifests of a directory,
// sorted by name, or what its kustomization builds. A kustomization's own file
// stands for its directory, too.
func readSources(paths []string) ([]*source, error) {
	var sources []*source
	for _, path := range paths {
		list, err := sourcesOf(path)
		if err != nil {
			return nil, err
		}
		sources = append(sources, list...)
	}
	return sources, nil
}

func sourcesOf(path string) ([]*source, error) {
	if slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path)) {
		path = filepath.Dir(path)
	}
	info, err := os.Stat(path)
	if path == "-" || err != nil || !info.IsDir() {
		src, err := readSource(path)
		return []*source{src}, err
	}
	if kustomization(path) != "" {
		src, err := kustomized(path)
		return []*source{src}, err
	}
	if isChart(path) {
		return nil, &ChartError{Dir: path}
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var sources []*source
	for _, e := range entries {
		file := filepath.Join(path, e.Name())
		objects, err := objectsIn(file, e)
		if err != nil || !slices.ContainsFunc(objects, func(f Foreign) bool { return f.isManifest(false) }) {
			continue
		}
		src, err := readSource(file)
		if err != nil {
			return nil, err
		}
		sources = append(sources, src)
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("directory %q has no file with a Kubernetes object", path)
	}
	return sources, nil
}

// kustomization returns the file that makes a directory a kustomization, "" for none.
func kustomization(dir string) string {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
	}
	return ""
}

// kustomized builds a kustomization with its own library, by the rules of `kubectl
// apply -k`. What is wrong with the result is shown with the result's own lines.
func kustomized(dir string) (*source, error) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, &KustomizeError{File: kustomization(dir), Err: err}
	}
	text, err := built.AsYaml()
	if err != nil {
		return nil, &KustomizeError{File: kustomization(dir), Err: err}
	}
	src := newSource(kustomization(dir)+" (built)", text)
	src.below = dir
	return src, nil
}

// KustomizeError says that a kustomization can't be built.
type KustomizeError struct {
	File string
	Err  error
}

func (e *KustomizeError) Error() string {
	return fmt.Sprintf("build kustomization %q: %s", e.File, strings.Join(strings.Fields(e.Err.Error()), " "))
}

// Unwrap returns kustomize's error.
func (e *KustomizeError) Unwrap() error { return e.Err }

// Code returns "manifest.kustomize".
func (e *KustomizeError) Code() string { return "manifest.kustomize" }

// Hints says where to look.
func (e *KustomizeError) Hints() []string {
	return []string{"check the paths under `resources:` and `patches:`, which count from the kustomization's own directory"}
}

// isChart says whether a directory is a Helm chart (https://helm.sh/docs/topics/charts/).
func isChart(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, "Chart.yaml"))
	return err == nil && !info.IsDir()
}

// FindCharts returns the Helm charts in a project's directory, or one or two below it.
func FindCharts(dir string) (charts []string) {
	for _, place := range []string{".", "*", "*/*"} {
		found, _ := filepath.Glob(filepath.Join(dir, filepath.FromSlash(place), "Chart.yaml")) // the pattern is right
		for _, file := range found {
			charts = append(charts, filepath.Dir(file))
		}
	}
	return charts
}

// ChartError says that a Helm chart can't be used as it is.
type ChartError struct{ Dir string }

func (e *ChartError) Error() string {
	return fmt.Sprintf("%q is a Helm chart, whose templates devloop does not render", e.Dir)
}

// Code returns "manifest.chart".
func (e *ChartError) Code() string { return "manifest.chart" }

// Hints says how to make a manifest of it.
func (e *ChartError) Hints() []string {
	return []string{"render it: helm template " + e.Dir + " > k8s.yaml", "then name what came of it: --manifest k8s.yaml"}
}
