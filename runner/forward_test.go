package runner

//lint:file-ignore SA1019 client-go 0.37 still deals in apimachinery's httpstream: its spdy.Negotiate returns one

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
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/httpstream"
)

// parrot answers each line with the port and the line, until its client ends.
func parrot(port int, data httpstream.Stream) error {
	for lines := bufio.NewScanner(data); lines.Scan(); {
		if _, err := fmt.Fprintf(data, "%d:%s\n", port, lines.Text()); err != nil {
			return nil
		}
	}
	return nil
}

func dialLocal(t *testing.T, f *Forward) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(f.Port())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn.(*net.TCPConn)
}

func say(t *testing.T, conn net.Conn, text string) string {
	t.Helper()
	if _, err := io.WriteString(conn, text+"\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatalf("said %q, got %q, %v", text, answer, err)
	}
	return strings.TrimSpace(answer)
}

func listenAny(t *testing.T, r *Runner, p Port) *Forward {
	t.Helper()
	f, err := r.Listen(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log("the forward's last failure:", f.Err())
		}
		_ = f.Close()
	})
	return f
}

func TestForwardServesConnectionsMadeBeforeThePod(t *testing.T) {
	a, r := newAPI(t)
	a.forward = parrot
	f := listenAny(t, r, Port{})
	early := dialLocal(t, f)
	if _, err := io.WriteString(early, "early\n"); err != nil {
		t.Fatal(err)
	}
	f.Point(webPod, 8080)
	if answer, err := bufio.NewReader(early).ReadString('\n'); answer != "8080:early\n" {
		t.Errorf("got %q, %v", answer, err)
	}
}

func TestForwardTurnsToAnotherPod(t *testing.T) {
	a, r := newAPI(t)
	a.forward = parrot
	f := listenAny(t, r, Port{})
	f.Point(webPod, 1)
	first := dialLocal(t, f)
	if got := say(t, first, "a"); got != "1:a" {
		t.Errorf("got %q", got)
	}
	f.Point(webPod, 2)
	if got := say(t, dialLocal(t, f), "b"); got != "2:b" {
		t.Errorf("a new connection got %q", got)
	}
	if text, err := io.ReadAll(first); len(text) > 0 || err != nil {
		t.Errorf("the old connection, on which no answer was due, got %q, %v; want its end", text, err)
	}
	f.Hold(t.Context())
	held := dialLocal(t, f)
	if _, err := io.WriteString(held, "d\n"); err != nil {
		t.Fatal(err)
	}
	f.Point(webPod, 3)
	if answer, _ := bufio.NewReader(held).ReadString('\n'); answer != "3:d\n" {
		t.Errorf("the held connection got %q", answer)
	}
}

func TestForwardReusesTunnels(t *testing.T) {
	a, r := newAPI(t)
	a.forward = func(_ int, data httpstream.Stream) error {
		_, err := data.Write([]byte("bye\n"))
		return err
	}
	dials := 0
	dial := r.dial
	r.dial = func(ctx context.Context, p Pod) (httpstream.Connection, error) {
		dials++ // the conversations come one after the other
		return dial(ctx, p)
	}
	f := listenAny(t, r, Port{})
	f.Point(webPod, 8080)
	for i := range 10 {
		conn := dialLocal(t, f)
		if text, err := io.ReadAll(conn); string(text) != "bye\n" || err != nil {
			t.Fatalf("connection %d got %q, %v", i, text, err)
		}
		_ = conn.Close()
		eventually(t, "the tunnel is idle", func() bool {
			f.mu.Lock()
			defer f.mu.Unlock()
			return len(f.aim.idle) == 1
		})
	}
	if dials != 1 {
		t.Errorf("10 connections took %d dials", dials)
	}
	f.mu.Lock()
	f.aim.idle[0].close() // it dies unnoticed
	f.mu.Unlock()
	if text, err := io.ReadAll(dialLocal(t, f)); string(text) != "bye\n" || err != nil {
		t.Errorf("after the tunnel's death: %q, %v", text, err)
	}
}

func TestForwardHalfClose(t *testing.T) {
	a, r := newAPI(t)
	release := make(chan struct{})
	a.forward = func(_ int, data httpstream.Stream) error {
		line, err := bufio.NewReader(data).ReadString('\n')
		if err != nil {
			return err
		}
		<-release // longer than the client takes to close its side
		_, err = data.Write([]byte("late " + line))
		return err
	}
	f := listenAny(t, r, Port{})
	f.Point(webPod, 8080)
	conn := dialLocal(t, f)
	if _, err := io.WriteString(conn, "answer\n"); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	close(release)
	if text, err := io.ReadAll(conn); string(text) != "late answer\n" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestForwardResetsWhatTheNodeCouldNotCarry(t *testing.T) {
	a, r := newAPI(t)
	a.forward = func(port int, _ httpstream.Stream) error {
		return fmt.Errorf("failed to connect to localhost:%d", port)
	}
	f := listenAny(t, r, Port{})
	f.Point(webPod, 8080)
	if text, err := io.ReadAll(dialLocal(t, f)); err == nil {
		t.Errorf("got %q and a clean end", text)
	}
	if err := f.Err(); err == nil || !strings.Contains(err.Error(), "localhost:8080") {
		t.Errorf("Err is %v", err)
	}
}

func TestForwardGivesUpWaiting(t *testing.T) {
	_, r := newAPI(t)
	f := listenAny(t, r, Port{Wait: 20 * time.Millisecond})
	if _, err := io.ReadAll(dialLocal(t, f)); err == nil {
		t.Error("a connection without a Pod ended cleanly")
	}
	if err := f.Err(); err == nil || !strings.Contains(err.Error(), "no Pod") {
		t.Errorf("Err is %v", err)
	}
}

func TestForwardCloseEndsEverything(t *testing.T) {
	a, r := newAPI(t)
	a.forward = parrot
	f := listenAny(t, r, Port{})
	f.Point(webPod, 8080)
	busy := dialLocal(t, f)
	say(t, busy, "hello")
	f.Hold(t.Context())
	waiting := dialLocal(t, f)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for name, conn := range map[string]net.Conn{"busy": busy, "waiting": waiting} {
		if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the %s connection did not end", name)
		}
	}
	again := listenAny(t, r, Port{Local: f.Port(), Strict: true})
	if again.Port() != f.Port() {
		t.Errorf("got port %d back as %d", f.Port(), again.Port())
	}
}

func TestListenOnABusyPort(t *testing.T) {
	_, r := newAPI(t)
	busy := listenAny(t, r, Port{})
	_, err := r.Listen(t.Context(), Port{Local: busy.Port(), Strict: true})
	var taken *PortError
	if !errors.As(err, &taken) || taken.Code() != "port.busy" || !strings.Contains(taken.Holder, "pid") {
		t.Errorf("strict: got %v", err)
	}
	next := listenAny(t, r, Port{Local: busy.Port()})
	if next.Port() == busy.Port() || !errors.As(next.Moved(), &taken) {
		t.Errorf("got port %d, moved because %v", next.Port(), next.Moved())
	}
	if busy.Moved() != nil || !strings.HasPrefix(busy.URL(), "http://localhost:") {
		t.Errorf("moved %v, url %s", busy.Moved(), busy.URL())
	}
}
