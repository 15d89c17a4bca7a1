package loadertest

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/loader/internal/load"
)

// large and small are the sizes of a base and of an application, in bytes.
const (
	large = 2 << 20
	small = 20 << 10
)

// wantOpened checks how often a layer was opened: once for each node that was sent it.
func wantOpened(t *testing.T, l *Layer, times int) {
	t.Helper()
	if got := int(l.Opened.Load()); got != times {
		t.Errorf("layer %v was opened %d times, want %d", l.diffID, got, times)
	}
}

func freshImage(t *testing.T, b *bench) {
	base, app := NewLayer(t, large), NewLayer(t, small)
	report := b.load(t, "fresh", NewImage(t, base, app))
	b.wantSent(t, report, base.size+app.size)
	wantOpened(t, base, len(b.Nodes)) // once for each
	wantOpened(t, app, len(b.Nodes))
}

func sameAgain(t *testing.T, b *bench) {
	base := NewLayer(t, large)
	img := NewImage(t, base)
	b.load(t, "same", img)
	report := b.load(t, "same", img)
	if report.Sent != 0 {
		t.Errorf("%d bytes sent, want none", report.Sent)
	}
	for _, n := range report.Nodes {
		if n.Skipped < base.size {
			t.Errorf("node %s: %d bytes skipped, want the whole image", n.Name, n.Skipped)
		}
	}
	wantOpened(t, base, len(b.Nodes))
}

func anotherName(t *testing.T, b *bench) {
	base := NewLayer(t, large)
	img := NewImage(t, base)
	b.load(t, "one", img)
	b.wantSent(t, b.load(t, "other", img), 0)
	wantOpened(t, base, len(b.Nodes))
}

func changedLayer(t *testing.T, b *bench) {
	base, before, after := NewLayer(t, large), NewLayer(t, small), NewLayer(t, small)
	b.load(t, "before", NewImage(t, base, before))
	b.wantSent(t, b.load(t, "after", NewImage(t, base, after)), after.size)
	wantOpened(t, base, len(b.Nodes))
}

func changedBase(t *testing.T, b *bench) {
	app := NewLayer(t, small)
	b.load(t, "before", NewImage(t, NewLayer(t, large), app))
	base := NewLayer(t, large)
	b.wantSent(t, b.load(t, "after", NewImage(t, base, app)), base.size)
	wantOpened(t, app, len(b.Nodes))
}

func repeatedLayer(t *testing.T, b *bench) {
	once, twice := NewLayer(t, small), NewLayer(t, small)
	report := b.load(t, "twice", NewImage(t, twice, once, twice))
	b.wantSent(t, report, once.size+twice.size)
	wantOpened(t, twice, len(b.Nodes))
}

func compressedLayers(t *testing.T, b *bench) {
	pulled := must.Get(random.Layer(large, types.DockerLayer))(t) // its Compressed is gzip
	size := must.Get(pulled.Size())(t)
	app := NewLayer(t, small)
	b.wantSent(t, b.load(t, "one", NewImage(t, pulled, app)), size+app.size)
	changed := NewLayer(t, small)
	b.wantSent(t, b.load(t, "two", NewImage(t, pulled, changed)), changed.size)
}

func removedImage(t *testing.T, b *bench) {
	base := NewLayer(t, large)
	img := NewImage(t, base)
	b.load(t, "removed", img)
	id := must.Get(img.ConfigName())(t)
	remove(t, b.Nodes[0], []v1.Hash{id}, full(b.ref("removed")))
	if hasContent(t, b.Nodes[0], base.diffID) {
		t.Fatal("the node still has the layer: the case shows nothing")
	}
	report := b.load(t, "removed", img)
	if report.Sent < base.size {
		t.Errorf("%d bytes sent, want the whole image", report.Sent)
	}
	wantOpened(t, base, len(b.Nodes)+1)
}

func lostContent(t *testing.T, b *bench) {
	base, app := NewLayer(t, large), NewLayer(t, small)
	img := NewImage(t, base, app)
	b.load(t, "lost", img)
	shell(t, b.Nodes[0], dropScript, base.diffID.String())
	report := b.load(t, "lost", img)
	if report.Sent < base.size || report.Sent > base.size+4<<10 {
		t.Errorf("%d bytes sent, want the lost layer", report.Sent)
	}
	wantOpened(t, app, len(b.Nodes))
}

// lostFile changes the base below a layer whose content is listed but gone. The unpacked layer cannot
// be reused on another base, so an import without the layer must fail.
func lostFile(t *testing.T, b *bench) {
	app := NewLayer(t, small)
	b.load(t, "before", NewImage(t, NewLayer(t, large), app))
	shell(t, b.Nodes[0], loseScript, app.diffID.Hex)
	report := b.load(t, "after", NewImage(t, NewLayer(t, large), app))
	for _, n := range report.Nodes {
		if again := n.Note != ""; again != (n.Name == b.Nodes[0].Name()) {
			t.Errorf("node %s: note %q", n.Name, n.Note)
		}
	}
	b.load(t, "after", NewImage(t, NewLayer(t, large), app)) // now it works
}

func cancelled(t *testing.T, b *bench) {
	errSaved := errors.New("a newer save came")
	ctx, cancel := context.WithCancelCause(t.Context())
	base, app := NewLayer(t, large), NewLayer(t, 2*large)
	app.AtHalf = func() { cancel(errSaved) }
	img := NewImage(t, base, app)
	report, err := b.Loader.Load(ctx, b.ref("cut"), img)
	if !errors.Is(err, errSaved) {
		t.Fatalf("error %v, want the context's cause", err)
	}
	if len(report.Nodes) != 0 {
		t.Errorf("the report names %d nodes", len(report.Nodes))
	}
	b.idle(t, base, app)
	for _, n := range b.Nodes {
		if id := configOf(t, n, full(b.ref("cut"))); id != "" {
			t.Errorf("node %s has the image that was cut off", n.Name())
		}
	}
	app.AtHalf = nil
	b.load(t, "cut", img)
}

func diedImporter(t *testing.T, b *bench) {
	base := NewLayer(t, 4*large)
	img := NewImage(t, base)
	var killed error
	base.AtHalf = sync.OnceFunc(func() { killed = b.kill(b.Nodes[0]) }) // while no node is sent anything
	report, err := b.Loader.Load(t.Context(), b.ref("died"), img)
	must.Do(t, killed)
	f := fault.Of(err)
	failed := slices.IndexFunc(b.Nodes,
		func(n Node) bool { return err != nil && strings.Contains(err.Error(), strconv.Quote(n.Name())) })
	if f.Code != load.CodeFailed || len(f.Hints) == 0 || failed < 0 {
		t.Fatalf("error %v, want a node's, with a hint", err)
	}
	name := b.Nodes[failed].Name()
	if len(report.Nodes) != len(b.Nodes)-1 ||
		slices.ContainsFunc(report.Nodes, func(n load.NodeReport) bool { return n.Name == name }) {
		t.Errorf("the report is %+v; node %s failed, alone", report.Nodes, name)
	}
	b.idle(t)
	base.AtHalf = nil
	b.load(t, "died", img)
	b.idle(t, base)
}

func diedThin(t *testing.T, b *bench) {
	base, app := NewLayer(t, small), NewLayer(t, 4*large)
	b.load(t, "before", NewImage(t, base))
	var killed error
	var once sync.Once
	app.AtHalf = func() { once.Do(func() { killed = b.kill(b.Nodes[0]) }) }
	report := b.load(t, "after", NewImage(t, base, app))
	must.Do(t, killed)
	again := slices.DeleteFunc(report.Nodes, func(n load.NodeReport) bool { return n.Note == "" })
	if len(again) != 1 {
		t.Errorf("%d nodes were sent everything again, want the one whose importer died", len(again))
	}
}

func twoAtOnce(t *testing.T, b *bench) {
	base := NewLayer(t, large)
	images := map[string]v1.Image{
		"one": NewImage(t, base, NewLayer(t, small)),
		"two": NewImage(t, base, NewLayer(t, small)),
	}
	reports, errs := map[string]load.Report{}, map[string]error{}
	var all sync.WaitGroup
	var mu sync.Mutex
	for tag, img := range images {
		all.Go(func() {
			report, err := b.Loader.Load(t.Context(), b.ref(tag), img)
			mu.Lock()
			defer mu.Unlock()
			reports[tag], errs[tag] = report, err
		})
	}
	all.Wait()
	for tag, img := range images {
		must.Do(t, errs[tag])
		b.check(t, tag, img, reports[tag])
	}
}

func restarted(t *testing.T, b *bench) {
	if !b.Spare {
		t.Skip("the node is shared")
	}
	base, app := NewLayer(t, large), NewLayer(t, small)
	b.load(t, "restarted", NewImage(t, base))
	must.Do(t, b.Nodes[0].(Breakable).Restart(t.Context()))
	if report := b.load(t, "restarted", NewImage(t, base)); report.Sent != 0 {
		t.Errorf("%d bytes sent, want none", report.Sent)
	}
	b.wantSent(t, b.load(t, "changed", NewImage(t, base, app)), app.size)
}

func fullDisk(t *testing.T, b *bench) {
	if !b.Spare {
		t.Skip("the node is shared")
	}
	n, img := b.Nodes[0], NewImage(t, NewLayer(t, 2*large))
	shell(t, n, fillScript)
	var once sync.Once
	empty := func() { once.Do(func() { shell(t, n, emptyScript) }) }
	t.Cleanup(empty)
	report, err := b.Loader.Load(t.Context(), b.ref("full"), img)
	f := fault.Of(err)
	if f.Code != load.CodeFailed || !strings.Contains(err.Error(), strconv.Quote(n.Name())) ||
		!load.IsFullDisk(strings.Join(f.Evidence, "\n")) {
		t.Fatalf("error %v, want the node's, which says that its disk is full", err)
	}
	if hints := strings.Join(f.Hints, "\n"); !strings.Contains(hints, "docker system df") {
		t.Errorf("hints %q", hints)
	}
	if len(report.Nodes) != len(b.Nodes)-1 {
		t.Errorf("%d nodes have it, want all but one", len(report.Nodes))
	}
	empty()
	b.load(t, "full", img)
}

// oldImages loads five images of a project. The first is in use meanwhile. The third has a second name.
func oldImages(t *testing.T, b *bench) {
	base, layers := NewLayer(t, small), map[string]*Layer{}
	load := func(tag, project string) v1.Image {
		layers[tag] = NewLayer(t, small)
		img := OfProject(t, project, NewImage(t, base, layers[tag]))
		b.load(t, tag, img)
		return img
	}
	for _, tag := range []string{"devloop-1", "plain", "devloop-2"} {
		load(tag, b.prefix)
	}
	load("devloop-other", b.prefix+"-other")
	var releases []func()
	for _, n := range b.Nodes {
		releases = append(releases, b.hold(t, n, "devloop-1"))
	}
	b.load(t, "besides", load("devloop-3", b.prefix))
	load("devloop-4", b.prefix)
	for i, n := range b.Nodes {
		b.collected(t, n, "devloop-2")
		contentCollected(t, n, layers["devloop-2"].diffID)
		if !hasContent(t, n, base.diffID) {
			t.Errorf("node %s: a layer went that other images need", n.Name())
		}
		for _, tag := range []string{"devloop-1", "devloop-3", "devloop-4", "devloop-other", "plain"} {
			if !b.has(t, n, tag) {
				t.Errorf("node %s: %s is gone", n.Name(), tag)
			}
		}
		releases[i]()
	}
	load("devloop-5", b.prefix)
	for _, n := range b.Nodes {
		b.collected(t, n, "devloop-1")
		b.collected(t, n, "devloop-3")
		if !b.has(t, n, "besides") || !hasContent(t, n, layers["devloop-3"].diffID) {
			t.Errorf("node %s: an image went that had another name", n.Name())
		}
	}
}

func lyingLayer(t *testing.T, b *bench) {
	layer := NewLayer(t, large)
	layer.short = true
	_, err := b.Loader.Load(t.Context(), b.ref("lie"), NewImage(t, layer))
	if err == nil {
		t.Fatal("no error")
	}
	if fault.Of(err).Code == load.CodeFailed {
		t.Errorf("the node is blamed for the image: %v", err)
	}
	b.idle(t, layer)
}

// largeImage measures all allocations during the load: a layer that was held in memory would show.
func largeImage(t *testing.T, b *bench) {
	size := cmp.Or(b.Large, 300<<20)
	if testing.Short() {
		size = 64 << 20
	}
	img := NewImage(t, NewLayer(t, size))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	report, err := b.Loader.Load(t.Context(), b.ref("large"), img)
	runtime.ReadMemStats(&after)
	must.Do(t, err)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 16<<20 {
		t.Errorf("%d MB allocated for an image of %d MB", allocated>>20, size>>20)
	}
	b.check(t, "large", img, report)
}
