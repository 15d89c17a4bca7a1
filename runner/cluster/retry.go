package cluster

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/devloop-cli/devloop/internal/pause"
)

// A request is sent again, after firstPause and then after longer pauses, until its patience has ended.
const (
	firstPause, longestPause = 100 * time.Millisecond, time.Second
	// refusalPatience is for a server that answers, but not now.
	refusalPatience = 6 * time.Second
	// outagePatience is for one that cannot be reached. The API server of a kind node that is killed answers again
	// after three seconds, and if it dies again within minutes after some 13: the kubelet waits ten of them. It
	// has to end before askTimeout.
	outagePatience = 17 * time.Second
)

// rbacWarmup is how long after a failed connection a 403 is retried. An API server that has
// just come back has not read its roles yet; on a kind node that takes some tenths of a second, on a busy machine several.
const rbacWarmup = 20 * time.Second

// retryTransport sends a request again when the API server is away for a moment: after a connection that is refused or
// breaks, after the statuses 429 and 5xx without a Retry-After (client-go handles that header itself), and after a 403
// soon after a failed connection. It does not wait for a server that never answered.
//
// A request whose response was lost may be carried out twice. That does no harm: reads, applies and deletes by UID are
// idempotent, and callers that create look at the object when it exists already.
type retryTransport struct {
	next     http.RoundTripper
	answered *atomic.Bool  // the server has answered before
	failed   *atomic.Int64 // when a connection failed last, in nanoseconds since 1970
	clock    *clock
}

func (t retryTransport) RoundTrip(q *http.Request) (*http.Response, error) {
	began, pauseTime, patience := time.Now(), firstPause, refusalPatience
	for {
		response, err := t.next.RoundTrip(q)
		if err != nil && isTransient(nil, err) {
			t.failed.Store(time.Now().UnixNano())
			patience = outagePatience // what it answers when it comes back is part of the outage
		}
		if t.isRBACWarmup(response) { // another request has met the outage
			patience = outagePatience
		}
		retry := t.answered.Load() && (isTransient(response, err) || t.isRBACWarmup(response))
		if response != nil {
			t.answered.Store(true)
			t.clock.read(response.Header)
		}
		if !retry || time.Since(began) > patience || q.Body != nil && q.GetBody == nil {
			return response, err
		}
		again := q.Clone(q.Context())
		if q.Body != nil {
			body, bodyErr := q.GetBody()
			if bodyErr != nil {
				return response, err
			}
			again.Body = body
		}
		if !pause.For(q.Context(), wait.Jitter(pauseTime, 0.1)) {
			return response, err
		}
		pauseTime = min(2*pauseTime, longestPause)
		if response != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection can be used again
			_ = response.Body.Close()
		}
		q = again
	}
}

// isTransient says whether the same request is likely to succeed later.
func isTransient(response *http.Response, err error) bool {
	if err != nil {
		return utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) || utilnet.IsHTTP2ConnectionLost(err)
	}
	failed := response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError
	return failed && response.Header.Get("Retry-After") == ""
}

// isRBACWarmup says whether a 403 may come from a server that has not read its roles yet.
func (t retryTransport) isRBACWarmup(response *http.Response) bool {
	return response != nil && response.StatusCode == http.StatusForbidden && time.Since(time.Unix(0, t.failed.Load())) < rbacWarmup
}
