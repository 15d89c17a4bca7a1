package runner

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
)

// TestRealNoTrafficIsLostWhilePodsChange replaces the Pod a hundred times, in turn in its place and beside it, under
// fifty requests a second on connections that are kept, uploads, an event stream and a WebSocket. Streams end with
// their Pod, and their clients connect again.
func TestRealNoTrafficIsLostWhilePodsChange(t *testing.T) {
	real.Long(t)
	r, _ := realRunner(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	f, err := r.Listen(ctx, localport.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()

	var newest atomic.Int64
	all := []*visitor{{name: "requests", visit: ask, every: time.Second / 50}, {name: "uploads", visit: upload,
		every: time.Second / 2}, {name: "event stream", visit: listen}, {name: "WebSocket", visit: converse}}
	asking, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	for _, v := range all {
		v.url, v.newest, v.last = strings.TrimPrefix(f.URL(), "http://"), &newest, time.Now()
		running.Go(func() { v.run(asking) })
	}
	var serving []kube.Pod
	for n := 1; n <= allReplacements; n++ {
		spec := numbered(t, n)
		if n%2 == 1 {
			spec.Serving = serving
		}
		if serving, err = replaceOnce(ctx, r, f, spec); err != nil {
			t.Fatalf("replacement %d: %v", n, err)
		}
		newest.Store(int64(n))
		for _, v := range all { // each has met this Pod before it goes
			for v.met.Load() < int64(n) && pause.For(asking, time.Millisecond) {
			}
		}
		if n%10 == 0 {
			t.Logf("%d replacements", n)
		}
	}
	stop()
	running.Wait()
	for _, v := range all {
		v.report(t)
	}
}

// visitor is a kind of client, and how it fared.
type visitor struct {
	name  string
	url   string
	visit func(ctx context.Context, v *visitor) error // a request, or a stream until it ends
	// a visit begins, whether the one before has ended or not; 0 for one after the other
	every  time.Duration
	newest *atomic.Int64
	met    atomic.Int64 // the Pod whose answer came last

	mu       sync.Mutex
	visits   int
	answers  int
	last     time.Time
	longest  time.Duration // without an answer
	failures []string
}

func (v *visitor) run(ctx context.Context) {
	var visits sync.WaitGroup
	defer visits.Wait()
	once := func() {
		v.mu.Lock()
		v.visits++
		v.mu.Unlock()
		if err := v.visit(ctx, v); err != nil && ctx.Err() == nil {
			v.mu.Lock()
			v.failures = append(v.failures, fmt.Sprintf("while number %d served: %v", v.newest.Load(), err))
			v.mu.Unlock()
		}
	}
	if v.every == 0 {
		for ctx.Err() == nil {
			once()
		}
		return
	}
	for ticker := time.Tick(v.every); ctx.Err() == nil; <-ticker {
		visits.Go(once)
	}
}

// answered counts an answer, which is to be "number 17" and what follows. One that a Pod gives that was not the newest
// when the visit began is stale.
func (v *visitor) answered(text, follows string, newest int64) error {
	var n int64
	if _, err := fmt.Sscanf(text, "number %d", &n); err != nil || text != fmt.Sprint("number ", n)+follows {
		return fmt.Errorf("torn: %q", text)
	}
	if n < newest {
		return fmt.Errorf("stale: %q", text)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answers, v.longest, v.last = v.answers+1, max(v.longest, time.Since(v.last)), time.Now()
	v.met.Store(max(n, v.met.Load()))
	return nil
}

func (v *visitor) report(t *testing.T) {
	for _, failure := range v.failures[:min(len(v.failures), 10)] {
		t.Errorf("%s: %s", v.name, failure)
	}
	t.Logf("%-12s %6d visits, %6d answers, %d lost, torn or stale; %v at most without an answer", v.name, v.visits,
		v.answers, len(v.failures), v.longest.Round(time.Millisecond))
	if v.answers < allReplacements {
		t.Errorf("%s: %d answers are too few to show anything", v.name, v.answers)
	}
}

// keeping keeps its connections.
var keeping = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 50, MaxConnsPerHost: 50}}

// exchange sends a request and returns the whole response.
func (v *visitor) exchange(ctx context.Context, method, path string, body io.Reader) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+v.url+path, body)
	if err != nil {
		return "", err
	}
	response, err := keeping.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		err = errors.Join(err, errors.New(response.Status))
	}
	return string(text), err
}

func ask(ctx context.Context, v *visitor) error {
	newest := v.newest.Load()
	text, err := v.exchange(ctx, http.MethodGet, "/", nil)
	if err != nil {
		return err
	}
	return v.answered(text, "", newest)
}

// upload sends some megabytes in chunks.
func upload(ctx context.Context, v *visitor) error {
	newest, sum := v.newest.Load(), sha256.New()
	body := io.TeeReader(io.LimitReader(rand.Reader, 3<<20), sum)
	text, err := v.exchange(ctx, http.MethodPost, "/sum", body)
	if err != nil {
		return err
	}
	return v.answered(text, fmt.Sprintf(" %x", sum.Sum(nil)), newest)
}

// listen reads an event stream to its end.
func listen(ctx context.Context, v *visitor) error {
	newest := v.newest.Load()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+v.url+"/events", nil)
	if err != nil {
		return err
	}
	response, err := keeping.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	for lines := bufio.NewReader(response.Body); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil // the client drops what is not a whole line
		}
		if text, is := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "data: "); is {
			if err := v.answered(text, "", newest); err != nil {
				return err
			}
		}
	}
}

// converse says something on a WebSocket and waits for the answer, until it ends.
func converse(ctx context.Context, v *visitor) error {
	newest := v.newest.Load()
	conn, _, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+v.url+"/socket", nil)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	for i := 0; pause.For(ctx, 50*time.Millisecond); i++ {
		said := fmt.Sprint(" and ", i)
		if conn.WriteMessage(websocket.TextMessage, []byte(said)) != nil {
			return nil
		}
		_, text, err := conn.ReadMessage()
		if err != nil {
			return nil
		}
		if err := v.answered(string(text), said, newest); err != nil {
			return err
		}
	}
	return nil
}
