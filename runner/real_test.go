package runner

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/hack/real/namespace"
	"github.com/devloop-cli/devloop/internal/golden"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/inspect"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/podstatus"
	"github.com/devloop-cli/devloop/runner/readiness"
	"github.com/devloop-cli/devloop/runner/render"
)

// appImage is the unique reference that the real tests deploy.
const appImage = "runner-app:devloop-0123456789ab"

// node is the only node of the test cluster.
const node = real.ClusterName + "-control-plane"

// loadApp brings the test application to the node, once.
var loadApp = sync.OnceValue(func() error { return loadBuilt(appImage, runtime.GOARCH) })

// loadBuilt brings the test application, made for a processor, to the node. The
// image says all the same that it is for this machine's.
func loadBuilt(image, arch string) error {
	dir, err := os.MkdirTemp("", "runner-app")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary := filepath.Join(dir, "app")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, "testdata/app/main.go")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+arch)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the application: %w: %s", err, out)
	}
	content, err := imageOf(binary)
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	ref, err := name.ParseReference("docker.io/library/" + image)
	if err != nil {
		return err
	}
	if err := tarball.Write(ref, content, &archive); err != nil {
		return err
	}
	load := exec.Command("docker", "exec", "-i", node, "ctr", "-n", "k8s.io", "images", "import", "-")
	load.Stdin = &archive
	if out, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("load the application: %w: %s", err, out)
	}
	return nil
}

// imageOf returns an image that holds a static program and nothing else.
func imageOf(binary string) (v1.Image, error) {
	program, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		err := errors.Join(
			w.WriteHeader(&tar.Header{Name: "app", Mode: 0o755, Size: int64(len(program))}),
			second(w.Write(program)), w.Close())
		return io.NopCloser(&b), err
	})
	if err != nil {
		return nil, err
	}
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: runtime.GOARCH, Config: v1.Config{Entrypoint: []string{"/app"}},
	})
	if err != nil {
		return nil, err
	}
	return mutate.AppendLayers(image, layer)
}

func second(_ int, err error) error { return err }

// realRunner returns a runner on the test cluster, in a namespace of the test's own.
func realRunner(t *testing.T) (*Runner, context.Context) {
	t.Helper()
	config := real.Kind(t)
	must.Do(t, loadApp())
	c := must.Get(cluster.New(config, "kind-"+real.ClusterName, namespace.New(t, config, "runner-")))(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return newRunner(c), ctx
}

// podText is the manifest of a Pod that runs the application in a mode.
func podText(name, mode string) string {
	return strings.NewReplacer("NAME", name, "MODE", mode).Replace(`
apiVersion: v1
kind: Pod
metadata:
  name: NAME
spec:
  containers:
    - name: app
      image: runner-app
      args: [MODE]
      ports:
        - containerPort: 8080
      env:
        - name: MESSAGE
          value: hello
`)
}

func read(t *testing.T, text string) manifest.Manifest {
	t.Helper()
	m, err := manifest.Load(testfile.Write(t, t.TempDir(), "pod.yaml", text))
	if err != nil {
		t.Fatal(err, golden.Report(err.(*manifest.Error)))
	}
	return m
}

// specOf is a spec of a project that no other test has.
func specOf(t *testing.T, text string) deploy.Spec {
	t.Helper()
	return deploy.Spec{Spec: render.Spec{Project: t.Name(), Dir: "/projects/app", Manifest: read(t, text),
		Image: appImage, Names: []string{"runner-app:latest"}}}
}

func TestRealPodServesAcrossReplacement(t *testing.T) {
	r, ctx := realRunner(t)
	f := must.Get(r.Listen(ctx, localport.Options{}))(t)
	defer func() { _ = f.Close() }()

	for _, message := range []string{"one", "two", "three"} {
		f.Pause(ctx)
		early := make(chan string, 1)
		go func() { early <- fetch(ctx, f.URL()) }() // comes before the Pod is there
		began := time.Now()
		pods := must.Get(r.Replace(ctx, specOf(t, strings.Replace(podText("web", "late"), "hello", message, 1))))(t)
		replaced := time.Since(began)
		var phases []string
		must.Do(t, r.Ready(ctx, pods, func(p readiness.Phase) { phases = append(phases, p.Phase) }))
		t.Logf("replaced in %v, ready in %v: %v", replaced.Round(time.Millisecond),
			time.Since(began).Round(time.Millisecond), phases)
		f.SetBackend(pods[0], 8080)
		if got := fetch(ctx, f.URL()); got != message {
			t.Errorf("got %q, want %q", got, message)
		}
		if got := <-early; got != message {
			t.Errorf("the connection that waited got %q, want %q", got, message)
		}
		if err := f.Err(); err != nil {
			t.Errorf("Err after an answer: %v", err)
		}
	}
}

func fetch(ctx context.Context, url string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

func TestRealStubbornPodGoesFast(t *testing.T) {
	r, ctx := realRunner(t)
	first := must.Get(r.Replace(ctx, specOf(t, podText("web", "stubborn"))))(t)
	must.Do(t, r.Ready(ctx, first, nil))
	began := time.Now()
	later := must.Get(r.Replace(ctx, specOf(t, podText("web", "serve"))))(t)
	took := time.Since(began)
	t.Logf("a Pod that ignores SIGTERM was replaced in %v", took.Round(time.Millisecond))
	if later[0].UID == first[0].UID || took > 25*time.Second { // Kubernetes would give it 30 seconds
		t.Errorf("replaced %v by %v in %v", first[0].UID, later[0].UID, took)
	}
}

func TestRealFailuresAreExplained(t *testing.T) {
	cases := map[string]struct{ manifest, code, says string }{
		"crash": {podText("web", "crash"), "pod.crash", "exited with code 1"},
		"oom": {strings.Replace(podText("web", "oom"), "      ports:", "      resources: {limits: {memory: 40Mi}}\n      ports:", 1),
			"pod.oom", "40Mi"},
		"image": {podText("web", "serve") + "    - name: other\n      image: no-such-image:v1\n", "pod.image", "no-such-image:v1"},
		"config": {podText("web", "serve") + "        - name: SECRET\n          valueFrom: {secretKeyRef: {name: missing, key: k}}\n",
			"pod.config", `the Secret "missing"`},
		"pending": {strings.Replace(podText("web", "serve"), "      ports:", "      resources: {requests: {memory: 900Gi}}\n      ports:", 1),
			"pod.pending", "900Gi of memory"},
		"command": {strings.Replace(podText("web", "serve"), "      args:", "      command: [/nowhere]\n      args:", 1), "pod.c", "/nowhere"},
		"init": {podText("web", "serve") + "  initContainers:\n    - name: prepare\n      image: runner-app\n      args: [crash]\n",
			"pod.crash", `init container "prepare"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, ctx := realRunner(t)
			began := time.Now()
			pods, err := r.Replace(ctx, specOf(t, c.manifest))
			if err != nil {
				t.Fatal(err)
			}
			err = r.Ready(ctx, pods, nil)
			var why *podstatus.NotReadyError
			if !errors.As(err, &why) {
				t.Fatalf("got %v, want a *podstatus.NotReadyError", err)
			}
			t.Logf("after %v\n%s", time.Since(began).Round(time.Millisecond), golden.Report(why))
			if !strings.HasPrefix(why.Code(), c.code) || !strings.Contains(why.Error(), c.says) {
				t.Errorf("got %s: %v, want %s and %q", why.Code(), why, c.code, c.says)
			}
		})
	}
}

func TestRealTimeoutSaysWhatItWaitedFor(t *testing.T) {
	r, ctx := realRunner(t)
	pods := must.Get(r.Replace(ctx, specOf(t, podText("web", "quiet"))))(t)
	if err := r.Ready(ctx, withoutPorts(pods), nil); err != nil {
		t.Fatal(err) // it runs, and that is all that is asked
	}
	short, cancel := context.WithTimeout(ctx, 5*time.Second) // by then it has asked the port, also on a busy machine
	defer cancel()
	err := r.Ready(short, pods, nil)
	var why *podstatus.NotReadyError
	if !errors.As(err, &why) || why.Code() != "pod.timeout" || !strings.Contains(why.Why, "8080") ||
		!errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	t.Log(golden.Report(why))
}

func withoutPorts(pods []kube.Pod) []kube.Pod {
	p := pods[0]
	p.Ports = nil
	return []kube.Pod{p}
}

func TestRealForwardCarriesAllKindsOfTalk(t *testing.T) {
	r, ctx := realRunner(t)
	pods := must.Get(r.Replace(ctx, specOf(t, podText("web", "serve"))))(t)
	must.Do(t, r.Ready(ctx, pods, nil))
	f := must.Get(r.Listen(ctx, localport.Options{}))(t)
	defer func() { _ = f.Close() }()
	f.SetBackend(pods[0], 8080)

	t.Run("upload", func(t *testing.T) {
		const size = 32 << 20
		response := must.Get(
			http.Post(f.URL()+"/upload", "application/octet-stream", bytes.NewReader(make([]byte, size))))(t)
		defer func() { _ = response.Body.Close() }()
		if body, err := io.ReadAll(response.Body); err != nil || !strings.HasPrefix(string(body), fmt.Sprint(size)) {
			t.Errorf("got %s, %v", body, err)
		}
	})
	t.Run("a client that does not read stops no other client", func(t *testing.T) {
		conn := must.Get(net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", f.Number())))(t)
		defer func() { _ = conn.Close() }()
		must.Get(io.WriteString(conn, "GET /download HTTP/1.1\r\nHost: x\r\n\r\n"))(t)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if got := fetch(ctx, f.URL()); got != "hello" {
					t.Errorf("got %q", got)
				}
			})
		}
		all.Wait()
	})
	t.Run("half-close", func(t *testing.T) {
		lines := must.Get(r.Listen(ctx, localport.Options{}))(t)
		defer func() { _ = lines.Close() }()
		lines.SetBackend(pods[0], 9090)
		conn := must.Get(net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", lines.Number())))(t)
		defer func() { _ = conn.Close() }()
		must.Get(io.WriteString(conn, "hello\n"))(t)
		must.Do(t, conn.(*net.TCPConn).CloseWrite())
		if got, err := io.ReadAll(conn); string(got) != "you said hello\n" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
	t.Run("nothing listens", func(t *testing.T) {
		closed := must.Get(r.Listen(ctx, localport.Options{}))(t)
		defer func() { _ = closed.Close() }()
		closed.SetBackend(pods[0], 4711)
		got := fetch(ctx, closed.URL())
		if err := closed.Err(); err == nil || !strings.Contains(err.Error(), "4711") {
			t.Errorf("got %q and Err %v", got, err)
		}
	})
}

func TestRealLogsFollowThroughRestarts(t *testing.T) {
	r, ctx := realRunner(t)
	pods := must.Get(r.Replace(ctx, specOf(t, podText("web", "count"))))(t)
	var lines counter
	done := make(chan error, 1)
	go func() { done <- r.Logs(ctx, pods[0], &lines) }()
	must.Do(t, r.Ready(ctx, pods, nil))
	lines.await(ctx, t, 100)
	must.Do(t, r.Retire(ctx, pods[:1]))
	must.Do(t, <-done)
	lines.check(t)
}

func TestRealDeployment(t *testing.T) {
	r, ctx := realRunner(t)
	text := strings.NewReplacer("Pod\n", "Deployment\n", "v1\n", "apps/v1\n").Replace(podText("web", "serve"))
	head, containers, _ := strings.Cut(text, "spec:\n")
	text = head + "spec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n" +
		strings.ReplaceAll("\n"+strings.TrimRight(containers, "\n"), "\n  ", "\n      ") +
		"\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n"
	for _, message := range []string{"one", "two"} {
		began := time.Now()
		pods, err := r.Replace(ctx, specOf(t, strings.Replace(text, "value: hello", "value: "+message, 1)))
		if err != nil || len(pods) != 2 {
			t.Fatalf("%v, %v", pods, err)
		}
		must.Do(t, r.Ready(ctx, pods, nil))
		t.Logf("two Pods of a Deployment in %v", time.Since(began).Round(time.Millisecond))
		f := must.Get(r.Listen(ctx, localport.Options{}))(t)
		f.SetBackend(pods[1], 8080)
		if got := fetch(ctx, f.URL()); got != message {
			t.Errorf("got %q, want %q", got, message)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	states, err := r.Viewer.List(ctx, inspect.Selection{Project: t.Name()})
	if err != nil || len(states) < 2 {
		t.Errorf("List: %v, %v", states, err)
	}
	removed, err := r.Down(ctx, t.Name(), "", nil)
	t.Log(removed, err)
	if err != nil || len(removed) < 2 {
		t.Fatalf("Down removed %v, %v", removed, err)
	}
}

// counter collects numbered lines.
type counter struct {
	mu    sync.Mutex
	lines []string
}

// Write implements [io.Writer].
func (c *counter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, string(p))
	return len(p), nil
}

func (c *counter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.lines)
}

func (c *counter) await(ctx context.Context, t *testing.T, n int) {
	t.Helper()
	for c.count() < n {
		if !pause.For(ctx, 20*time.Millisecond) {
			t.Fatalf("%d lines after all this time", c.count())
		}
	}
}

// check finds lines that are missing or came twice.
func (c *counter) check(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, line := range c.lines {
		if want := fmt.Sprintf("line %d\n", i); i > 0 && line != want {
			t.Fatalf("line %d of %d is %q", i, len(c.lines), line)
		}
	}
}
