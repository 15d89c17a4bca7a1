package localport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/tunnel"
	"github.com/devloop-cli/devloop/runner/tunnel/tunneltest"
)

// webPod is the Pod that the tests' nodes serve.
var webPod = kube.Pod{Namespace: "default", Name: "web", UID: "1"}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// parrot answers each line with the port and the line, until its client ends.
func parrot(port int, data io.ReadWriter) error {
	for lines := bufio.NewScanner(data); lines.Scan(); {
		if _, err := fmt.Fprintf(data, "%d:%s\n", port, lines.Text()); err != nil {
			return nil
		}
	}
	return nil
}

func dialLocal(t *testing.T, f *Port) *net.TCPConn {
	t.Helper()
	conn := must.Get(net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(f.Number()))))(t)
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn.(*net.TCPConn)
}

func say(t *testing.T, conn net.Conn, text string) string {
	t.Helper()
	must.Get(io.WriteString(conn, text+"\n"))(t)
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatalf("said %q, got %q, %v", text, answer, err)
	}
	return strings.TrimSpace(answer)
}

func listenAny(t *testing.T, node *tunneltest.Node, o Options) *Port {
	t.Helper()
	f := must.Get(Listen(t.Context(), node.Dial, o))(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the port's last failure:", f.Err())
		}
		_ = f.Close()
	})
	return f
}

func TestPortServesConnectionsMadeBeforeThePod(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	node.Serve = parrot
	f := listenAny(t, node, Options{})
	early := dialLocal(t, f)
	must.Get(io.WriteString(early, "early\n"))(t)
	f.SetBackend(webPod, 8080)
	if answer, err := bufio.NewReader(early).ReadString('\n'); answer != "8080:early\n" {
		t.Errorf("got %q, %v", answer, err)
	}
}

func TestPortTurnsToAnotherPod(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	node.Serve = parrot
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 1)
	first := dialLocal(t, f)
	if got := say(t, first, "a"); got != "1:a" {
		t.Errorf("got %q", got)
	}
	eventually(t, "no answer is in progress", func() bool {
		requests := &f.backend.inflight
		requests.mu.Lock()
		defer requests.mu.Unlock()
		return requests.n == 0
	})
	f.SetBackend(webPod, 1) // after a change of the running Pod
	if got := say(t, first, "still"); got != "1:still" {
		t.Errorf("a connection to the same Pod got %q", got)
	}
	f.SetBackend(webPod, 2)
	if got := say(t, dialLocal(t, f), "b"); got != "2:b" {
		t.Errorf("a new connection got %q", got)
	}
	if text, err := io.ReadAll(first); len(text) > 0 || err != nil {
		t.Errorf("the old connection, on which no answer was due, got %q, %v; want its end", text, err)
	}
	f.Pause(t.Context())
	held := dialLocal(t, f)
	must.Get(io.WriteString(held, "d\n"))(t)
	f.SetBackend(webPod, 3)
	if answer, _ := bufio.NewReader(held).ReadString('\n'); answer != "3:d\n" {
		t.Errorf("the held connection got %q", answer)
	}
}

// TestWaitingClientsDoNotDialAllAtOnce has more clients wait for the Pod than tunnels may be made at a time.
func TestWaitingClientsDoNotDialAllAtOnce(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	node.Serve = parrot
	var dialing, most atomic.Int32
	f, err := Listen(t.Context(), func(ctx context.Context, pod kube.Pod) (tunnel.Tunnel, error) {
		now := dialing.Add(1)
		defer dialing.Add(-1)
		for was := most.Load(); now > was && !most.CompareAndSwap(was, now); was = most.Load() {
		}
		time.Sleep(time.Millisecond) // as a real one takes a moment
		return node.Dial(ctx, pod)
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	clients := make([]net.Conn, 5*maxDials)
	for i := range clients {
		clients[i] = dialLocal(t, f)
		must.Get(io.WriteString(clients[i], "hello\n"))(t)
	}
	f.SetBackend(webPod, 1)
	for _, c := range clients {
		if answer, err := bufio.NewReader(c).ReadString('\n'); answer != "1:hello\n" {
			t.Errorf("got %q, %v", answer, err)
		}
	}
	if got := most.Load(); got < 2 || got > maxDials {
		t.Errorf("%d dials at a time", got)
	}
}

func TestPortReusesTunnels(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	node.Serve = func(_ int, data io.ReadWriter) error {
		_, err := data.Write([]byte("bye\n"))
		return err
	}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	for i := range 10 {
		conn := dialLocal(t, f)
		if text, err := io.ReadAll(conn); string(text) != "bye\n" || err != nil {
			t.Fatalf("connection %d got %q, %v", i, text, err)
		}
		_ = conn.Close()
		eventually(t, "the tunnel is idle", func() bool { return f.backend.tunnels.Len() == 1 })
	}
	if dials := node.Dials.Load(); dials != 1 {
		t.Errorf("10 connections took %d dials", dials)
	}
	node.Break() // unnoticed
	if text, err := io.ReadAll(dialLocal(t, f)); string(text) != "bye\n" || err != nil {
		t.Errorf("after the tunnel's death: %q, %v", text, err)
	}
}

func TestPortHalfClose(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	release := make(chan struct{})
	node.Serve = func(_ int, data io.ReadWriter) error {
		line, err := bufio.NewReader(data).ReadString('\n')
		if err != nil {
			return err
		}
		<-release // longer than the client takes to close its side
		_, err = data.Write([]byte("late " + line))
		return err
	}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	conn := dialLocal(t, f)
	must.Get(io.WriteString(conn, "answer\n"))(t)
	must.Do(t, conn.CloseWrite())
	close(release)
	if text, err := io.ReadAll(conn); string(text) != "late answer\n" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestPortResetsWhatTheNodeCouldNotCarry(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	node.Serve = func(port int, _ io.ReadWriter) error {
		return fmt.Errorf("failed to connect to localhost:%d", port)
	}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	if text, err := io.ReadAll(dialLocal(t, f)); err == nil {
		t.Errorf("got %q and a clean end", text)
	}
	if err := f.Err(); err == nil || !strings.Contains(err.Error(), "localhost:8080") {
		t.Errorf("Err is %v", err)
	}
}

func TestPortGivesUpWaiting(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	f := listenAny(t, node, Options{Wait: 20 * time.Millisecond})
	if _, err := io.ReadAll(dialLocal(t, f)); err == nil {
		t.Error("a connection without a Pod ended cleanly")
	}
	if err := f.Err(); err == nil || !strings.Contains(err.Error(), "no Pod") {
		t.Errorf("Err is %v", err)
	}
}

func TestPortCloseEndsEverything(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	node.Serve = parrot
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 8080)
	busy := dialLocal(t, f)
	say(t, busy, "hello")
	f.Pause(t.Context())
	waiting := dialLocal(t, f)
	must.Do(t, f.Close())
	for name, conn := range map[string]net.Conn{"busy": busy, "waiting": waiting} {
		if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the %s connection did not end", name)
		}
	}
	again := listenAny(t, node, Options{Local: f.Number(), Strict: true})
	if again.Number() != f.Number() {
		t.Errorf("got port %d back as %d", f.Number(), again.Number())
	}
}

func TestListenOnABusyPort(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{}
	busy := listenAny(t, node, Options{})
	_, err := Listen(t.Context(), node.Dial, Options{Local: busy.Number(), Strict: true})
	var taken *PortError
	if !errors.As(err, &taken) || taken.Code() != "port.busy" || !strings.Contains(taken.Owner, "pid") {
		t.Errorf("strict: got %v", err)
	}
	next := listenAny(t, node, Options{Local: busy.Number()})
	if next.Number() == busy.Number() || !errors.As(next.FallbackReason(), &taken) {
		t.Errorf("got port %d, moved because %v", next.Number(), next.FallbackReason())
	}
	if busy.FallbackReason() != nil || !strings.HasPrefix(busy.URL(), "http://localhost:") {
		t.Errorf("moved %v, url %s", busy.FallbackReason(), busy.URL())
	}
}

// TestPauseWaitsForARawAnswer has a connection of another protocol whose answer has not begun when the
// Pod is about to go: it gets the whole answer, and then its end.
func TestPauseWaitsForARawAnswer(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	node := &tunneltest.Node{Serve: func(_ int, data io.ReadWriter) error {
		line, err := bufio.NewReader(data).ReadString('\n')
		if err != nil {
			return nil
		}
		close(asked)
		<-release
		_, err = io.WriteString(data, "answer to "+line)
		return err
	}}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 6379)
	conn := dialLocal(t, f)
	must.Get(io.WriteString(conn, "PING\n"))(t)
	<-asked
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if f.Pause(short); short.Err() == nil {
		t.Error("Pause returned although an answer was pending")
	}
	close(release)
	if text, err := io.ReadAll(conn); string(text) != "answer to PING\n" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
}

// TestDrainWaitsForThePreviousPod has the next Pod serve while the one before still answers.
func TestDrainWaitsForThePreviousPod(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	node := &tunneltest.Node{Serve: func(port int, data io.ReadWriter) error {
		line, err := bufio.NewReader(data).ReadString('\n')
		if err != nil {
			return nil
		}
		if port == 1 {
			close(asked)
			<-release
		}
		_, err = fmt.Fprintf(data, "%d:%s", port, line)
		return err
	}}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 1)
	old := dialLocal(t, f)
	must.Get(io.WriteString(old, "slow\n"))(t)
	<-asked
	f.SetBackend(webPod, 2)
	if got := say(t, dialLocal(t, f), "new"); got != "2:new" {
		t.Errorf("got %q", got)
	}
	drained := make(chan struct{})
	go func() { f.Drain(t.Context()); close(drained) }()
	select {
	case <-drained:
		t.Error("Drain returned although an answer was pending")
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	<-drained
	if text, err := io.ReadAll(old); string(text) != "1:slow\n" || err != nil {
		t.Errorf("the old connection got %q, %v", text, err)
	}
}

// TestConnectionLostInAnAnswerIsReset: a client must not take half an answer for the whole one.
func TestConnectionLostInAnAnswerIsReset(t *testing.T) {
	t.Parallel()
	sent := make(chan struct{})
	node := &tunneltest.Node{Serve: func(_ int, data io.ReadWriter) error {
		_, _ = io.WriteString(data, "half of")
		close(sent)
		_, _ = io.Copy(io.Discard, data)
		return nil
	}}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 25)
	conn := dialLocal(t, f)
	<-sent
	node.Break()
	if text, err := io.ReadAll(conn); err == nil {
		t.Errorf("got %q and a clean end", text)
	}
	eventually(t, "the loss is reported", func() bool { return errors.Is(f.Err(), tunnel.ErrLost) })
}

// TestResponseInProgressIsNotCutOff has a download of another protocol, such as TLS, go on when the port leads to
// another Pod, and pause for a moment in between.
func TestResponseInProgressIsNotCutOff(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	node := &tunneltest.Node{Serve: func(port int, data io.ReadWriter) error {
		if port == 2 {
			return parrot(port, data)
		}
		if _, err := bufio.NewReader(data).ReadString('\n'); err != nil {
			return nil
		}
		_, _ = io.WriteString(data, "half ")
		close(begun)
		<-release
		_, err := io.WriteString(data, "whole")
		return err
	}}
	f := listenAny(t, node, Options{})
	f.SetBackend(webPod, 1)
	old := dialLocal(t, f)
	must.Get(io.WriteString(old, "\x16get\n"))(t)
	<-begun
	drained := make(chan struct{})
	f.SetBackend(webPod, 2)
	go func() { f.Drain(t.Context()); close(drained) }()
	select {
	case <-drained:
		t.Error("Drain returned although the response was in progress")
	case <-time.After(quietTimeout / 10):
	}
	close(release)
	if text, err := io.ReadAll(old); string(text) != "half whole" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	<-drained
}
