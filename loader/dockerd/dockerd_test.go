package dockerd

import (
	"archive/tar"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/loader/internal/load"
	"github.com/devloop-cli/devloop/loader/internal/loadertest"
)

// fakeEngine is a Docker engine that stores images, by name.
type fakeEngine struct {
	*httptest.Server
	mu     sync.Mutex
	images map[string]*fakeImage
	tags   int
	loads  []int  // how many layers each load had
	asked  int    // how often it was asked about one image
	forgot bool   // whether layers that it seems to have are missing
	fails  string // what it answers a load with
	hangs  string // the method that it does not answer
}

type fakeImage struct {
	id      string
	config  v1.ConfigFile
	lastTag time.Time
}

func newEngine(t *testing.T) *fakeEngine {
	t.Helper()
	e := &fakeEngine{images: map[string]*fakeImage{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1.41/images/load", e.load)
	mux.HandleFunc("GET /v1.41/images/{name...}", e.get)
	mux.HandleFunc("POST /v1.41/images/{name...}",
		func(_ http.ResponseWriter, r *http.Request) { e.tag(strings.TrimSuffix(r.PathValue("name"), "/tag")) })
	mux.HandleFunc("DELETE /v1.41/images/{name...}", func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		maps.DeleteFunc(e.images, func(name string, i *fakeImage) bool {
			return name == r.PathValue("name") || i.id == r.PathValue("name")
		})
		_, _ = io.WriteString(w, "[]")
	})
	over := make(chan struct{})
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == e.hangs {
			<-over
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(e.Close)
	t.Cleanup(func() { close(over) })
	return e
}

// loader returns a loader for the engine as that of node "mk".
func (e *fakeEngine) loader(t *testing.T) *Loader {
	return New(load.Product{Name: "minikube", Cluster: "mk", Start: "minikube start --profile mk"},
		func(context.Context) ([]Engine, error) {
			docker, err := client.NewClientWithOpts(client.WithHost("tcp://"+e.Listener.Addr().String()),
				client.WithVersion("1.41"))
			return []Engine{{Node: "mk", Docker: docker}}, err
		})
}

func (e *fakeEngine) tag(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tags++
	e.images[name].lastTag = time.Unix(int64(e.tags), 0)
}

func (e *fakeEngine) get(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	name := r.PathValue("name")
	if name == "json" {
		list := []image.Summary{}
		for _, i := range e.images {
			project := i.config.Config.Labels[dockerapi.ProjectLabel]
			if wanted := r.FormValue("filters"); wanted == "" || strings.Contains(wanted, "="+project+`"`) {
				list = append(list, image.Summary{ID: i.id, Labels: i.config.Config.Labels})
			}
		}
		_ = json.NewEncoder(w).Encode(list)
		return
	}
	name = strings.TrimSuffix(name, "/json")
	e.asked++
	for tag, i := range e.images {
		if tag == name || i.id == name {
			_ = json.NewEncoder(w).Encode(map[string]any{"Id": i.id, "RepoTags": []string{tag}, "Size": 1000,
				"RootFS":   map[string]any{"Layers": i.config.RootFS.DiffIDs},
				"Metadata": map[string]any{"LastTagTime": i.lastTag}})
			return
		}
	}
	http.Error(w, `{"message":"no such image"}`, http.StatusNotFound)
}

func (e *fakeEngine) load(w http.ResponseWriter, r *http.Request) {
	if e.fails != "" {
		_, _ = fmt.Fprintf(w, `{"error":%q}`, e.fails)
		return
	}
	files := map[string][]byte{}
	for in := tar.NewReader(r.Body); ; {
		h, err := in.Next()
		if err != nil {
			break
		}
		files[h.Name], _ = io.ReadAll(in)
	}
	var list []struct {
		Config           string
		RepoTags, Layers []string
	}
	if json.Unmarshal(files["manifest.json"], &list) != nil {
		_, _ = io.WriteString(w, `{"error":"invalid archive"}`)
		return
	}
	sent := 0
	for _, l := range list[0].Layers {
		if _, ok := files[l]; ok {
			sent++
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.loads = append(e.loads, sent)
	if e.forgot && sent < len(list[0].Layers) {
		_, _ = io.WriteString(w, `{"error":"layer not found"}`)
		return
	}
	i := &fakeImage{id: "sha256:" + strings.TrimSuffix(list[0].Config, ".json")}
	_ = json.Unmarshal(files[list[0].Config], &i.config)
	e.images[list[0].RepoTags[0]] = i
	_, _ = io.WriteString(w, `{"stream":"Loaded image"}`)
}

const full = "docker.io/library/"

func loaded(t *testing.T, l *Loader, ref string, img v1.Image) load.NodeReport {
	t.Helper()
	r, err := l.Load(t.Context(), ref, img)
	if err != nil || len(r.Nodes) != 1 || r.Sent != r.Nodes[0].Sent {
		t.Fatalf("got %+v, %v", r, err)
	}
	return r.Nodes[0]
}

func TestOnlyMissingLayersAreSent(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	l := e.loader(t)
	base, one, two := loadertest.NewLayer(t, 5000), loadertest.NewLayer(t, 100), loadertest.NewLayer(t, 100)
	loaded(t, l, "app:1", loadertest.NewImage(t, base, one))
	if n := loaded(t, l, "app:1", loadertest.NewImage(t, base, one)); n.Sent != 0 || n.Skipped == 0 {
		t.Errorf("the same image again: got %+v", n)
	}
	if n := loaded(t, l, "app:2", loadertest.NewImage(t, base, two)); n.Sent > 4000 || n.Note != "" ||
		!strings.HasPrefix(n.Proof, "complete (2/2") {
		t.Errorf("one changed layer: got %+v", n)
	}
	if !slices.Equal(e.loads, []int{2, 1}) || base.Opened.Load() != 1 {
		t.Errorf("loads with %v layers; the base was opened %d times", e.loads, base.Opened.Load())
	}
}

func TestEverythingIsSentWhereALayerIsMissing(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	l := e.loader(t)
	base := loadertest.NewLayer(t, 5000)
	loaded(t, l, "app:1", loadertest.NewImage(t, base))
	e.forgot = true
	n := loaded(t, l, "app:2", loadertest.NewImage(t, base, loadertest.NewLayer(t, 100)))
	if !strings.Contains(n.Note, "layer not found") || !slices.Equal(e.loads, []int{1, 1, 2}) {
		t.Errorf("got %+v, loads with %v layers", n, e.loads)
	}
}

func TestOldImagesAreRemoved(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	l := e.loader(t)
	loaded(t, l, "app:mine", loadertest.OfProject(t, "app", loadertest.NewImage(t, loadertest.NewLayer(t, 50))))
	loaded(t, l, "app:devloop-mine", loadertest.OfProject(t, "app", loadertest.NewImage(t, loadertest.NewLayer(t, 60))))
	loaded(t, l, "other:devloop-1",
		loadertest.OfProject(t, "other", loadertest.NewImage(t, loadertest.NewLayer(t, 50))))
	for i := range 4 {
		loaded(t, l, fmt.Sprintf("app:devloop-%d", i),
			loadertest.OfProject(t, "app", loadertest.NewImage(t, loadertest.NewLayer(t, 100))))
	}
	for tag, want := range map[string]bool{"app:devloop-0": false, "app:devloop-1": false, "app:devloop-2": true,
		"app:devloop-3": true, "app:mine": true, "app:devloop-mine": true, "other:devloop-1": true} {
		if _, there := e.images[full+tag]; there != want {
			t.Errorf("%s: there %v, want %v", tag, there, want)
		}
	}
}

// TestImagesAreAskedAboutOnce: a node has dozens of images, and a load has to be quick.
func TestImagesAreAskedAboutOnce(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for i := range 20 {
		e.images[fmt.Sprintf("registry.k8s.io/part:%d", i)] = &fakeImage{id: fmt.Sprintf("sha256:%064d", i)}
	}
	l := e.loader(t)
	base := loadertest.NewLayer(t, 50)
	loaded(t, l, "app:1", loadertest.NewImage(t, base, loadertest.NewLayer(t, 10)))
	asked := func() int {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.asked
	}
	before := asked()
	if n := loaded(t, l, "app:2", loadertest.NewImage(t, base, loadertest.NewLayer(t, 20))); n.Skipped == 0 {
		t.Errorf("the second load sent everything: %+v", n)
	}
	if n := asked() - before; n > 4 {
		t.Errorf("the second load asked %d times", n)
	}
}

// TestEnginesAreClosed also those that were reached before another one was not.
func TestEnginesAreClosed(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(newEngine(t).Config.Handler)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			closed <- struct{}{}
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	dial := (&fakeEngine{Server: server}).loader(t).dial
	errSecond := errors.New("the second node does not publish its engine's port")
	l := New(load.Product{Name: "minikube"}, func(ctx context.Context) ([]Engine, error) {
		engines, err := dial(ctx)
		if err == nil {
			_, err = engines[0].Docker.ImageList(ctx, image.ListOptions{})
		}
		return engines, cmp.Or(err, errSecond)
	})
	if _, err := l.Load(t.Context(), "app:1",
		loadertest.NewImage(t, loadertest.NewLayer(t, 100))); !errors.Is(err, errSecond) {
		t.Errorf("got %v", err)
	}
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the connection to the first node stays open")
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	img := loadertest.NewImage(t, loadertest.NewLayer(t, 100))
	for said, hint := range map[string]string{
		"write /var/lib: no space left on device": "minikube ssh --profile mk docker system df",
		"unexpected EOF": "minikube start --profile mk",
	} {
		e := newEngine(t)
		e.fails = said
		r, err := e.loader(t).Load(t.Context(), "app:1", img)
		f := fault.Of(err)
		if f.Code != load.CodeFailed || !strings.Contains(f.Hints[0], hint) ||
			!strings.Contains(strings.Join(f.Evidence, ""), said) || len(r.Nodes) != 0 {
			t.Errorf("%s: got %v, hints %q, evidence %q", said, err, f.Hints, f.Evidence)
		}
	}
	errQuit := errors.New("a newer change came")
	ctx, cancel := context.WithCancelCause(t.Context())
	cut := loadertest.NewLayer(t, 1<<20)
	cut.AtHalf = func() { cancel(errQuit) }
	if _, err := newEngine(t).loader(t).Load(ctx, "app:1", loadertest.NewImage(t, cut)); !errors.Is(err, errQuit) {
		t.Errorf("got %v, want the context's cause", err)
	}
}

// A node that hangs answers nothing, or takes no more of the archive.
func TestNodeThatNoLongerRespondsIsGivenUp(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t)
			e.hangs = method
			l := e.loader(t)
			l.patience = time.Second
			_, err := l.Load(t.Context(), "app:1", loadertest.NewImage(t, loadertest.NewLayer(t, 32<<20)))
			if f := fault.Of(err); f.Code != load.CodeFailed || !strings.Contains(err.Error(),
				"the node has not responded for 1s") || !strings.Contains(f.Hints[0], "minikube start --profile mk") {
				t.Errorf("got %v, hints %q", err, f.Hints)
			}
		})
	}
}

func TestDialTLSWithoutCertificates(t *testing.T) {
	t.Parallel()
	if _, err := DialTLS("mk", "127.0.0.1:2376", t.TempDir()); err == nil ||
		!strings.Contains(err.Error(), `node "mk"`) {
		t.Errorf("got %v", err)
	}
}
