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

// recovery is how long after a connection failed a 403 may be the word of an API server that has
// just come back and has not read its roles yet: on a kind node that takes some tenths of a second.
const recovery = 20 * time.Second

// steady is a transport that waits out a short outage of the API server: a connection
// that is refused or breaks, the answers 429 and 5xx without a Retry-After, which
// client-go heeds by itself, and a 403 soon after a connection failed. A server that never
// answered is not waited for.
//
// A request whose answer was lost may have been carried out. That does no harm: reads,
// applies and deletes by UID are the same when done twice, and who creates looks again
// when the object is there already.
type steady struct {
	next     http.RoundTripper
	answered *atomic.Bool // by the server, ever
	// failed is when a connection failed last, in nanoseconds since 1970.
	failed *atomic.Int64
}

// RoundTrip implements [http.RoundTripper].
func (s steady) RoundTrip(q *http.Request) (*http.Response, error) {
	for pauses := outage; ; {
		answer, err := s.next.RoundTrip(q)
		if err != nil && passing(nil, err) {
			s.failed.Store(time.Now().UnixNano())
		}
		passes := s.answered.Load() && (passing(answer, err) || s.recovering(answer))
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

// recovering says whether a server that has just come back does not know yet who may do what.
func (s steady) recovering(answer *http.Response) bool {
	return answer != nil && answer.StatusCode == http.StatusForbidden && time.Since(time.Unix(0, s.failed.Load())) < recovery
}
