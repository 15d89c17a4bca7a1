package runner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"
)

const (
	// unprivileged is what is added to a port below 1024 that the system does not
	// allow: 80 becomes 8080, 443 becomes 8443.
	unprivileged = 8000
	// nextPorts is how many ports above a busy one are tried.
	nextPorts = 100
	// defaultWait is how long a connection waits for a Pod: ample for a Spring Boot
	// start, and less than most clients' patience.
	defaultWait = 60 * time.Second
)

// Port says which port of this machine to take.
type Port struct {
	Local   int           // 0: any that is free
	Strict  bool          // the user asked for that very port: no other one will do
	Address string        // an IP address; "" and "localhost": the loopback addresses of IPv4 and IPv6
	Wait    time.Duration // how long a connection waits for a Pod; 0: a minute
}

// Listen takes the local port, and keeps it until [Forward.Close]. Connections are
// accepted from now on; they wait until [Forward.Point] says where they lead.
// Where the port is busy, or needs a right that the process lacks, it takes
// another one and [Forward.Moved] says why, unless the port is strict: then the
// error is a [*PortError]. ctx bounds only the taking.
func (r *Runner) Listen(ctx context.Context, port Port) (*Forward, error) {
	listeners, moved, err := Take(ctx, port)
	if err != nil {
		return nil, err
	}
	wait := port.Wait
	if wait == 0 {
		wait = defaultWait
	}
	return newForward(r.dial, listeners, moved, wait), nil
}

// Free says whether that local port could be taken now, as far as one can know: it
// takes it, and lets go. Its error is a [*PortError].
func Free(ctx context.Context, port Port) error {
	listeners, err := listen(ctx, port.Address, port.Local)
	closeAll(listeners)
	return err
}

// Take takes the local port for somebody who serves it by himself. Where the port is busy, or needs
// a right that the process lacks, it takes the next best one, and moved says why, unless the
// port is strict: then the error is a [*PortError].
func Take(ctx context.Context, port Port) (listeners []net.Listener, moved, err error) {
	listeners, err = listen(ctx, port.Address, port.Local)
	if err == nil || port.Strict || !isTaken(err) {
		return listeners, nil, err
	}
	moved = err
	first := port.Local + 1
	if errors.Is(err, syscall.EACCES) {
		first = port.Local + unprivileged
	}
	for number := first; number < min(first+nextPorts, 1<<16); number++ {
		if listeners, err = listen(ctx, port.Address, number); err == nil || !isTaken(err) {
			return listeners, moved, err
		}
	}
	listeners, err = listen(ctx, port.Address, 0)
	return listeners, moved, err
}

// isTaken says whether another port might do.
func isTaken(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EACCES)
}

// listen takes one number on all addresses, or on none of them: a browser that
// asks for localhost may try either.
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
		e.Holder = holder(number)
	}
	return e
}
