package services

import (
	"context"
	"slices"
	"sync"
	"time"
)

// maxTurn is how long a service keeps its turn while it starts: it may wait for one that has none yet.
const maxTurn = 30 * time.Second

// keptWhenTight is how many services may have a spare JVM though little memory is left. It takes about as much as an
// application that is not used.
const keptWhenTight = 2

// Turns let only some services start at a time: all at once, none serves before all do, and probes fail because of it.
// Spare JVMs, each of which takes more of the machine than a start, are prepared while no service starts and half as
// many at a time, first those of the services that were saved last.
type Turns struct {
	starts, spares gate
	saves          saves
}

// NewTurns returns turns of which n services may have one at a time. At first those count as saved last that are named
// first.
func NewTurns(n int, names ...string) *Turns {
	n = max(1, n)
	last := slices.Clone(names)
	slices.Reverse(last)
	t := &Turns{saves: saves{order: last}}
	t.starts = gate{size: n, choose: func([]*ticket) int { return 0 }}
	t.spares = gate{size: max(1, n/2), choose: t.chooseSpare}
	return t
}

// Touch records that services were saved, all by one save. Of these, the one that was saved last before is the
// likeliest to be saved next.
func (t *Turns) Touch(services ...string) { t.saves.touch(services) }

// Await waits for a turn. It tells waits how many services come before. Call done once the service has started.
func (t *Turns) Await(ctx context.Context, waits func(others int)) (done func(), err error) {
	turn, before := t.starts.enter("")
	if before > 0 {
		waits(before)
	}
	if err := t.starts.wait(ctx, turn); err != nil {
		return nil, err
	}
	end := sync.OnceFunc(func() {
		t.starts.leave(turn)
		t.spares.look()
	})
	late := time.AfterFunc(maxTurn, end)
	return func() { late.Stop(); end() }, nil
}

// AwaitSpare waits until a service may prepare a spare JVM. Call done once it has. Modest says that its spare has to
// leave much memory free: other services come first.
func (t *Turns) AwaitSpare(ctx context.Context, service string) (modest bool, done func(), err error) {
	turn, _ := t.spares.enter(service)
	if err := t.spares.wait(ctx, turn); err != nil {
		return false, nil, err
	}
	return t.saves.since(service) >= keptWhenTight, func() { t.spares.leave(turn) }, nil
}

// chooseSpare returns the service that was saved last of those that wait, unless others need the machine.
func (t *Turns) chooseSpare(waiting []*ticket) int {
	if !t.starts.empty() {
		return -1
	}
	last := slices.MinFunc(waiting,
		func(a, b *ticket) int { return t.saves.since(a.service) - t.saves.since(b.service) })
	return slices.Index(waiting, last)
}

// saves knows in which order services were saved.
type saves struct {
	mu    sync.Mutex
	order []string // the one that was saved last at the end
}

func (s *saves) touch(services []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	touched := func(service string) bool { return slices.Contains(services, service) }
	others := slices.DeleteFunc(slices.Clone(s.order), touched)
	s.order = slices.Concat(others, slices.DeleteFunc(s.order, func(service string) bool { return !touched(service) }))
}

// since returns how many services were saved after a service.
func (s *saves) since(service string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.order) - 1 - slices.Index(s.order, service)
}
