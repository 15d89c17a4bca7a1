package cluster

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"github.com/devloop-cli/devloop/internal/must"
)

type server func(path string) (status int, err error)

func (s server) RoundTrip(q *http.Request) (*http.Response, error) {
	status, err := s(q.URL.Path)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// TestOutagesAreWaitedOut has the API server be away once, die a second time in a row, which a kubelet lets it pay for
// with ten seconds, take long to start, and stay away.
func TestOutagesAreWaitedOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		unreachable, refuses time.Duration // how long the server does that, one after the other
		starting             time.Duration // how long it has not read its roles and allows nothing
		forbids              bool          // its roles do not allow the request
		first                bool          // nothing has ever answered
		survives             bool
	}{
		"dies":             {unreachable: 3 * time.Second, survives: true},
		"dies again":       {unreachable: 13 * time.Second, survives: true},
		"starts slowly":    {unreachable: 5 * time.Second, refuses: 5 * time.Second, survives: true},
		"reads its roles":  {starting: 10 * time.Second, survives: true},
		"has just started": {starting: time.Second, first: true, survives: true},
		"never has roles":  {starting: time.Hour},
		"forbids":          {forbids: true},
		"is gone":          {unreachable: time.Hour},
		"was never there":  {unreachable: time.Second, first: true},
		"refuses":          {refuses: 3 * time.Second, survives: true},
		"goes on refusing": {refuses: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				s := server(func(path string) (int, error) {
					switch age := time.Since(began); {
					case age < c.starting || c.forbids && path == "/api/v1/pods":
						return http.StatusForbidden, nil
					case age < c.unreachable:
						return 0, syscall.ECONNREFUSED
					case age < c.unreachable+c.refuses:
						return http.StatusServiceUnavailable, nil
					}
					return http.StatusOK, nil
				})
				answered := &atomic.Bool{}
				answered.Store(!c.first)
				request := must.Get(http.NewRequest(http.MethodGet, "https://127.0.0.1:6443/api/v1/pods", nil))(t)
				response, err := retryTransport{s, answered, &clock{}}.RoundTrip(request)
				if took := time.Since(began); c.forbids && took > 0 {
					t.Errorf("who may not do something is told after %v", took)
				}
				if survives := err == nil && response.StatusCode == http.StatusOK; survives != c.survives ||
					time.Since(began) >= askTimeout {
					t.Errorf("got %v, %v after %v", response, err, time.Since(began))
				}
			})
		})
	}
}

// TestReadinessIsAskedForAsTheUser: a server that answers no one without a token has not read its roles yet.
func TestReadinessIsAskedForAsTheUser(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch {
		case q.Header.Get("Authorization") != "Bearer secret":
			w.WriteHeader(http.StatusUnauthorized)
		case asked.Add(1) <= 4: // the request and /readyz, twice
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer api.Close()
	c := must.Get(New(&rest.Config{Host: api.URL, BearerToken: "secret"}, "one", "default"))(t)
	if err := c.Ping(t.Context()); err != nil {
		t.Errorf("after %d requests: %v", asked.Load(), err)
	}
}
