// Package background runs the work of a session that outlives a cycle: it follows logs, waits for
// restarts, makes archives, deletes old Pods.
//
//	g := background.New()
//	g.Go(func(ctx context.Context) { follow(ctx, pod) })
//	g.Close() // ends ctx, and waits for all of it
package background

import (
	"context"
	"sync"
)

// Group is work with a common end.
type Group struct {
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
}

// New returns a group without work.
func New() *Group {
	g := &Group{}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

// Go runs work in a goroutine. Its context ends at Close.
func (g *Group) Go(work func(context.Context)) { g.work.Go(func() { work(g.ctx) }) }

// Close ends the context of all work, and returns when all work has returned.
func (g *Group) Close() {
	g.cancel()
	g.work.Wait()
}
