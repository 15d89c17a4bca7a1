package tunnel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/tunnel"
	"github.com/devloop-cli/devloop/runner/tunnel/tunneltest"
)

// echo answers with the port's number, and complains about port 1.
func echo(port int, data io.ReadWriter) error {
	if port == 1 {
		return errors.New("connection refused")
	}
	_, _ = fmt.Fprint(data, port)
	return nil
}

func pod(name string) kube.Pod { return kube.Pod{Name: name, UID: types.UID("uid-" + name)} }

// talk has a conversation with a port of a Pod.
func talk(t *testing.T, pool *tunnel.Pool, pod kube.Pod, port int) error {
	t.Helper()
	c := must.Get(pool.Open(t.Context(), pod, port))(t)
	_, _ = io.ReadAll(c)
	return c.End()
}

func TestPoolReusesTunnels(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{Serve: echo}
	pool := tunnel.NewPool(node.Dial, 16)
	expect := func(what string, dials int32) {
		t.Helper()
		if got := node.Dials.Swap(0); got != dials {
			t.Errorf("%s: %d tunnels were opened, want %d", what, got, dials)
		}
	}
	for range 3 {
		must.Do(t, talk(t, pool, pod("web"), 80))
	}
	expect("one after the other", 1)
	_ = talk(t, pool, pod("db"), 80)
	expect("another Pod", 1)
	first, _ := pool.Open(t.Context(), pod("web"), 80)
	_ = talk(t, pool, pod("web"), 80)
	_ = first.End()
	expect("two at once", 1)
	node.Break()
	_ = talk(t, pool, pod("web"), 80)
	expect("of two, one is dead", 0)
	if err := talk(t, pool, pod("web"), 1); !tunnel.IsRefused(err) {
		t.Errorf("a refused conversation ended with %v", err)
	}
	_ = talk(t, pool, pod("web"), 80)
	expect("after a complaint", 1)
	c, _ := pool.Open(t.Context(), pod("web"), 80)
	c.Abort()
	_ = c.End()
	_ = talk(t, pool, pod("web"), 80)
	expect("after it was broken off", 1)
}

// TestPoolIsBounded talks with more Pods than a pool keeps tunnels for.
func TestPoolIsBounded(t *testing.T) {
	t.Parallel()
	var open []tunnel.Tunnel
	node := &tunneltest.Node{Serve: echo}
	pool := tunnel.NewPool(func(ctx context.Context, p kube.Pod) (tunnel.Tunnel, error) {
		opened, err := node.Dial(ctx, p)
		open = append(open, opened)
		return opened, err
	}, 16)
	for i := range 40 {
		_ = talk(t, pool, pod(fmt.Sprint(i)), 80)
	}
	alive := 0
	for _, one := range open {
		if one.Alive() {
			alive++
		}
	}
	if alive != 16 || pool.Len() != 16 || !open[39].Alive() {
		t.Errorf("%d tunnels are left, and the last one's state is %v", alive, open[39].Alive())
	}
	last, _ := pool.Open(t.Context(), pod("39"), 80)
	pool.Close()
	if !open[39].Alive() || open[38].Alive() {
		t.Error("a conversation does not outlive its pool, or an idle tunnel does")
	}
	_ = last.End()
	if open[39].Alive() {
		t.Error("a closed pool keeps a tunnel")
	}
}

func TestConnectionEndsWithItsContext(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{Serve: func(_ int, data io.ReadWriter) error {
		_, err := io.Copy(io.Discard, data)
		return err
	}}
	pool := tunnel.NewPool(node.Dial, 16)
	ctx, cancel := context.WithCancel(t.Context())
	connection := must.Get(pool.Connect(ctx, pod("web"), 80))(t)
	cancel()
	if _, err := connection.Read(make([]byte, 1)); err == nil {
		t.Error("it is open when its context has ended")
	}
	_ = connection.Close()
}

// TestProbeEndsWithItsContext asks an application that takes the connection, and then does nothing, as in a node that
// hangs.
func TestProbeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	defer close(end)
	node := &tunneltest.Node{Serve: func(int, io.ReadWriter) error { <-end; return nil }}
	for _, foreign := range [][]int{nil, {8080}} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		web := pod("web")
		web.Foreign = foreign
		prober := tunnel.Prober{Dial: node.Dial, Pod: web}
		if spoke, err := prober.Ask(ctx, 8080); err == nil || spoke {
			t.Errorf("foreign ports %v: it spoke %v, %v", foreign, spoke, err)
		}
		prober.Close()
	}
}

// TestDebugPortsAreNotAsked: a JVM complains about anything but a debugger in the application's log.
func TestDebugPortsAreNotAsked(t *testing.T) {
	t.Parallel()
	node := &tunneltest.Node{Serve: func(int, io.ReadWriter) error { return nil }}
	web := pod("web")
	web.Debug = []int{5005}
	prober := tunnel.Prober{Dial: node.Dial, Pod: web}
	defer prober.Close()
	if spoke, err := prober.Ask(t.Context(), 5005); spoke || err != nil || node.Dials.Load() > 0 {
		t.Errorf("it spoke %v, %v, after %d connections", spoke, err, node.Dials.Load())
	}
}
