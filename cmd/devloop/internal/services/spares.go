package services

import (
	"context"
	"slices"
)

// keptWhenTight is how many services may have a spare JVM though little memory is left. It takes about as much as an
// application that is not used.
const keptWhenTight = 2

// Touch records that services were saved, all by one save. Of these, the one that was saved last before is the likeliest
// to be saved next.
func (t *Turns) Touch(services ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	touched := func(service string) bool { return slices.Contains(services, service) }
	others := slices.DeleteFunc(slices.Clone(t.saved), touched)
	t.saved = slices.Concat(others, slices.DeleteFunc(t.saved, func(service string) bool { return !touched(service) }))
}

// AwaitSpare waits until a service may prepare a spare JVM. Call done once it has. Modest says that its spare has to
// leave much memory free: other services come first.
func (t *Turns) AwaitSpare(ctx context.Context, service string) (modest bool, done func(), err error) {
	one := spareTurn{service, make(chan struct{})}
	t.mu.Lock()
	t.spares = append(t.spares, one)
	t.nextSpare()
	t.mu.Unlock()
	select {
	case <-one.turn:
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.rank(service) >= keptWhenTight, func() { t.leaveSpare(one) }, nil
	case <-ctx.Done():
		t.leaveSpare(one)
		return false, nil, context.Cause(ctx)
	}
}

// leaveSpare gives a turn back, or gives up waiting for it.
func (t *Turns) leaveSpare(one spareTurn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.spares, one); i >= 0 {
		t.spares = slices.Delete(t.spares, i, i+1)
		return
	}
	t.preparing--
	t.nextSpare()
}

// nextSpare gives a turn to the service that was saved last of those that wait, unless others need the machine.
func (t *Turns) nextSpare() {
	if t.preparing >= max(1, t.size/2) || t.free < t.size || len(t.spares) == 0 {
		return
	}
	next := slices.MinFunc(t.spares, func(a, b spareTurn) int { return t.rank(a.service) - t.rank(b.service) })
	t.spares = slices.DeleteFunc(t.spares, func(one spareTurn) bool { return one == next })
	t.preparing++
	close(next.turn)
}

// rank is how many services were saved after a service.
func (t *Turns) rank(service string) int { return len(t.saved) - 1 - slices.Index(t.saved, service) }
