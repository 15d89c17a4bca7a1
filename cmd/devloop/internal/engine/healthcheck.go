package engine

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/localport"
)

const (
	// askTimeout bounds the first request to an application that accepts connections
	// already. Spring makes its DispatcherServlet at the first request; seconds are
	// ample even on a busy laptop.
	askTimeout = 30 * time.Second
	// maxText is how much of an answer is worth a line in a terminal, in bytes.
	maxText = 60
	// tlsTimeout bounds the try whether a port speaks TLS: what speaks something else may wait
	// for more for ever.
	tlsTimeout = 5 * time.Second
)

// answer is what an application said to GET /, below its base path.
type answer struct {
	none   bool   // it was not asked
	url    string // for a browser
	status int    // HTTP status; 0: the port speaks something else
	text   string
	took   event.Duration
}

func (a answer) String() string {
	switch {
	case a.none:
		return "is not asked while a debugger is attached"
	case a.status == 0:
		return "accepts connections"
	case a.text == "":
		return fmt.Sprintf("answers %d", a.status)
	default:
		return fmt.Sprintf("answers %d: %s", a.status, a.text)
	}
}

// ask sends GET / to url of a local port, by TLS where the application speaks that: it answers plain
// HTTP with "bad request", closes the connection, or does not answer at all.
func ask(ctx context.Context, local LocalPort, url string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	a, err := askAt(ctx, local, url)
	if err == nil && (a.status == 0 || a.status == http.StatusBadRequest) || ctx.Err() == nil && errors.Is(local.Err(), localport.ErrHungUp) {
		if s, err := askAt(ctx, local, strings.Replace(url, "http:", "https:", 1)); err == nil && s.status != 0 {
			return s, nil
		}
	}
	return a, err
}

// askAt sends GET / to url of a local port. Any HTTP status is an answer: an application without
// a page at / answers 404, and it answers. So is any other protocol's first word. What
// the port says by itself, since it did not reach the application, is none.
func askAt(ctx context.Context, local LocalPort, url string) (answer, error) {
	began := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/", nil)
	if err != nil {
		return answer{}, err
	}
	client := http.Client{
		// A certificate of a laptop is nobody's that a machine trusts, and nothing secret is sent.
		Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true, DisableCompression: true,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, TLSHandshakeTimeout: tlsTimeout},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if ctx.Err() != nil {
		return answer{}, context.Cause(ctx)
	}
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.Header.Get("Server") != localport.ServerHeader {
		return answer{url: url, status: response.StatusCode, text: firstLine(response), took: since(began)}, nil
	}
	if errors.Is(local.Err(), localport.ErrNotHTTP) {
		return answer{url: url, took: since(began)}, nil
	}
	return answer{}, errors.New("no answer of the application")
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

// AnswerError says that localhost did not reach an application which was ready.
type AnswerError struct {
	Pod, Namespace string

	Port int
	URL  string
	// Way is what the way to the Pod said, nil if it said nothing.
	Way error
	Err error
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("ask %q on port %d of Pod %q: %v", e.URL, e.Port, e.Pod, e.Err)
}

// Evidence returns what the way to the Pod said.
func (e *AnswerError) Evidence() []string {
	if e.Way == nil {
		return nil
	}
	return []string{e.Way.Error()}
}

// Unwrap returns the error of the request.
func (e *AnswerError) Unwrap() error { return e.Err }

// Code implements the loop's contract for errors.
func (e *AnswerError) Code() string { return "forward.failed" }

// Hints says what to look at.
func (e *AnswerError) Hints() []string {
	return []string{"look at the application's log: devloop logs " + e.Pod + " -n " + e.Namespace}
}
