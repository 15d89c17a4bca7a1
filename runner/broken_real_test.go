package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/golden"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/render"
)

// atOnce is how many Pods of the tables run at the same time.
const atOnce = 8

// TestRealBrokenPods runs each way to break a Pod on the cluster, and shows what a person is told: the golden files are
// meant to be read. A manifest may begin with `# wait: 6s`: it is one that nothing but the time can end.
func TestRealBrokenPods(t *testing.T) {
	paths := table(t, "testdata/broken", 45)
	if !real.LongTier() { // the kubelet takes a minute and a half to throw this one out
		paths = slices.DeleteFunc(paths, func(path string) bool { return filepath.Base(path) == "disk-limit.yaml" })
	}
	told := make([]string, len(paths))
	runTable(t, paths, func(ctx context.Context, r *Runner, i int, pods []kube.Pod) {
		var why *podstatus.NotReadyError
		switch err := r.Ready(ctx, pods, nil); {
		case errors.As(err, &why):
			told[i] = constant(golden.Report(why), r.Namespace())
		default:
			told[i] = fmt.Sprintf("no explanation: %v\n", err)
		}
		if why != nil && why.Code() != "pod.timeout" { // a command that looks at it later finds it, too
			if err := foundLater(ctx, r); err != nil {
				told[i] += fmt.Sprintf("and later: %v\n", err)
			}
		}
	})
	for i, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			golden.Compare(t, strings.TrimSuffix(path, ".yaml")+".golden", told[i])
		})
	}
}

// foundLater looks at the Pod until it is explained. One that crashes runs for a
// moment in between, and then nothing is wrong with it.
func foundLater(ctx context.Context, r *Runner) error {
	for {
		later, err := r.Viewer.Inspect(ctx, "web")
		if err != nil {
			return err
		}
		if later.Why != nil && later.Problem != "" {
			return nil
		}
		if !pause.For(ctx, 100*time.Millisecond) {
			return fmt.Errorf("nothing is wrong with it: %v, %q", later.Why, later.Problem)
		}
	}
}

// TestRealHealthyPods runs Pods with which nothing is wrong: nothing is explained.
func TestRealHealthyPods(t *testing.T) {
	paths := table(t, "testdata/healthy", 10)
	runTable(t, paths, func(ctx context.Context, r *Runner, i int, pods []kube.Pod) {
		if err := r.Ready(ctx, pods, nil); err != nil {
			t.Errorf("%s: %v", paths[i], err)
			return
		}
		now, err := r.Viewer.Inspect(ctx, "web")
		if err != nil || now.Why != nil || now.Problem != "" {
			t.Errorf("%s: got %v, %q, %v", paths[i], now.Why, now.Problem, err)
		}
	})
}

func table(t *testing.T, dir string, atLeast int) []string {
	t.Helper()
	paths, err := filepath.Glob(dir + "/*.yaml")
	if err != nil || len(paths) < atLeast {
		t.Fatalf("found %d manifests in %s, %v", len(paths), dir, err)
	}
	return paths
}

// runTable brings each manifest to a namespace of its own, some at the same time.
func runTable(t *testing.T, paths []string, look func(ctx context.Context, r *Runner, i int, pods []kube.Pod)) {
	runners := make([]*Runner, len(paths))
	var ctx context.Context
	for i := range paths {
		runners[i], ctx = realRunner(t)
	}
	must.Do(t, loadForeign())
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, path := range paths {
		group.Go(func() error {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			// a busy kubelet takes its time to throw a Pod out
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Minute)
			defer cancel()
			m, err := unchecked(text)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			pods, err := runners[i].Replace(ctx,
				deploy.Spec{Spec: render.Spec{Project: "broken", Dir: "/projects/broken", Manifest: m}})
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if wait, limited := strings.CutPrefix(strings.SplitN(string(text), "\n", 2)[0], "# wait: "); limited {
				d, err := time.ParseDuration(wait)
				if err != nil {
					return err
				}
				if err := running(ctx, runners[i], pods[0]); err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
				var stop context.CancelFunc
				ctx, stop = context.WithTimeout(ctx, d)
				defer stop()
			}
			look(ctx, runners[i], i, pods)
			return removeAll(runners[i], pods)
		})
	}
	must.Do(t, group.Wait())
}

// running waits until a Pod's containers run.
func running(ctx context.Context, r *Runner, p kube.Pod) error {
	return r.WatchPods(ctx,
		cluster.PodWatch{Pod: &p, See: func(o *corev1.Pod, gone bool) (bool, error) { return kube.AllRunning(o), nil }})
}

func removeAll(r *Runner, pods []kube.Pod) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return r.Retire(ctx, pods)
}

// unchecked reads a manifest as the API server would take it: some of the mistakes
// are such that our own check finds them first.
func unchecked(text []byte) (manifest.Manifest, error) {
	var objects []*unstructured.Unstructured
	for _, document := range bytes.Split(text, []byte("---\n")) {
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &o.Object); err != nil {
			return manifest.Manifest{}, err
		}
		objects = append(objects, o)
	}
	return manifest.FromObjects(objects...), nil
}

// loadForeign brings the images to the node that are not this test's own: a Java, an
// nginx, and the application made for another processor.
var loadForeign = sync.OnceValue(func() error {
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	if err := loadBuilt("runner-app-other:v1", other); err != nil {
		return err
	}
	for _, image := range []string{"openjdk:17-jdk", "nginx:latest"} {
		have, err := exec.Command("docker", "exec", node, "ctr", "-n", "k8s.io", "images", "ls", "-q",
			"name==docker.io/library/"+image).Output()
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(have)) > 0 {
			continue
		}
		save := exec.Command("docker", "save", image)
		load := exec.Command("docker", "exec", "-i", real.ClusterName+"-control-plane", "ctr", "-n", "k8s.io",
			"images", "import", "-")
		if load.Stdin, err = save.StdoutPipe(); err != nil {
			return err
		}
		if err := save.Start(); err != nil {
			return err
		}
		if out, err := load.CombinedOutput(); err != nil {
			return fmt.Errorf("load %s: %w: %s", image, err, out)
		}
		if err := save.Wait(); err != nil {
			return err
		}
	}
	return nil
})

// variable is what differs from run to run.
var variable = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`, \d+m?s? after its start|, right after its start`), ", TIME after its start"},
	// The runtime may not have heard yet why the kernel did it.
	{regexp.MustCompile(`as it seems: it was killed \(exit code 137\)`), "so the system ended it (OOMKilled)"},
	{regexp.MustCompile(`10\.244\.\d+\.\d+`), "POD-IP"},
	{regexp.MustCompile(`on \d+\.\d+\.\d+\.\d+:53`), "on DNS:53"},
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b`), "UID"},
	{regexp.MustCompile(`\d{4}/\d\d/\d\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[0-9:.]+Z?`), "DATE"},
	{regexp.MustCompile(`was using \d+\w*|usage: \d+\w*`), "was using SOME"},
	{regexp.MustCompile(`:\d{5}->`), ":PORT->"},
}

// constant takes out what differs from run to run.
func constant(text, namespace string) string {
	text = strings.ReplaceAll(text, namespace, "NAMESPACE")
	for _, v := range variable {
		text = v.pattern.ReplaceAllString(text, v.instead)
	}
	return text
}
