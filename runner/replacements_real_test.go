package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/golden"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// How often the Pod is replaced under the clients' hands, here and in the long tier.
const (
	replacements    = 12
	allReplacements = 100
)

// TestRealNoRequestIsLostWhilePodsChange asks without pause, ten clients at a time, of which some keep their
// connections and some send orders that must not come twice, while the Pod is replaced. No request may be refused, cut
// off, or answered by anybody but the application; and none that is sent after the port was pointed to a Pod may get an
// earlier one's answer.
func TestRealNoRequestIsLostWhilePodsChange(t *testing.T) {
	r, _ := realRunner(t)
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	f := must.Get(r.Listen(ctx, localport.Options{}))(t)
	defer func() { _ = f.Close() }()

	var newest atomic.Int64
	asking, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	clients := make([]impatient, 10)
	var all sync.WaitGroup
	for i := range clients {
		clients[i].url, clients[i].newest = f.URL(), &newest
		clients[i].method = []string{http.MethodGet, http.MethodGet, http.MethodPost}[i%3]
		clients[i].client = &http.Client{Transport: &http.Transport{DisableKeepAlives: i%2 == 1}}
		all.Go(func() { clients[i].ask(asking) })
	}
	for n := 1; n <= replacements; n++ {
		if _, err := replaceOnce(ctx, r, f, numbered(t, n)); err != nil {
			t.Fatalf("replacement %d: %v", n, err)
		}
		newest.Store(int64(n))
		for i := range clients { // each has met this Pod before it goes
			for clients[i].met.Load() < int64(n) && pause.For(asking, time.Millisecond) {
			}
		}
	}
	stop(errTestDone)
	all.Wait()
	total, waits := 0, []time.Duration{}
	for i := range clients {
		c := &clients[i]
		for _, failure := range c.failures[:min(len(c.failures), 10)] {
			t.Error(failure)
		}
		total, waits = total+c.answers, append(waits, c.longest)
	}
	t.Logf("%d answers over %d replacements; the longest wait was %v", total, replacements,
		slices.Max(waits).Round(time.Millisecond))
	if total < replacements {
		t.Errorf("%d answers are too few to show anything", total)
	}
}

// numbered is a spec of a Pod that says its number.
func numbered(t *testing.T, n int) deploy.Spec {
	t.Helper()
	return specOf(t, strings.Replace(podText("web", "serve"), "hello", fmt.Sprint("number ", n), 1))
}

// replaceOnce is what a cycle does with a port and a Pod: the next one comes up beside those that serve, or in the
// place of the last one if the spec has none.
func replaceOnce(ctx context.Context, r *Runner, f *localport.Port, spec deploy.Spec) ([]kube.Pod, error) {
	beside := len(spec.Serving) > 0
	drain, cancel := context.WithTimeout(ctx, 30*time.Second) // a request takes seconds on a busy machine
	defer cancel()
	if !beside {
		f.Pause(drain)
	}
	pods, err := r.Replace(ctx, spec)
	if err != nil {
		return nil, err
	}
	if err := r.Ready(ctx, pods, nil); err != nil {
		return nil, errors.New(golden.Report(err.(*podstatus.NotReadyError)))
	}
	f.SetBackend(pods[0], 8080)
	if !beside {
		return pods, nil
	}
	f.Drain(drain)
	return pods, r.Retire(ctx, spec.Serving)
}

// impatient is a client that asks again as soon as it has an answer.
type impatient struct {
	url      string
	method   string
	client   *http.Client
	newest   *atomic.Int64
	met      atomic.Int64 // the Pod whose answer came last
	answers  int
	longest  time.Duration
	failures []string
}

func (c *impatient) ask(ctx context.Context) {
	for ctx.Err() == nil {
		began, newest := time.Now(), c.newest.Load()
		text, err := c.once(ctx)
		if ctx.Err() != nil {
			return
		}
		var n int64
		if _, scanned := fmt.Sscanf(text, "number %d", &n); err != nil || scanned != nil || n < newest {
			c.failures = append(c.failures, fmt.Sprintf("while number %d served: %q, %v", newest, text, err))
		}
		c.met.Store(n)
		c.answers++
		c.longest = max(c.longest, time.Since(began))
	}
}

func (c *impatient) once(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, c.method, c.url, strings.NewReader(c.method))
	if err != nil {
		return "", err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(response.Status))
	}
	return string(body), err
}

// errTestDone is the cause of contexts that end with their test.
var errTestDone = errors.New("the test is done")
