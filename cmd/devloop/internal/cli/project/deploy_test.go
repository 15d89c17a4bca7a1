package project

import (
	"maps"
	"net"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/jdwp/ide"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/localport"
)

func TestTwoLocalPortsForOneContainerPortAreRefused(t *testing.T) {
	for _, bad := range [][]string{{"8080", "9090"}, {"9090:8080", "9191:8080"}} {
		if got, err := localPorts(bad); err == nil {
			t.Errorf("%v: got %v", bad, got)
		}
	}
	got, err := localPorts([]string{"9090", "9191:5005", "9090"})
	if err != nil || !maps.Equal(got, map[int]int{0: 9090, 5005: 9191}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestDebuggersComeFromThisMachine: whoever reaches the port of a JVM can run any code in the Pod.
func TestDebuggersComeFromThisMachine(t *testing.T) {
	t.Parallel()
	relay, _, err := debugger(time.Second)(t.Context(), localport.Options{}, func(ide.Notice) {})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = relay.Close() }()
	_, port, err := net.SplitHostPort(relay.Address())
	if err != nil {
		t.Fatal(err)
	}
	addresses := must.Get(net.InterfaceAddrs())(t)
	reached := map[bool]bool{} // from loopback, and from elsewhere
	for _, a := range append(addresses, &net.IPNet{IP: net.IPv4(127, 0, 0, 1)}) {
		ip := a.(*net.IPNet).IP
		if ip.IsLinkLocalUnicast() {
			continue // it needs a zone
		}
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(ip.String(), port), time.Second)
		if err == nil {
			reached[ip.IsLoopback()] = true
			_ = conn.Close()
		}
	}
	if !reached[true] || reached[false] {
		t.Errorf("reached from this machine: %v, from its network: %v", reached[true], reached[false])
	}
}
