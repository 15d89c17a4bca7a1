// Package services has what services of one session share: saves, local ports, manifests, turns.
//
//	fan := services.NewFan(manifests, turns, orders, customers)
//	go fan.Run(ctx, saves)                    // each service gets those that concern it
//	ports.Reserve("orders", 8080)             // 8080
//	ports.Reserve("customers", 8080)          // 8081
//	m, err := manifests.Of("orders")          // those of its directory, else its own of the build's
//	done, err := turns.Await(ctx, waits)      // before it starts, and AwaitSpare before a spare JVM does
//
// Each service has an engine of its own. This package knows no engine, and starts nothing.
package services

import (
	"context"
	"path/filepath"
	"slices"
	"sync"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/filekind"
	"github.com/devloop-cli/devloop/internal/paths"
	"github.com/devloop-cli/devloop/watch"
)

// Receiver is a service that gets saves.
type Receiver struct {
	Name    string
	Batches chan<- watch.Batch

	mu           sync.Mutex
	used, others []string // directories of modules, see [Receiver.Uses]
}

// Uses records which modules a service is made of, and which others there are. Until then every save concerns it.
func (r *Receiver) Uses(used, others []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used, r.others = used, others
}

// concerns reports whether a file may be part of the service. A file belongs to the innermost module that has it; one
// in no module, and one that describes the build, may be part of all.
func (r *Receiver) concerns(file string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	other := innermost(file, r.others)
	return other <= innermost(file, r.used) || filekind.Of(filepath.ToSlash(file)) == filekind.BuildScript
}

// innermost returns the length of the longest of the directories that a file lies in, 0 for none.
func innermost(file string, dirs []string) (longest int) {
	for _, dir := range dirs {
		if paths.Within(file, dir) {
			longest = max(longest, len(dir))
		}
	}
	return longest
}

// Fan hands the saves of one watcher to the services that they concern.
type Fan struct {
	dir       string // that the paths of a batch are relative to
	manifests Manifests
	turns     *Turns
	receivers []*Receiver
}

// NewFan returns a fan for batches with paths relative to the build's directory. Who gets a save has a spare prepared
// first.
func NewFan(manifests Manifests, turns *Turns, receivers ...*Receiver) *Fan {
	return &Fan{dir: paths.Real(manifests.Dir), manifests: manifests, turns: turns, receivers: receivers}
}

// Run hands out batches until ctx ends. It takes the next batch when all services have the one before.
func (f *Fan) Run(ctx context.Context, batches <-chan watch.Batch) {
	for {
		select {
		case b := <-batches:
			f.handOut(ctx, b)
		case <-ctx.Done():
			return
		}
	}
}

func (f *Fan) handOut(ctx context.Context, b watch.Batch) {
	var all sync.WaitGroup
	var touched []string
	concerned := f.concerned(b)
	for _, r := range f.receivers {
		part := f.part(r, b, concerned)
		if part.Empty() {
			continue
		}
		touched = append(touched, r.Name)
		all.Go(func() {
			select {
			case r.Batches <- part:
			case <-ctx.Done():
			}
		})
	}
	f.turns.Touch(touched...)
	all.Wait()
}

// concerned returns the services that the manifests of a batch may belong to, by path.
func (f *Fan) concerned(b watch.Batch) map[string][]string {
	services := map[string][]string{}
	for _, path := range b.Paths {
		if filekind.Of(path) == filekind.Manifest {
			services[path] = f.manifests.concerned(f.absolute(path))
		}
	}
	return services
}

func (f *Fan) absolute(path string) string { return filepath.Join(f.dir, filepath.FromSlash(path)) }

// part returns what of a batch concerns a service.
func (f *Fan) part(r *Receiver, b watch.Batch, concerned map[string][]string) watch.Batch {
	part := watch.Batch{All: b.All, Unnamed: b.Unnamed}
	for _, path := range b.Paths {
		services, manifest := concerned[path]
		if r.concerns(f.absolute(path)) && (!manifest || slices.Contains(services, r.Name)) {
			part.Paths = append(part.Paths, path)
		}
	}
	return part
}
