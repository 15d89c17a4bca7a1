package cluster

import (
	"io"
	"net/http"
	"net/url"
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

// retryTransport sends a request again when the API server is away for a moment: after a connection that is refused or
// breaks, after the statuses 429 and 5xx without a Retry-After (client-go handles that header itself), and after a 403
// of a server that has just started. It does not wait for a server that never answered.
//
// A request whose response was lost may be carried out twice. That does no harm: reads, applies and deletes by UID are
// idempotent, and callers that create look at the object when it exists already.
type retryTransport struct {
	next     http.RoundTripper
	answered *atomic.Bool // the server has answered before
	clock    *clock
}

func (t retryTransport) RoundTrip(q *http.Request) (*http.Response, error) {
	began, pauseTime, patience, hasRoles := time.Now(), firstPause, refusalPatience, false
	for {
		response, err := t.next.RoundTrip(q)
		forbidden := response != nil && response.StatusCode == http.StatusForbidden && !hasRoles
		if err != nil && isTransient(nil, err) || forbidden {
			patience = outagePatience // what it answers when it comes back is part of the outage
		}
		retry := forbidden || t.answered.Load() && isTransient(response, err)
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
		hasRoles = forbidden && t.isReady(q)
		if !hasRoles && !pause.For(q.Context(), wait.Jitter(pauseTime, 0.1)) {
			return response, err
		}
		pauseTime = min(2*pauseTime, longestPause)
		if response != nil {
			drop(response)
		}
		q = again
	}
}

// isTransient says whether the same request is likely to succeed later.
func isTransient(response *http.Response, err error) bool {
	if err != nil {
		return utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) ||
			utilnet.IsHTTP2ConnectionLost(err)
	}
	failed := response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= http.StatusInternalServerError
	return failed && response.Header.Get("Retry-After") == ""
}

// isReady reports whether the server has read its roles. Until then, which is some tenths of a second after it has
// begun to answer and on a busy machine several seconds, it forbids what it will allow. A 403 is final if it was ready
// before.
// https://kubernetes.io/docs/reference/using-api/health-checks/
func (t retryTransport) isReady(q *http.Request) bool {
	ask, err := http.NewRequestWithContext(q.Context(), http.MethodGet,
		q.URL.ResolveReference(&url.URL{Path: "/readyz"}).String(), nil)
	if err != nil {
		return false
	}
	ask.Header = q.Header.Clone() // with the user's token: a server may refuse to answer without it
	response, err := t.next.RoundTrip(ask)
	if err != nil {
		return false
	}
	drop(response)
	return response.StatusCode != http.StatusForbidden && response.StatusCode < http.StatusInternalServerError
}

// drop reads a response that is not wanted, so that its connection can be used again.
func drop(response *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	_ = response.Body.Close()
}
