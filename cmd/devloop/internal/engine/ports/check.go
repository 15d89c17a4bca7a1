package ports

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/localport"
)

const (
	// askTimeout limits the first request to an application that accepts connections. Spring makes
	// its DispatcherServlet at the first request, which takes seconds on a busy laptop.
	askTimeout = 30 * time.Second
	// maxText is the longest text of an answer that is shown, in bytes.
	maxText = 60
	// tlsTimeout limits the TLS handshake: a server of another protocol may wait for more bytes for ever.
	tlsTimeout = 5 * time.Second
)

// Answer is an application's answer to GET /, below its base path.
type Answer struct {
	Skipped bool   // there was no request
	URL     string // for a browser
	Status  int    // HTTP status; 0: the port speaks another protocol
	Text    string
	Took    event.Duration
}

// at returns the answer as the events have it.
func (a Answer) at(pod kube.Pod, port int) event.PortAnswer {
	at := event.PortAnswer{URL: a.URL, Pod: pod.Name, Port: port, Status: a.Status, Text: a.Text}
	if a.Skipped {
		at.NotAsked = "debugger"
	}
	return at
}

// ask sends GET / to url of a local port. It repeats the request over TLS if the application may speak that: it then
// answers plain HTTP with "bad request", closes the connection, or does not answer. And it repeats one over TLS
// without, if the settings promised too much. The error is [localport.ErrHungUp] if it closes the connection.
func ask(ctx context.Context, local Port, url string) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	a, err := askAt(ctx, local, url)
	if plain, isTLS := strings.CutPrefix(url, "https:"); isTLS && err != nil && ctx.Err() == nil {
		return ask(ctx, local, "http:"+plain)
	}
	if ctx.Err() == nil && errors.Is(local.Err(), localport.ErrHungUp) {
		err = localport.ErrHungUp // what the port says of the next request is about TLS
	}
	if err == nil && (a.Status == 0 || a.Status == http.StatusBadRequest) || errors.Is(err, localport.ErrHungUp) {
		if s, err := askAt(ctx, local, strings.Replace(url, "http:", "https:", 1)); err == nil && s.Status != 0 {
			return s, nil
		}
	}
	return a, err
}

// askAt sends GET / to url of a local port. Any HTTP status is an answer, such as 404 from an application without a
// page at /; so are bytes of another protocol. The port's own response means that it did not reach the application.
func askAt(ctx context.Context, local Port, url string) (Answer, error) {
	began := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/", nil)
	if err != nil {
		return Answer{}, err
	}
	client := http.Client{
		// No machine trusts the certificate of an application in development, and the request has no secrets.
		Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true, DisableCompression: true,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, TLSHandshakeTimeout: tlsTimeout},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if ctx.Err() != nil {
		return Answer{}, context.Cause(ctx)
	}
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.Header.Get("Server") != localport.ServerHeader {
		return Answer{URL: url, Status: response.StatusCode, Text: firstLine(response),
			Took: event.Duration(time.Since(began))}, nil
	}
	if errors.Is(local.Err(), localport.ErrNotHTTP) {
		return Answer{URL: url, Took: event.Duration(time.Since(began))}, nil
	}
	return Answer{}, errors.New("no answer of the application")
}

// firstLine returns the first line of a short plain answer, "" for a page or data.
func firstLine(r *http.Response) string {
	if strings.Contains(r.Header.Get("Content-Type"), "text/html") && r.ContentLength > maxText {
		return ""
	}
	line, err := bufio.NewReader(io.LimitReader(r.Body, maxText+1)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	line = strings.TrimSpace(line)
	if len(line) > maxText || !utf8.ValidString(line) || strings.HasPrefix(line, "<") {
		return ""
	}
	return line
}

// Check asks applications whether they answer.
type Check struct {
	// Dial opens a connection to a port of a Pod.
	Dial func(ctx context.Context, pod kube.Pod, port int) (io.ReadWriteCloser, error)
	// Stopped reports whether a debugger may have stopped a Pod.
	Stopped func(kube.Pod) bool
}

// Ask sends an application a request through its local port, at url. It sends none if a debugger may
// have stopped the application: the request would wait at a breakpoint.
func (c Check) Ask(ctx context.Context, local Local, pod kube.Pod, url string) (Answer, error) {
	if c.Stopped(pod) {
		return Answer{Skipped: true, URL: url}, nil
	}
	asking, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var other atomic.Bool // the port accepts connections and speaks another protocol
	var aside sync.WaitGroup
	aside.Go(func() {
		if len(pod.Ports) > 1 && pause.For(asking, deaf) && errors.Is(local.Err(), localport.ErrNobodyListens) {
			stop(errUnopened)
			return
		}
		if !strings.HasPrefix(url, "https:") && pause.For(asking, quiet) &&
			!errors.Is(local.Err(), localport.ErrNobodyListens) && !c.speaksHTTP(asking, pod, local.To.Port) &&
			asking.Err() == nil {
			other.Store(true)
			stop(errOtherProtocol)
		}
	})
	a, err := ask(asking, local, url)
	hungUp := ctx.Err() == nil && errors.Is(err, localport.ErrHungUp) && !c.speaksHTTP(ctx, pod, local.To.Port)
	stop(nil)
	aside.Wait()
	switch {
	case err != nil && c.Stopped(pod):
		return Answer{Skipped: true, URL: url}, nil
	case err != nil && (other.Load() || hungUp):
		return Answer{URL: url}, nil
	}
	return a, err
}

// quiet is how long an application may be silent before devloop finds out whether it speaks HTTP.
const quiet = 3 * time.Second

// deaf is how long devloop waits for one of several ports of a ready Pod. Then it takes the port
// for one that the application does not open.
const deaf = 500 * time.Millisecond

var errUnopened = errors.New("nothing listens on the port")

var errOtherProtocol = errors.New("the port speaks another protocol than HTTP")

// speaksHTTP sends a port of a Pod a request that HTTP servers answer without the application
// (RFC 9110, section 9.3.7). It reports true if the connection fails.
func (c Check) speaksHTTP(ctx context.Context, pod kube.Pod, port int) bool {
	ctx, cancel := context.WithTimeout(ctx, quiet)
	defer cancel()
	connection, err := c.Dial(ctx, pod, port)
	if err != nil {
		return true
	}
	defer func() { _ = connection.Close() }()
	if _, err := io.WriteString(connection,
		"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); err != nil {
		return false
	}
	head := make([]byte, len("HTTP/"))
	_, err = io.ReadFull(connection, head)
	return err == nil && string(head) == "HTTP/"
}
