package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/watch"
)

const podText = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: web}]}\n"

// write makes a project of the files.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestManifestAloneIsAppliedWithoutABuild(t *testing.T) {
	object, source := plan.Saved{Manifest: true}, plan.Saved{Sources: true}
	for name, project := range map[string]struct {
		named string // by -f
		files map[string]string
		saved map[string]plan.Saved
	}{
		"found": {"", map[string]string{"k8s/pod.yaml": podText, "openapi.yaml": "a: b"}, map[string]plan.Saved{
			"k8s/pod.yaml": object, "openapi.yaml": source, "src/main/resources/application.yaml": source}},
		"named file": {"ops/web.yaml", map[string]string{"ops/web.yaml": podText, "pod.yaml": podText}, map[string]plan.Saved{
			"ops/web.yaml": object, "pod.yaml": {Manifest: true, Sources: true}}},
		"named directory": {"ops", map[string]string{"ops/web.yaml": podText, "ops/Dockerfile": "FROM x"}, map[string]plan.Saved{
			"ops/web.yaml": object, "ops/Dockerfile": source, "README.md": source}},
		"kustomization": {"", map[string]string{"k8s/kustomization.yaml": "resources: [base/pod.yaml]\nconfigMapGenerator: [{name: c, files: [app.properties]}]\n",
			"k8s/base/pod.yaml": podText, "k8s/app.properties": "a=b"}, map[string]plan.Saved{
			"k8s/kustomization.yaml": object, "k8s/base/pod.yaml": object, "k8s/app.properties": object, "src/main/resources/a.properties": source}},
	} {
		t.Run(name, func(t *testing.T) {
			l := &Session{Target: Target{Name: "web", Dir: t.TempDir()}}
			if project.named != "" {
				l.Target.Manifests = []string{filepath.Join(l.Target.Dir, project.named)}
			}
			write(t, l.Target.Dir, project.files)
			m, err := l.readManifest()
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range project.saved {
				for _, known := range [][2]manifest.Manifest{{m, m}, {m, {}}, {{}, m}} { // changed, deleted, new
					if got := l.Target.saved(changedFile(path), known[0], known[1]); got != want {
						t.Errorf("%s: got %+v, want %+v", path, got, want)
					}
				}
			}
		})
	}
}

func TestManifestThatComesIsTheOneFromThenOn(t *testing.T) {
	l := &Session{Target: Target{Name: "shop", Dir: t.TempDir()}}
	if m, err := l.readManifest(); err != nil || !m.Generated() || m.Refs()[0].Name != "shop" {
		t.Errorf("without a manifest: %v, %v", m.Refs(), err)
	}
	write(t, l.Target.Dir, map[string]string{"k8s/pod.yaml": podText})
	if m, err := l.readManifest(); err != nil || m.Generated() || m.Refs()[0].Name != "web" {
		t.Errorf("with one: %v, %v", m.Refs(), err)
	}
}

func TestManifestThatWantsAnotherKindOfImageIsRefused(t *testing.T) {
	l, r := newTestSession(&fakes{quick: true})
	l.Target.Dir = t.TempDir()
	l.Target.NotPatchableReason = func(m manifest.Manifest) string {
		if slices.ContainsFunc(m.Containers(), func(c manifest.Container) bool { return c.Runs("app") && (c.Command != nil || c.Args != nil) }) {
			return "the manifest sets the container's command"
		}
		return ""
	}
	manifest := "apiVersion: v1\nkind: Pod\nmetadata: {name: app}\nspec: {containers: [{name: app, image: app%s}]}\n"
	write(t, l.Target.Dir, map[string]string{"pod.yaml": fmt.Sprintf(manifest, "")})
	if err := l.Deploy(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := len(r.stages())
	write(t, l.Target.Dir, map[string]string{"pod.yaml": fmt.Sprintf(manifest, ", command: [java]")})
	err := l.Deploy(t.Context())
	if unfit := (*IncompatibleManifestError)(nil); !errors.As(err, &unfit) || len(r.stages()) != before {
		t.Errorf("got %v, after %q", err, r.stages()[before:])
	}
	l.Target.NotPatchable = "the manifest sets the container's command"
	if err := l.Deploy(t.Context()); err != nil {
		t.Errorf("where the images are made for it: %v", err)
	}
}

func TestSettingsOfASessionThatGoesOnStayAndThatIsSaid(t *testing.T) {
	for _, c := range []struct {
		changed watch.Batch
		said    bool
	}{{changedFile("devloop.yaml"), true}, {changedFile("A.java"), false}, {watch.Everything(), false}, {watch.Whatever(), false}} {
		l, r := newTestSession(&fakes{quick: true})
		if err := newCycle(l, 2, "saved", c.changed).run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		said := slices.ContainsFunc(r.events, func(e event.Event) bool {
			n, is := e.Body.(event.Notice)
			return is && strings.Contains(n.Text, "the settings that it began with")
		})
		if said != c.said {
			t.Errorf("%v: said %v", c.changed, said)
		}
	}
}
