package target

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/watch"
)

const podText = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: web}]}\n"

// write makes a project of the files.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		testfile.Write(t, dir, name, text)
	}
}

// TestManifestOutsideOfALinkedProjectIsRecognized: the watcher's paths begin with the directory that the link points
// to.
func TestManifestOutsideOfALinkedProjectIsRecognized(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, root, map[string]string{"deep/down/shop/pom.xml": "", "ops/web.yaml": podText})
	link := filepath.Join(root, "shop")
	if err := os.Symlink(filepath.Join(root, "deep", "down", "shop"), link); err != nil {
		t.Skip(err) // Windows may forbid it
	}
	l := Target{Name: "web", Dir: link, Manifests: []string{filepath.Join(link, "..", "ops", "web.yaml")}}
	m, _, err := l.Manifest(t.Context(), 8080)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.Saved(watch.Batch{Paths: []string{"../../../ops/web.yaml"}}, m, m),
		(plan.Saved{Manifest: true}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestManifestAloneIsAppliedWithoutABuild(t *testing.T) {
	t.Parallel()
	object, source := plan.Saved{Manifest: true}, plan.Saved{Sources: true}
	for name, project := range map[string]struct {
		named string // by -f
		files map[string]string
		saved map[string]plan.Saved
	}{
		"found": {"", map[string]string{"k8s/pod.yaml": podText, "openapi.yaml": "a: b"}, map[string]plan.Saved{
			"k8s/pod.yaml": object, "openapi.yaml": source, "src/main/resources/application.yaml": source}},
		"named file": {"ops/web.yaml", map[string]string{"ops/web.yaml": podText, "pod.yaml": podText},
			map[string]plan.Saved{
				"ops/web.yaml": object, "pod.yaml": {Manifest: true, Sources: true}}},
		"named directory": {"ops", map[string]string{"ops/web.yaml": podText, "ops/Dockerfile": "FROM x"},
			map[string]plan.Saved{
				"ops/web.yaml": object, "ops/Dockerfile": source, "README.md": source}},
		"kustomization": {"", map[string]string{"k8s/kustomization.yaml": "resources: [base/pod.yaml]\nconfigMapGenerator: [{name: c, files: [app.properties]}]\n",
			"k8s/base/pod.yaml": podText, "k8s/app.properties": "a=b"}, map[string]plan.Saved{
			"k8s/kustomization.yaml": object, "k8s/base/pod.yaml": object, "k8s/app.properties": object, "src/main/resources/a.properties": source}},
	} {
		t.Run(name, func(t *testing.T) {
			l := Target{Name: "web", Dir: t.TempDir()}
			if project.named != "" {
				l.Manifests = []string{filepath.Join(l.Dir, project.named)}
			}
			write(t, l.Dir, project.files)
			m, _, err := l.Manifest(t.Context(), 8080)
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range project.saved {
				for _, known := range [][2]manifest.Manifest{{m, m}, {m, {}}, {{}, m}} { // changed, deleted, new
					if got := l.Saved(watch.Batch{Paths: []string{path}}, known[0], known[1]); got != want {
						t.Errorf("%s: got %+v, want %+v", path, got, want)
					}
				}
			}
		})
	}
}

func TestManifestThatComesIsTheOneFromThenOn(t *testing.T) {
	t.Parallel()
	l := Target{Name: "shop", Dir: t.TempDir()}
	if m, _, err := l.Manifest(t.Context(), 8080); err != nil || !m.Generated() || m.Refs()[0].Name != "shop" {
		t.Errorf("without a manifest: %v, %v", m.Refs(), err)
	}
	write(t, l.Dir, map[string]string{"k8s/pod.yaml": podText})
	if m, _, err := l.Manifest(t.Context(), 8080); err != nil || m.Generated() || m.Refs()[0].Name != "web" {
		t.Errorf("with one: %v, %v", m.Refs(), err)
	}
}

func TestWhateverChangedIsSourcesAndNotTheManifest(t *testing.T) {
	t.Parallel()
	saved := Target{Dir: t.TempDir()}.Saved(watch.Whatever(), manifest.Manifest{}, manifest.Manifest{})
	if want := (plan.Saved{Sources: true}); saved != want {
		t.Errorf("got %+v, want %+v", saved, want)
	}
	both := watch.Whatever().Merge(watch.Batch{Paths: []string{"k8s/pod.yaml"}})
	if !(Target{}).Saved(both, manifest.Manifest{}, manifest.Manifest{}).Manifest {
		t.Error("the manifest that changed besides is forgotten")
	}
}

func TestManifestThatNeedsOtherImagesIsRefused(t *testing.T) {
	t.Parallel()
	why := func(manifest.Manifest) string { return "the manifest sets the container's command" }
	for name, c := range map[string]struct {
		target Target
		code   string
	}{
		"a manifest that does not suit": {Target{Unsuitable: why}, "manifest.incompatible"},
		"a manifest that suits":         {Target{Unsuitable: func(manifest.Manifest) string { return "" }}, ""},
		"no reason against any of them": {Target{}, ""},
	} {
		c.target.Name, c.target.Dir = "web", t.TempDir()
		if _, _, err := c.target.Manifest(t.Context(), 8080); fault.Of(err).Code != c.code ||
			(err != nil) != (c.code != "") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestGeneratedPodHasThePortAndTheUsersVariables(t *testing.T) {
	t.Parallel()
	l := Target{Name: "shop", Dir: t.TempDir(), Env: []string{"A=b"}}
	m, _, err := l.Manifest(t.Context(), 8080)
	if err != nil || len(m.Endpoints("default")) != 1 || m.Endpoints("default")[0].Port != 8080 {
		t.Errorf("got %v, %v", m.Endpoints("default"), err)
	}
	if got := m.Environment([]string{"shop"}, "A"); len(got) != 1 || got[0] != "A=b" {
		t.Errorf("variables %q", got)
	}
	if got := l.Own(m, 9090).Endpoints("default"); len(got) != 1 || got[0].Port != 9090 {
		t.Errorf("with another port: %v", got)
	}
}

func TestManifestHasTheValuesOfTheCluster(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: web, envFrom: [{configMapRef: {name: jvm}}]}]}\n"})
	l := Target{Name: "web", Dir: dir,
		Values: manifest.Values{{Kind: "ConfigMap", Namespace: "default", Name: "jvm"}: {"A": "b"}}}
	m, _, err := l.Manifest(t.Context(), 8080)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Environment([]string{"web"}, "A"); !slices.Equal(got, []string{"A=b"}) {
		t.Errorf("variables %q", got)
	}
}

func TestApplicationsPortsComeFirstAndThoseOnlyTheUserNamesAreItsOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec: {containers: [{name: db, image: postgres, ports: [{containerPort: 5432}]}]}\n---\n" +
		"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: sidecar, image: collector, ports: [{containerPort: 4317}]}, {name: web, image: web, ports: [{containerPort: 8080}]}]}\n"})
	l := Target{Name: "web", Dir: dir, Namespace: "default", Ports: map[int]int{9779: 9779}}
	m, _, err := l.Manifest(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	offered := l.Declared(m)
	slices.Reverse(offered)
	var got []string
	for _, e := range l.Endpoints(m, offered) {
		got = append(got, fmt.Sprintf("%s:%d", e.Of.Name, e.Port))
	}
	if want := []string{"web:8080", "db:5432", "web:4317", "web:9779"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if image, guessed := l.GuessedImage(m); guessed {
		t.Errorf("the project's own image is a guess: %q", image)
	}
}
