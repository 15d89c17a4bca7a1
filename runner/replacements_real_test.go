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

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/golden"
	"github.com/devloop-cli/devloop/runner/internal/pause"
	"github.com/devloop-cli/devloop/runner/localport"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// replacements is how often the Pod is replaced under the clients' hands.
const allReplacements = 100

// TestRealNoRequestIsLostWhilePodsChange asks without pause, ten clients at a time, of
// which some keep their connections and some send orders that must not come twice, while the Pod is replaced a hundred times. No request may be refused, cut off, or
// answered by anybody but the application; and none that is sent after the port was
// pointed to a Pod may get an earlier one's answer.
func TestRealNoRequestIsLostWhilePodsChange(t *testing.T) {
	r, _ := realRunner(t)
	replacements := 12
	if real.LongTier() {
		replacements = allReplacements
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	f, err := r.Listen(ctx, localport.Options{})
	if err != nil {
		t.Fatal(err)
	}
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
		if err := replaceOnce(ctx, t, r, f, n); err != nil {
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
	t.Logf("%d answers over %d replacements; the longest wait was %v", total, replacements, slices.Max(waits).Round(time.Millisecond))
	if total < replacements {
		t.Errorf("%d answers are too few to show anything", total)
	}
}

// replaceOnce is what a cycle does with a port and a Pod.
func replaceOnce(ctx context.Context, t *testing.T, r *Runner, f *localport.Port, n int) error {
	drain, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	f.Pause(drain)
	pods, err := r.Replace(ctx, specOf(t, strings.Replace(podText("web", "serve"), "hello", fmt.Sprint("number ", n), 1)))
	if err != nil {
		return err
	}
	if err := r.Ready(ctx, pods, nil); err != nil {
		return errors.New(golden.Report(err.(*podstatus.NotReadyError)))
	}
	f.SetBackend(pods[0], 8080)
	return nil
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
