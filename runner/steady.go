package runner

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
)

// outage is how often, and after what pauses, a request is sent again to an API server
// that has answered before: for six seconds in all. The API server of a kind node that
// is killed answers again after three.
var outage = wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Jitter: 0.1, Steps: 6}

// steady is a transport that waits out a short outage of the API server: a connection
// that is refused or breaks, and the answers 429 and 5xx without a Retry-After, which
// client-go heeds by itself. A server that never answered is not waited for.
//
// A request whose answer was lost may have been carried out. That does no harm: reads,
// applies and deletes by UID are the same when done twice, and who creates looks again
// when the object is there already.
type steady struct {
	next     http.RoundTripper
	answered *atomic.Bool // by the server, ever
}

// RoundTrip implements [http.RoundTripper].
func (s steady) RoundTrip(q *http.Request) (*http.Response, error) {
	for pauses := outage; ; {
		answer, err := s.next.RoundTrip(q)
		passes := s.answered.Load() && passing(answer, err)
		if answer != nil {
			s.answered.Store(true)
		}
		if !passes || pauses.Steps == 0 || q.Body != nil && q.GetBody == nil {
			return answer, err
		}
		again := q.Clone(q.Context())
		if q.Body != nil {
			body, bodyErr := q.GetBody()
			if bodyErr != nil {
				return answer, err
			}
			again.Body = body
		}
		if !pause(q.Context(), pauses.Step()) {
			return answer, err
		}
		if answer != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
			_ = answer.Body.Close()
		}
		q = again
	}
}

// passing says whether a failure is likely to pass by itself.
func passing(answer *http.Response, err error) bool {
	if err != nil {
		return utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) || utilnet.IsHTTP2ConnectionLost(err)
	}
	failed := answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= http.StatusInternalServerError
	return failed && answer.Header.Get("Retry-After") == ""
}
