package cluster

import (
	"net/http"
	"sync/atomic"
	"time"
)

// datePrecision is how far off the Date header of a server with the same clock may be: it has whole seconds.
const datePrecision = 2 * time.Second

// clock is how far the API server's clock is ahead of this machine's.
type clock struct{ ahead atomic.Int64 }

// read compares the clocks by the Date header of a response.
func (c *clock) read(h http.Header) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	ahead := time.Until(date)
	if ahead.Abs() < datePrecision {
		ahead = 0
	}
	c.ahead.Store(int64(ahead))
}

// Now returns the time by the API server's clock, as its last response told it. Compare the times in objects
// with this one: the clock of a virtual machine may be minutes behind after the computer has slept.
func (c *Client) Now() time.Time { return time.Now().Add(time.Duration(c.clock.ahead.Load())) }
