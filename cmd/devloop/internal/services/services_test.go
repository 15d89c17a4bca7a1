package services

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/watch"
)

var write = testfile.Write

// podOf is a manifest of a Pod with an image.
func podOf(name, image string) string {
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + "}\nspec:\n  containers: [{name: app, image: " +
		image + "}]\n"
}

// newBuild returns the manifests of a build with two services.
func newBuild(t *testing.T) Manifests {
	t.Helper()
	dir := must.Get(filepath.EvalSymlinks(t.TempDir()))(t)
	m := Manifests{Dir: dir}
	for _, name := range []string{"customers", "orders"} {
		m.Services = append(m.Services, Module{Name: name, Dir: filepath.Join(dir, name)})
		write(t, dir, name+"/pom.xml", "<project/>")
	}
	return m
}

func TestASaveReachesTheServicesThatItConcerns(t *testing.T) {
	t.Parallel()
	m := newBuild(t)
	m.Services = append(m.Services, Module{Name: "new", Dir: filepath.Join(m.Dir, "new")})
	write(t, m.Dir, "k8s/orders.yaml", podOf("orders", "orders"))
	write(t, m.Dir, "k8s/both.yaml", podOf("orders-b", "orders")+"---\n"+podOf("customers", "customers"))
	in := func(names ...string) (dirs []string) {
		for _, name := range names {
			dirs = append(dirs, filepath.Join(m.Dir, filepath.FromSlash(name)))
		}
		return dirs
	}
	got := map[string]chan watch.Batch{"customers": make(chan watch.Batch, 1), "orders": make(chan watch.Batch, 1),
		"new": make(chan watch.Batch, 1)}
	customers, orders := &Receiver{Name: "customers", Batches: got["customers"]},
		&Receiver{Name: "orders", Batches: got["orders"]}
	customers.Uses(in("platform/core", "customers"), in("orders", "platform", "tools"))
	orders.Uses(in("orders"), in("customers", "platform", "platform/core", "tools"))
	fan := NewFan(m, NewTurns(1), customers, orders, &Receiver{Name: "new", Batches: got["new"]})
	ctx, cancel := context.WithCancel(t.Context())
	batches, ended := make(chan watch.Batch), make(chan bool)
	go func() { fan.Run(ctx, batches); close(ended) }()
	for _, c := range []struct {
		batch watch.Batch
		want  map[string]string
	}{
		{watch.Batch{Paths: []string{"orders/src/main/java/A.java"}}, map[string]string{"orders": "orders/src/main/java/A.java"}},
		{watch.Batch{Paths: []string{"platform/core/src/main/java/A.java", "platform/A.md"}}, map[string]string{"customers": "platform/core/src/main/java/A.java"}},
		{watch.Batch{Paths: []string{"customers/A.java", "orders/A.java"}}, map[string]string{"customers": "customers/A.java", "orders": "orders/A.java"}},
		{watch.Batch{Paths: []string{"orders/build.gradle"}}, map[string]string{"customers": "orders/build.gradle", "orders": "orders/build.gradle"}},
		{watch.Batch{Paths: []string{"../parent/pom.xml"}}, map[string]string{"customers": "../parent/pom.xml", "orders": "../parent/pom.xml"}},
		{watch.Batch{Paths: []string{"k8s/orders.yaml"}}, map[string]string{"orders": "k8s/orders.yaml"}},
		{watch.Batch{Paths: []string{"k8s/both.yaml"}}, map[string]string{"customers": "k8s/both.yaml", "orders": "k8s/both.yaml"}},
		{watch.Batch{Paths: []string{"k8s/gone.yaml"}}, map[string]string{"customers": "k8s/gone.yaml", "orders": "k8s/gone.yaml"}},
		{watch.Batch{Paths: []string{"tools/A.java"}}, map[string]string{}},
	} {
		batches <- c.batch
		batches <- watch.Batch{} // it has handed out the one before
		for name, out := range got {
			have := ""
			select {
			case b := <-out:
				have = strings.Join(b.Paths, " ")
			default:
			}
			want := c.want[name]
			if name == "new" && c.batch.Paths[0] != "k8s/orders.yaml" && c.batch.Paths[0] != "k8s/both.yaml" {
				// what it is made of is not known
				want = strings.Join(c.batch.Paths, " ")
			}
			if have != want {
				t.Errorf("%v: %s got %q, want %q", c.batch.Paths, name, have, want)
			}
		}
	}
	batches <- watch.Everything()
	for name, out := range got {
		if b := <-out; !reflect.DeepEqual(b, watch.Everything()) {
			t.Errorf("%s got %+v", name, b)
		}
	}
	cancel()
	<-ended
}

func TestManifestsBelongToTheServiceWhoseImageTheyHave(t *testing.T) {
	t.Parallel()
	m := newBuild(t)
	all := func() string {
		var text []string
		for _, s := range m.Services {
			loaded, err := m.Of(s.Name)
			objects := []string{s.Name + ":"}
			for _, ref := range loaded.Refs() {
				objects = append(objects, ref.Name)
			}
			if err != nil {
				objects = append(objects, fault.Of(err).Code)
			}
			text = append(text, strings.Join(objects, " "))
		}
		return strings.Join(text, "; ")
	}
	settings := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"
	both := "apiVersion: v1\nkind: Pod\nmetadata: {name: both}\nspec:\n  containers: [{name: a, image: orders}, {name: b, image: customers}]\n"
	for _, step := range []struct{ file, text, want string }{
		{"k8s/db.yaml", podOf("db", "postgres"), "customers:; orders:"},
		{"k8s/orders.yaml", podOf("orders", "ghcr.io/team/orders:1"), "customers:; orders: db orders"},
		{"k8s/customers.yaml", podOf("customers", "customers"), "customers: customers db; orders: orders"},
		{"k8s/db.yaml", "kind: Pod\n" + podOf("db", "postgres"), "customers: manifest.invalid; orders: orders"},
		{"k8s/db.yaml", podOf("db", "postgres"), "customers: customers db; orders: orders"},
		{"orders/k8s/pod.yaml", podOf("own", "orders"), "customers: customers db; orders: own"},
		{"k8s/customers.yaml", podOf("customers", "registry/customers:1") + "  unknown: field\n", "customers: customers db; orders: own"},
		{"k8s/customers.yaml", podOf("customers", "customers") + "---\n" + podOf("more", "orders"), "customers: customers db; orders: own"},
		{"orders/k8s/pod.yaml", "", "customers: customers db; orders: more orders"},
		{"k8s/all.yaml", settings + "---\n" + podOf("third", "orders"), "customers: settings customers db; orders: third more orders"},
		{"k8s/customers.yaml", podOf("customers", "customers") + "kind: Pod\n---\n" + podOf("more", "orders"), "customers: manifest.invalid; orders: manifest.invalid"},
		{"k8s/customers.yaml", both, "customers: manifest.incompatible; orders: manifest.incompatible"},
	} {
		write(t, m.Dir, step.file, step.text)
		if got := all(); got != step.want {
			t.Errorf("with %s: got %q, want %q", step.file, got, step.want)
		}
	}
	m.Named = []string{filepath.Join(m.Dir, "k8s", "orders.yaml")}
	if got := all(); got != "customers:; orders: orders" {
		t.Errorf("named: got %q", got)
	}
}

func TestServicesHavePortsOfTheirOwn(t *testing.T) {
	t.Parallel()
	var p Ports
	p.Reserve("a", 8080)
	p.Reserve("b", 8080)
	p.Reserve("c", 8081)
	p.Reserve("batch", 0)
	for _, c := range []struct {
		service string
		asked   localport.Options
		want    int
	}{
		{"b", localport.Options{Local: 8080}, 8081},
		{"a", localport.Options{Local: 8080}, 8080},
		{"c", localport.Options{Local: 8081}, 8082},
		{"a", localport.Options{Local: 9090}, 9090},
		{"b", localport.Options{Local: 9090}, 9091},
		{"b", localport.Options{Local: 9090, Strict: true}, 9090},
		{"batch", localport.Options{Local: 8080}, 8083},
		{"b", localport.Options{Local: 8080}, 8081},
		{"c", localport.Options{}, 0},
	} {
		if got := p.For(c.service, c.asked); got.Local != c.want || got.Strict != c.asked.Strict {
			t.Errorf("%s asks for %+v: got %+v", c.service, c.asked, got)
		}
	}
}

// TestSparesArePreparedOneAtATimeWhileNoServiceStarts has four services ask for one while a fifth one starts. The last
// save was of a library, the one before of one of those that use it.
func TestSparesArePreparedOneAtATimeWhileNoServiceStarts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns := NewTurns(2, "a", "b", "c", "d")
		turns.Touch("c")
		turns.Touch("a", "b", "c")
		started := must.Get(turns.Await(t.Context(), nil))(t)
		var mu sync.Mutex
		var all []string
		prepared := func(more ...string) []string {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, more...)
			return slices.Clone(all)
		}
		prepare := func(ctx context.Context, name string) {
			if plenty, done, err := turns.AwaitSpare(ctx, name); err == nil {
				prepared(fmt.Sprint(name, " ", plenty))
				time.Sleep(time.Second)
				done()
			}
		}
		leaves, leave := context.WithCancel(t.Context())
		go prepare(leaves, "b")
		for _, name := range []string{"d", "a", "c"} {
			go prepare(t.Context(), name)
		}
		synctest.Wait()
		leave()
		if got := prepared(); len(got) > 0 {
			t.Errorf("while a service starts: %v", got)
		}
		started()
		for _, want := range []string{"c false", "a false", "d true"} {
			synctest.Wait()
			if got := prepared(); len(got) == 0 || got[len(got)-1] != want {
				t.Errorf("prepared: %v, want %s last", got, want)
			}
			time.Sleep(time.Second)
		}
		t.Log("the next one waits for the last, and who has the turn may ask again")
		prepare(t.Context(), "b")
		prepare(t.Context(), "b")
		if want := []string{"c false", "a false", "d true", "b true", "b true"}; !slices.Equal(prepared(), want) {
			t.Errorf("prepared: %v, want %v", prepared(), want)
		}
	})
}

// TestOnlySomeServicesStartAtATime starts five, of which two may at a time. One gives up, and one takes too long.
func TestOnlySomeServicesStartAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns := NewTurns(2)
		said := map[string]int{}
		await := func(ctx context.Context, name string) (func(), error) {
			return turns.Await(ctx, func(others int) { said[name] = others })
		}
		first := must.Get(await(t.Context(), "first"))(t)
		if _, err := await(t.Context(), "stuck"); err != nil || len(said) != 0 {
			t.Fatalf("two wait: %v, %v", said, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		given, started := make(chan error), make(chan string)
		go func() { _, err := await(ctx, "third"); given <- err }()
		synctest.Wait()
		for _, name := range []string{"fourth", "fifth"} {
			go func() {
				done, _ := await(t.Context(), name)
				started <- name
				done()
			}()
			synctest.Wait()
		}
		if want := map[string]int{"third": 2, "fourth": 3, "fifth": 4}; !maps.Equal(said, want) {
			t.Errorf("they were told %v, want %v", said, want)
		}
		cancel()
		if err := <-given; err == nil {
			t.Error("it did not give up")
		}
		first()
		first() // once more changes nothing
		for _, want := range []string{"fourth", "fifth"} {
			if got := <-started; got != want {
				t.Errorf("%s started before %s", got, want)
			}
		}
		began := time.Now()
		one, _ := await(t.Context(), "one")
		if _, err := await(t.Context(), "other"); err != nil || time.Since(began) != maxTurn {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		one()
	})
}
