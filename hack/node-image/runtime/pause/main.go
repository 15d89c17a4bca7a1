// Command pause is the first process of every Pod: it holds the Pod's namespaces
// open while its containers come and go, and does nothing else.
//
// Kubernetes' own is a C program in the image registry.k8s.io/pause. This one keeps
// its contract: sleep until SIGINT or SIGTERM, and, as process 1 of a Pod that shares
// its process namespace, reap the children that others left behind.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for s := range signals {
		if s != syscall.SIGCHLD {
			return
		}
		reap()
	}
}

// reap collects every child that has ended. Signals coalesce, so one SIGCHLD may
// stand for many.
func reap() {
	for {
		if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
			return
		}
	}
}
