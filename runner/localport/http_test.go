package localport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/tunnel/tunneltest"
)

// application is a Pod's HTTP server: each conversation is a connection to it.
func application(handler http.HandlerFunc) func(int, io.ReadWriter) error {
	return func(port int, data io.ReadWriter) error {
		for in := bufio.NewReader(data); ; {
			request, err := http.ReadRequest(in)
			if err != nil {
				return nil
			}
			request.RemoteAddr = fmt.Sprint(port)
			answer := httptest.NewRecorder()
			handler(answer, request)
			result := answer.Result()
			result.ContentLength = int64(answer.Body.Len())
			if err := result.Write(data); err != nil {
				return nil
			}
		}
	}
}

// echo answers with the port, the method and the body.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%s %s %s", r.RemoteAddr, r.Method, body)
}

// browser is a client that keeps its connections.
func browser(t *testing.T) *http.Client {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// answerOf returns status and body, or the error, of a request.
func answerOf(c *http.Client, method, url, body string, header ...string) string {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := c.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", response.StatusCode, text)
}

// later is the outcome of something that takes its time.
func later(do func() string) <-chan string {
	done := make(chan string, 1)
	go func() { done <- do() }()
	return done
}

func TestKeptConnectionOutlivesThePod(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	node.Serve = application(echo)
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 1)
	client := browser(t)
	dials := 0
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		dials++ // the requests come one after the other
		return dialLocal(t, f), nil
	}
	if got := answerOf(client, "GET", f.URL(), ""); got != "200 1 GET " {
		t.Errorf("got %q", got)
	}
	f.Pause(t.Context())
	waiting := later(func() string { return answerOf(client, "POST", f.URL(), "order") })
	f.SetBackend(webPod, 2)
	if got := <-waiting; got != "200 2 POST order" {
		t.Errorf("the request that waited got %q", got)
	}
	if dials != 1 {
		t.Errorf("the client needed %d connections, want the one", dials)
	}
}

// TestNoRequestWaitsForAnIdleConnectionToEnd: containerd takes a second to end a connection that the client closes.
func TestNoRequestWaitsForAnIdleConnectionToEnd(t *testing.T) {
	t.Parallel()
	closed, release := make(chan struct{}, 1), make(chan struct{})
	defer close(release)
	var first atomic.Bool
	node := &tunneltest.Node{Serve: func(port int, data io.ReadWriter) error {
		slow := first.CompareAndSwap(false, true)
		err := application(echo)(port, data)
		if slow {
			closed <- struct{}{}
			<-release
		}
		return err
	}}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 1)
	f.backend.transport.IdleConnTimeout = time.Millisecond
	client := browser(t)
	for i, before := range []func(){func() {}, func() { <-closed }} {
		before()
		select {
		case got := <-later(func() string { return answerOf(client, "GET", f.URL(), "") }):
			if got != "200 1 GET " {
				t.Errorf("request %d got %q", i+1, got)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("request %d waits for the end of the connection before", i+1)
		}
	}
}

func TestRequestThatDidNotReachTheApplicationIsSentAgain(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	serve := application(echo)
	var refusals int
	var mu sync.Mutex
	node.Serve = func(port int, data io.ReadWriter) error {
		mu.Lock()
		refusals++
		refuse := refusals <= 2
		mu.Unlock()
		if refuse {
			return errors.New("failed to connect to localhost:8080: connect: connection refused")
		}
		return serve(port, data)
	}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	body := strings.Repeat("x", 100_000)
	if got := answerOf(browser(t), "POST", f.URL(), body); got != "200 8080 POST "+body {
		t.Errorf("got %.60q", got)
	}
}

// TestNobodyListens: who asks is told so, and not the node's words for it.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{Serve: func(int, io.ReadWriter) error {
		return errors.New("error forwarding port 8080 to pod 8f, uid : failed to connect to localhost:8080 inside namespace \"8f\", IPv4: dial tcp4 127.0.0.1:8080: connect: connection refused")
	}}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	if got, want := strings.TrimSpace(answerOf(browser(t), "GET", f.URL(), "")),
		`503 devloop: nothing listens on port 8080 of Pod "web"`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLostRequestIsSentAgainIfItDoesNoHarm(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{"GET": "200 2 GET ", "POST": "502 "} {
		node := &tunneltest.Node{}
		heard := make(chan struct{}, 10)
		serve := application(echo)
		node.Serve = func(port int, data io.ReadWriter) error {
			if port == 2 {
				return serve(port, data)
			}
			_, err := http.ReadRequest(bufio.NewReader(data))
			heard <- struct{}{}
			return err // the Pod dies without an answer
		}
		f := listenAny(t, node, Options{})
		f.SetBackend(webPod, 1)
		got := later(func() string { return answerOf(browser(t), method, f.URL(), "") })
		<-heard
		f.SetBackend(webPod, 2)
		if got := <-got; !strings.HasPrefix(got, want) {
			t.Errorf("%s got %q, want %q", method, got, want)
		}
	}
}

func TestOutageIsExplainedToWhoeverAsks(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	node.Serve = application(echo)
	f := listenAny(t, node, Options{})
	client := browser(t)
	waiting := later(func() string { return answerOf(client, "GET", f.URL(), "") })
	raw := dialLocal(t, f)
	must.Get(io.WriteString(raw, "EHLO\n"))(t)
	f.SetUnavailable(Unavailable{Reason: `start Pod "web": it <crashed>`, Evidence: []string{"exit code 1"},
		Hints: []string{"mend it"}})
	want := "503 devloop: start Pod \"web\": it <crashed>\n  | exit code 1\n  -> mend it\n"
	if got := <-waiting; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	page := answerOf(client, "GET", f.URL(), "", "Accept", "text/html,*/*")
	if !strings.HasPrefix(page, "503 <!doctype html>") || !strings.Contains(page, "it &lt;crashed&gt;") ||
		!strings.Contains(page, "mend it") {
		t.Errorf("got %q", page)
	}
	if text, err := io.ReadAll(raw); len(text) > 0 || err == nil {
		t.Errorf("another protocol got %q, %v", text, err)
	}
	f.Pause(t.Context())
	waiting = later(func() string { return answerOf(client, "GET", f.URL(), "") })
	f.SetBackend(webPod, 8080)
	if got := <-waiting; got != "200 8080 GET " {
		t.Errorf("after the outage: %q", got)
	}
}

func TestPauseWaitsForAnswersUnderWay(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	asked, release := make(chan struct{}), make(chan struct{})
	node.Serve = application(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-release
		echo(w, r)
	})
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	slow := later(func() string { return answerOf(browser(t), "GET", f.URL(), "") })
	<-asked
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if f.Pause(short); short.Err() == nil {
		t.Error("Pause returned although an answer was due")
	}
	close(release)
	if got := <-slow; got != "200 8080 GET " {
		t.Errorf("got %q", got)
	}
}

func TestStreamsAndUpgradesPass(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	release := make(chan struct{})
	node.Serve = func(_ int, data io.ReadWriter) error {
		in := bufio.NewReader(data)
		request, err := http.ReadRequest(in)
		if err != nil {
			return nil
		}
		if request.Header.Get("Upgrade") == "" {
			_, _ = io.WriteString(data, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
			<-release
			return nil
		}
		_, _ = io.WriteString(data,
			"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: parrot\r\n\r\n")
		line, _ := in.ReadString('\n')
		_, err = io.WriteString(data, "you said "+line)
		return err
	}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	conn := dialLocal(t, f)
	must.Get(io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: parrot\r\n\r\n"))(t)
	upgraded := bufio.NewReader(conn)
	if response, err := http.ReadResponse(upgraded, nil); err != nil || response.StatusCode != 101 {
		t.Fatalf("got %v, %v", response, err)
	}
	must.Get(io.WriteString(conn, "hello\n"))(t)
	if text, err := io.ReadAll(upgraded); string(text) != "you said hello\n" {
		t.Errorf("upgraded: %q, %v", text, err)
	}
	response := must.Get(browser(t).Get(f.URL()))(t)
	if line, err := bufio.NewReader(response.Body).ReadString('\n'); line != "data: 1\n" { // before the stream ends
		t.Errorf("stream: %q, %v", line, err)
	}
	f.Pause(t.Context()) // a stream does not hold it up
	close(release)
	_ = response.Body.Close()
}

func TestClientMayCloseItsSideAndWait(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	closed := make(chan struct{})
	node.Serve = application(func(w http.ResponseWriter, r *http.Request) {
		<-closed
		echo(w, r)
	})
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	conn := dialLocal(t, f)
	must.Get(io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n"))(t)
	must.Do(t, conn.CloseWrite())
	close(closed)
	if text, err := io.ReadAll(conn); !strings.HasSuffix(string(text), "8080 GET ") {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestRequestsAndAnswersStayAsTheyAre(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	seen := make(chan *http.Request, 1)
	node.Serve = func(_ int, data io.ReadWriter) error {
		request, err := http.ReadRequest(bufio.NewReader(data))
		if err != nil {
			return nil
		}
		seen <- request
		_, err = io.WriteString(data, "HTTP/1.1 200 OK\r\nX-Own: 1\r\nContent-Length: 2\r\n\r\n{}")
		return err
	}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	for line, target := range map[string]string{
		"GET /a%2Fb/;x?a=1;b=%zz HTTP/1.1": "/a%2Fb/;x?a=1;b=%zz",
		"OPTIONS * HTTP/1.1":               "*",
	} {
		conn := dialLocal(t, f)
		if _, err := io.WriteString(conn, line+"\r\nHost: shop.example:1\r\nX-Forwarded-For: 9.9.9.9\r\nForwarded: for=9\r\nConnection: close\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(conn)
		if want := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Own: 1\r\nConnection: close\r\n\r\n{}"; string(text) != want {
			t.Errorf("%s got %q, %v", line, text, err)
		}
		got := <-seen
		if got.RequestURI != target || got.Host != "shop.example:1" || got.Header.Get("X-Forwarded-For") != "9.9.9.9" ||
			got.Header.Get("Forwarded") != "for=9" || got.Header.Get("User-Agent") != "" ||
			got.Header.Get("Accept-Encoding") != "" {
			t.Errorf("%s arrived as %s for %s with %v", line, got.RequestURI, got.Host, got.Header)
		}
	}
}

func TestServerThatSpeaksFirstIsHeard(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	node.Serve = func(_ int, data io.ReadWriter) error {
		_, err := io.WriteString(data, "220 ready\n")
		return err
	}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 25)
	if text, err := io.ReadAll(dialLocal(t, f)); string(text) != "220 ready\n" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
}

// TestBodyEndsOnce has a server close a request's body as soon as the response begins, which may be before
// the transport has asked for the body's end a second time.
func TestBodyEndsOnce(t *testing.T) {
	t.Parallel()
	body := &replayBody{body: io.NopCloser(&endsOnce{text: "order"})}
	attempt := body.attempt()
	for _, want := range []string{"order", "", ""} {
		p := make([]byte, 10)
		n, err := attempt.Read(p)
		if got := string(p[:n]); got != want || !errors.Is(err, io.EOF) {
			t.Errorf("got %q, %v, want %q and the end", got, err, want)
		}
	}
	again, err := io.ReadAll(body.attempt())
	if string(again) != "order" || err != nil {
		t.Errorf("the next attempt got %q, %v", again, err)
	}
}

// endsOnce returns its text and its end together, and then another error.
type endsOnce struct{ text string }

func (e *endsOnce) Read(p []byte) (int, error) {
	if e.text == "" {
		return 0, http.ErrBodyReadAfterClose
	}
	n := copy(p, e.text)
	e.text = ""
	return n, io.EOF
}

// TestReasonIsForThisMachineOnly: a page of a foreign site that leads to this machine by its name, or asks for
// localhost, learns nothing.
func TestReasonIsForThisMachineOnly(t *testing.T) {
	t.Parallel()
	f := listenAny(t, &tunneltest.Node{}, Options{})
	f.SetUnavailable(Unavailable{Reason: "build failed", Evidence: []string{"secret source"},
		Hints: []string{"mend it"}})
	ask := func(host, origin, accept string, told bool) {
		t.Helper()
		request := must.Get(http.NewRequest("GET", f.URL(), nil))(t)
		request.Host = host
		request.Header.Set("Accept", accept)
		if origin != "" {
			request.Header.Set("Origin", origin)
		}
		response := must.Get(browser(t).Do(request))(t)
		text, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		knows := strings.Contains(string(text), "secret source") || strings.Contains(string(text), "mend it") ||
			strings.Contains(string(text), "build failed")
		if response.StatusCode != 503 || knows != told || response.Header.Get("Server") != ServerHeader ||
			response.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s from %q, %s: got %d %v %s", host, origin, accept, response.StatusCode, response.Header, text)
		}
	}
	for _, accept := range []string{"text/html", "*/*"} {
		for host, told := range map[string]bool{"localhost": true, "localhost:8080": true, "shop.localhost": true,
			"127.0.0.1:80": true, "[::1]:80": true, "LOCALHOST.": true,
			"evil.example": false, "localhost.evil.example": false, "192.168.1.5:8080": false, "notlocalhost": false} {
			ask(host, "", accept, told)
		}
		for origin, told := range map[string]bool{"http://localhost:3000": true, "http://127.0.0.1": true,
			"https://evil.example": false, "null": false, "http://localhost.evil.example": false, "http://[": false} {
			ask("localhost:8080", origin, accept, told)
		}
	}
}

// TestSecondTransferEncodingIsLeftOut: Spring's server adds the header to that of the application.
func TestSecondTransferEncodingIsLeftOut(t *testing.T) {
	t.Parallel()
	asked := 0
	node := &tunneltest.Node{Serve: func(_ int, data io.ReadWriter) error {
		for in := bufio.NewReader(data); ; {
			if _, err := http.ReadRequest(in); err != nil {
				return nil
			}
			asked++
			for _, part := range []string{"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Enc", "oding: chunked\r\nX-Own: 1\r\ntransfer-encoding: Chunked\r\n\r", "\n3\r\none\r\n0\r\n\r\n"} {
				if _, err := io.WriteString(data, part); err != nil {
					return nil
				}
			}
		}
	}}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	client := browser(t)
	for range 2 { // on one connection
		if got := answerOf(client, "GET", f.URL(), ""); got != "200 one" {
			t.Errorf("got %q", got)
		}
	}
	if asked != 2 {
		t.Errorf("the application was asked %d times, want 2", asked)
	}
}

// TestTrailersAndContinueAreTheApplications: they pass as if there was no proxy.
func TestTrailersAndContinueAreTheApplications(t *testing.T) {
	t.Parallel()
	trailers := make(chan http.Header, 1)
	node := &tunneltest.Node{Serve: func(_ int, data io.ReadWriter) error {
		request, err := http.ReadRequest(bufio.NewReader(data))
		if err != nil {
			return nil
		}
		if request.Header.Get("Expect") != "" { // refused before the body
			_, err = io.WriteString(data, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
			return err
		}
		_, _ = io.Copy(io.Discard, request.Body)
		trailers <- request.Trailer
		_, err = io.WriteString(data, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
		return err
	}}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	conn := dialLocal(t, f)
	_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n")
	if text, err := io.ReadAll(conn); !strings.HasSuffix(string(text), "ok") {
		t.Errorf("got %q, %v", text, err)
	}
	if got := (<-trailers).Get("X-Sum"); got != "42" {
		t.Errorf("the trailer is %q", got)
	}
	conn = dialLocal(t, f)
	_, _ = io.WriteString(conn,
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
	if text, err := io.ReadAll(conn); !strings.HasPrefix(string(text), "HTTP/1.1 413") {
		t.Errorf("got %q, %v, want the application's refusal and no 100", text, err)
	}
}

// TestClientOfAStreamIsMissedAtOnce: a page that was closed must not hold a tunnel.
func TestClientOfAStreamIsMissedAtOnce(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	node := &tunneltest.Node{Serve: func(_ int, data io.ReadWriter) error {
		if _, err := http.ReadRequest(bufio.NewReader(data)); err != nil {
			return nil
		}
		_, _ = io.WriteString(data, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
		_, _ = io.Copy(io.Discard, data) // until the client is gone
		close(gone)
		return nil
	}}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	response := must.Get(browser(t).Get(f.URL()))(t)
	must.Get(bufio.NewReader(response.Body).ReadString('\n'))(t)
	_ = response.Body.Close()
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Error("the application still sends")
	}
}

// TestApplicationThatHangsUpAtOnce accepts each connection and closes it, as one behind a limit of connections does.
func TestApplicationThatHangsUpAtOnce(t *testing.T) {
	t.Parallel()
	for method, tries := range map[string]int32{http.MethodGet: 1 + maxSafeRetries, http.MethodPost: 1} {
		var conversations atomic.Int32
		f := listenAny(t, &tunneltest.Node{Serve: func(int, io.ReadWriter) error { conversations.Add(1); return nil }},
			Options{})
		f.SetBackend(webPod, 8080)
		got := answerOf(browser(t), method, f.URL(), "")
		if !strings.HasPrefix(got, "502 ") || !errors.Is(f.Err(), ErrHungUp) || conversations.Load() != tries {
			t.Errorf("%s: got %q after %d conversations, %v", method, got, conversations.Load(), f.Err())
		}
	}
}
