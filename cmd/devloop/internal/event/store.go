package event

import (
	"context"
	"sync"
)

const (
	// tailSize is how many events a reader gets that joins later.
	tailSize = 500
	// queueSize is how many events wait for a reader before lines are left out, and twice as many before all are.
	queueSize = 4096
)

// Store keeps the last events of a session for those who join later, and never waits for them.
//
//	store := event.NewStore()
//	bus := event.NewBus(display, store)
//	r := store.Subscribe()
//	e, err := r.Next(ctx) // a Snapshot, the last events, then each one as it happens
type Store struct {
	mu      sync.Mutex
	now     State
	tail    []Event
	readers map[*Reader]bool
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{readers: map[*Reader]bool{}} }

func (s *Store) Handle(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = Reduce(s.now, e)
	s.tail = append(s.tail, e)
	s.tail = s.tail[max(0, len(s.tail)-tailSize):]
	for r := range s.readers {
		r.add(e, s.now)
	}
}

// State returns the present state.
func (s *Store) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Subscribe returns a reader that begins with a snapshot of the present and the last events before it. Close it.
func (s *Store) Subscribe() *Reader {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &Reader{store: s, more: make(chan struct{}, 1)}
	first := Event{Body: Snapshot{s.now}}
	if n := len(s.tail); n > 0 {
		first.Seq, first.Time = s.tail[n-1].Seq, s.tail[n-1].Time
	}
	r.queue = append([]Event{first}, s.tail...)
	r.more <- struct{}{}
	s.readers[r] = true
	return r
}

// Reader reads the events of a [Store], one goroutine at a time.
type Reader struct {
	store *Store
	more  chan struct{} // has an element if queue may not be empty
	queue []Event       // the store's mutex guards it
}

// Next returns the next event. It waits until ctx ends, and returns ctx's cause; what is there is returned even then.
func (r *Reader) Next(ctx context.Context) (Event, error) {
	for {
		if e, there := r.take(); there {
			return e, nil
		}
		select {
		case <-r.more:
		case <-ctx.Done():
			return Event{}, context.Cause(ctx)
		}
	}
}

// Close ends the subscription.
func (r *Reader) Close() {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	delete(r.store.readers, r)
}

func (r *Reader) take() (Event, bool) {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	if len(r.queue) == 0 {
		return Event{}, false
	}
	e := r.queue[0]
	r.queue = r.queue[1:]
	return e, true
}

// add queues an event. A reader that is too slow loses lines of tools and of the application first. If
// that is not enough, it gets a new snapshot instead of all that waits.
func (r *Reader) add(e Event, now State) {
	switch {
	case len(r.queue) >= 2*queueSize:
		missed := Event{Seq: e.Seq, Time: e.Time, Body: EventsMissed{r.waiting() + 1}}
		r.queue = []Event{missed, {Seq: e.Seq, Time: e.Time, Body: Snapshot{now}}}
	case len(r.queue) >= queueSize && isLine(e):
		r.miss(e)
	default:
		r.queue = append(r.queue, e)
	}
	select {
	case r.more <- struct{}{}:
	default:
	}
}

// miss counts an event that the reader does not get.
func (r *Reader) miss(e Event) {
	last := &r.queue[len(r.queue)-1]
	if missed, is := last.Body.(EventsMissed); is {
		*last = Event{Seq: e.Seq, Time: e.Time, Body: EventsMissed{missed.Count + 1}}
		return
	}
	r.queue = append(r.queue, Event{Seq: e.Seq, Time: e.Time, Body: EventsMissed{1}})
}

// waiting counts the events that the queue holds or stands for.
func (r *Reader) waiting() (n int) {
	for _, e := range r.queue {
		switch b := e.Body.(type) {
		case EventsMissed:
			n += b.Count
		case Snapshot: // stands for events that the reader did not need
		default:
			n++
		}
	}
	return n
}

// isLine reports whether an event is a line of a program's output, or how far a transfer is.
func isLine(e Event) bool {
	switch e.Body.(type) {
	case AppLog, StageOutput, Transfer:
		return true
	}
	return false
}
