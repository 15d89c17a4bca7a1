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

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/yamlfile"
)

// source is a manifest's file.
type source struct {
	*yamlfile.File
	read []string // what a kustomization read
	dirs []string // its directory, and those of its bases
}

// Load reads files, the YAML files of directories, and what kustomizations build. All mistakes are in one [*Error], and
// so is a file that can't be read. Kinds that are not built into Kubernetes are left to the cluster,
// and objects that only `helm test` makes are left out.
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
		m.objects = append(m.objects, slices.DeleteFunc(objects, isHelmTest)...)
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

// unreadable returns an [*Error] for a file that can't be read; a kustomization's failure is an error of its own.
func unreadable(err error) error {
	failed, ok := errors.AsType[*fs.PathError](err)
	if !ok {
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

// readSources reads what the paths stand for: a file, the manifests of a directory, sorted by name, or what its
// kustomization builds. A kustomization's own file stands for its directory, too.
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
		return nil, &fault.Error{Code: "manifest.chart",
			Op:    fmt.Sprintf("%q is a Helm chart, whose templates devloop does not render", path),
			Hints: ChartHints(path)}
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

// kustomized builds a kustomization as `kubectl apply -k` does. Mistakes are shown with the lines of the result.
func kustomized(dir string) (source, error) {
	files := &recorder{FileSystem: filesys.MakeFsOnDisk()}
	file := kustomization(dir)
	var text []byte
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, dir)
	if err == nil {
		text, err = built.AsYaml()
	}
	if err != nil { // it is not wrapped: a file that can't be read is one that the kustomization names
		return source{}, &fault.Error{Code: "manifest.kustomize",
			Op:    fmt.Sprintf("build kustomization %q: %s", file, strings.Join(strings.Fields(err.Error()), " ")),
			Hints: []string{"check the paths under `resources:` and `patches:`, which count from the kustomization's own directory"}}
	}
	src := source{File: yamlfile.New(file+" (built)", text), read: files.read, dirs: []string{dir}}
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

func (r *recorder) ReadFile(path string) ([]byte, error) {
	text, err := r.FileSystem.ReadFile(path)
	if err == nil {
		r.read = append(r.read, path)
	}
	return text, err
}

// isHelmTest reports whether an object that `helm template` wrote is one that `helm test` makes, and helm install does
// not (https://helm.sh/docs/topics/chart_tests/).
func isHelmTest(o object) bool {
	hooks := strings.FieldsFunc(o.GetAnnotations()["helm.sh/hook"], func(r rune) bool { return r == ',' || r == ' ' })
	return slices.ContainsFunc(hooks, func(hook string) bool { return hook == "test" || hook == "test-success" })
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

// ChartHints says how to make a manifest of a Helm chart.
func ChartHints(dir string) []string {
	return []string{"render it: helm template " + dir + " > k8s.yaml", "then name what came of it: --manifest k8s.yaml"}
}
