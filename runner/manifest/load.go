package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/devloop-cli/devloop/internal/yamlfile"
)

// source is a manifest's file.
type source struct {
	*yamlfile.File
	read []string // what a kustomization read
	dirs []string // its directory, and those of its bases
}

// Load reads files, the YAML files of directories, and what kustomizations build. All mistakes are in
// one [*Error], and so is a file that can't be read. Kinds that are not built into Kubernetes are left
// to the cluster.
func Load(paths ...string) (Manifest, error) {
	var m Manifest
	var problems yamlfile.Problems
	sources, err := readSources(paths)
	if err != nil {
		return Manifest{}, unreadable(err)
	}
	m.sources = sources
	for _, src := range sources {
		objects, found := check(src.File)
		m.objects = append(m.objects, objects...)
		slices.SortStableFunc(found, yamlfile.ByPlace)
		problems = append(problems, found...)
	}
	problems = append(problems, duplicates(m.objects)...)
	if len(problems) > 0 {
		problems = append(problems, m.Doubts()...)
		slices.SortStableFunc(problems, yamlfile.ByPlace)
		return Manifest{}, &Error{problems}
	}
	return m, nil
}

// unreadable returns an [*Error] for a file that the system does not let us read; a
// kustomization that does not build has an error of its own.
func unreadable(err error) error {
	var failed *fs.PathError
	if errors.As(err, new(*KustomizeError)) || !errors.As(err, &failed) {
		return fmt.Errorf("read manifest: %w", err)
	}
	return &Error{yamlfile.Problems{{File: failed.Path, Message: failed.Err.Error()}}}
}

// Error lists the problems of manifests, by file and by line. Nothing has been touched.
type Error struct{ yamlfile.Problems }

func (e *Error) Error() string {
	if len(e.Problems) > 1 {
		return fmt.Sprintf("manifest has %d problems", len(e.Problems))
	}
	return "read manifest: " + e.Problems.Error()
}

// Code returns "manifest.invalid".
func (e *Error) Code() string { return "manifest.invalid" }

// readSources reads what the paths stand for: a file, the manifests of a directory,
// sorted by name, or what its kustomization builds. A kustomization's own file
// stands for its directory, too.
func readSources(paths []string) ([]source, error) {
	var sources []source
	for _, path := range paths {
		list, err := sourcesOf(path)
		if err != nil {
			return nil, err
		}
		sources = append(sources, list...)
	}
	return sources, nil
}

func sourcesOf(path string) ([]source, error) {
	if slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(path)) {
		path = filepath.Dir(path)
	}
	info, err := os.Stat(path)
	if path == "-" || err != nil || !info.IsDir() {
		src, err := yamlfile.Read(path)
		return []source{{File: src}}, err
	}
	if kustomization(path) != "" {
		src, err := kustomized(path)
		return []source{src}, err
	}
	if isChart(path) {
		return nil, &ChartError{Dir: path}
	}
	files, _, err := filesIn(path, false)
	if err != nil {
		return nil, err
	}
	var sources []source
	for _, file := range files {
		src, err := yamlfile.Read(file)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source{File: src})
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

// kustomized builds a kustomization as `kubectl apply -k` does. Mistakes are shown with the lines of
// the result.
func kustomized(dir string) (source, error) {
	files := &recorder{FileSystem: filesys.MakeFsOnDisk()}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, dir)
	if err != nil {
		return source{}, &KustomizeError{File: kustomization(dir), Err: err}
	}
	text, err := built.AsYaml()
	if err != nil {
		return source{}, &KustomizeError{File: kustomization(dir), Err: err}
	}
	src := source{File: yamlfile.New(kustomization(dir)+" (built)", text), read: files.read, dirs: []string{dir}}
	for _, file := range files.read {
		if slices.Contains(konfig.RecognizedKustomizationFileNames(), filepath.Base(file)) {
			src.dirs = append(src.dirs, filepath.Dir(file))
		}
	}
	return src, nil
}

// recorder notes which files are read.
type recorder struct {
	filesys.FileSystem
	read []string
}

// ReadFile implements [filesys.FileSystem].
func (r *recorder) ReadFile(path string) ([]byte, error) {
	text, err := r.FileSystem.ReadFile(path)
	if err == nil {
		r.read = append(r.read, path)
	}
	return text, err
}

// KustomizeError says that a kustomization does not build.
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

// Charts returns the Helm charts of a project: in its directory, or up to two levels below it.
func Charts(dir string) (charts []string) {
	for _, below := range []string{".", "*", "*/*"} {
		found, _ := filepath.Glob(filepath.Join(dir, filepath.FromSlash(below), "Chart.yaml")) // the pattern is right
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
