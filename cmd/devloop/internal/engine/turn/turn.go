// Package turn lets a service wait until others have started.
//
//	done, err := take.Await(ctx, events) // says how many services come first, if any do
//	defer done()
//
// Who takes turns, and how many may start at a time, is up to package services.
package turn

import (
	"context"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// Take waits until a service may start. If it has to wait, it tells waits how many others come first. A nil Take lets it
// start at once.
type Take func(ctx context.Context, waits func(others int)) (done func(), err error)

// Await takes a turn, and publishes that it waits for one. Call done once the service has started.
func (t Take) Await(ctx context.Context, events publish.Publisher) (done func(), err error) {
	if t == nil {
		return func() {}, nil
	}
	return t(ctx, func(others int) { events.Inform(event.Notice{Code: event.NoticeTurn, Others: others}) })
}
