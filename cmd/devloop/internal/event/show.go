package event

import (
	"context"
	"time"
)

// tickTime is how often a [Ticker] is told the time while nothing happens.
const tickTime = time.Second

// Ticker is a display that also shows that time passes. It gets the time between events, in their goroutine.
type Ticker interface{ Tick(now time.Time) }

// Show hands the kept events and all that follow to a display in a goroutine of its own, so that one whose output is
// not read, as in a pager, slows nothing. The display misses what a slow [Reader] does, and is told so. The channel
// closes once it has had the session's last event.
func (s *Store) Show(display Sink) (shown <-chan struct{}) {
	r, ended := s.Subscribe(), make(chan struct{})
	r.take() // the snapshot: the display begins with the events
	go func() {
		defer close(ended)
		defer r.Close()
		for !r.show(display) {
		}
	}()
	return ended
}

// show hands a display the next event, or the time if none comes soon. It reports whether it was the last event.
func (r *Reader) show(display Sink) (last bool) {
	soon, cancel := context.WithTimeout(context.Background(), tickTime)
	defer cancel()
	e, err := r.Next(soon)
	if err != nil {
		if t, is := display.(Ticker); is {
			t.Tick(time.Now())
		}
		return false
	}
	display.Handle(e)
	_, last = e.Body.(SessionFinished)
	return last
}
