package localport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/devloop-cli/devloop/runner/tunnel"
)

const (
	// unprivilegedOffset is added to a port below 1024 that is not allowed: 80 becomes 8080, 443 becomes 8443.
	unprivilegedOffset = 8000
	// nextPorts is how many ports above a busy one are tried.
	nextPorts = 100
	// defaultWait is how long a connection waits for a backend: ample for Spring Boot, less than clients' timeouts.
	defaultWait = 60 * time.Second
)

// Options says which port of this machine to listen on.
type Options struct {
	Local   int           // its number; 0: any free one
	Strict  bool          // the user asked for this very number: take no other
	Address string        // an IP address; "" and "localhost": the loopback addresses of IPv4 and IPv6
	Wait    time.Duration // how long a connection waits for a backend; 0: a minute
	Status  *Status       // what the page of an unavailable application shows; may be nil
}

// Listen opens the local port and keeps it until [Port.Close]. Clients are accepted at once; they wait
// until [Port.SetBackend]. If the number is not available, it listens on another one, and
// [Port.FallbackReason] says why; with Options.Strict the error is a [*PortError]. ctx bounds this call alone.
func Listen(ctx context.Context, dial tunnel.Dialer, o Options) (*Port, error) {
	listeners, fallback, err := ListenTCP(ctx, o)
	if err != nil {
		return nil, err
	}
	return newPort(dial, listeners, fallback, o), nil
}

// Available returns a [*PortError] if the port can't be had at this moment. It opens the port and closes it.
func Available(ctx context.Context, o Options) error {
	listeners, err := listen(ctx, o.Address, o.Local)
	closeAll(listeners)
	return err
}

// ListenTCP opens the port for a server of the caller's. Like [Listen] it takes another number, and fallback says why.
func ListenTCP(ctx context.Context, o Options) (listeners []net.Listener, fallback, err error) {
	if o.Local == 0 {
		listeners, err = listenAnywhere(ctx, o.Address)
		return listeners, nil, err
	}
	listeners, err = listen(ctx, o.Address, o.Local)
	if err == nil || o.Strict || !isTaken(err) {
		return listeners, nil, err
	}
	fallback = err
	first := o.Local + 1
	if errors.Is(err, syscall.EACCES) {
		first = o.Local + unprivilegedOffset
	}
	for number := first; number < min(first+nextPorts, 1<<16); number++ {
		if listeners, err = listen(ctx, o.Address, number); err == nil || !isTaken(err) {
			return listeners, fallback, err
		}
	}
	listeners, err = listenAnywhere(ctx, o.Address)
	return listeners, fallback, err
}

// listenAnywhere takes a number that the system chooses. It is free at one address, and may be taken at the other.
func listenAnywhere(ctx context.Context, address string) (listeners []net.Listener, err error) {
	for range nextPorts {
		if listeners, err = listen(ctx, address, 0); err == nil || !isTaken(err) {
			break
		}
	}
	return listeners, err
}

// isTaken says whether another port might do.
func isTaken(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EACCES)
}

// listen takes one number on all addresses, or on none of them: a browser that asks for localhost may try either.
func listen(ctx context.Context, address string, number int) ([]net.Listener, error) {
	addresses := []string{address}
	if address == "" || address == "localhost" {
		addresses = []string{"127.0.0.1", "::1"}
	}
	var listeners []net.Listener
	for _, a := range addresses {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(a, strconv.Itoa(number)))
		if a == "::1" && lacksIPv6(err) {
			continue
		}
		if err != nil {
			closeAll(listeners)
			return nil, portError(ctx, number, err)
		}
		listeners = append(listeners, l)
		number = l.Addr().(*net.TCPAddr).Port
	}
	return listeners, nil
}

func lacksIPv6(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}

func portError(ctx context.Context, number int, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("listen on local port %d: %w", number, context.Cause(ctx))
	}
	cause := err
	if system := syscall.Errno(0); errors.As(err, &system) {
		cause = system
	}
	e := &PortError{Port: number, Err: cause}
	if errors.Is(err, syscall.EADDRINUSE) {
		e.Owner = portOwner(number)
	}
	return e
}

// PortError says that a local port can't be had: another process uses it, or the system does not allow it.
type PortError struct {
	Port  int
	Owner string // the other process, "java (pid 4711)"; "" if unknown
	Err   error
}

func (e *PortError) Error() string {
	switch {
	case e.denied():
		return fmt.Sprintf("listen on local port %d: the system keeps ports below 1024 for root", e.Port)
	case e.Owner != "":
		return fmt.Sprintf("listen on local port %d: %s holds it", e.Port, e.Owner)
	}
	return fmt.Sprintf("listen on local port %d: %v", e.Port, e.Err)
}

func (e *PortError) denied() bool { return errors.Is(e.Err, syscall.EACCES) }

// Unwrap returns the system's answer.
func (e *PortError) Unwrap() error { return e.Err }

// Code returns "port.busy", or "port.denied" where the system does not allow the port.
func (e *PortError) Code() string {
	if e.denied() {
		return "port.denied"
	}
	return "port.busy"
}

// Hints says how to get the port, or which one can be had.
func (e *PortError) Hints() []string {
	if e.denied() {
		return []string{
			fmt.Sprintf("take port %d instead, which needs no right", e.Port+unprivilegedOffset),
			fmt.Sprintf("or allow it until the next start of this machine: sudo sysctl net.ipv4.ip_unprivileged_port_start=%d", e.Port),
		}
	}
	if _, err := exec.LookPath("ss"); err == nil && e.Owner == "" {
		return []string{fmt.Sprintf("see who holds it: sudo ss -ltnp 'sport = :%d'", e.Port), "or take another port"}
	}
	return []string{"end that process, or take another port: --port NUMBER"}
}
