package sessions

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// Address is a local address that reaches a Pod while the process that opened it runs.
type Address struct {
	Context   string `json:"context"`
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	Port      int    `json:"port"`
	URL       string `json:"url"`
	Debugger  bool   `json:"debugger,omitempty"` // one is attached there
	service   string // the one of several that the Pod is of
}

// AddressBook records which local addresses this process keeps open, for `devloop status` in another terminal. It reads
// them from the events. A failure to write costs a line of that table, and stops nothing.
type AddressBook struct {
	place     Address // context and namespace of the session
	addresses []Address
	record    record // its lock is nil until there is an address
}

func (b *AddressBook) Handle(e event.Event) {
	switch body := e.Body.(type) {
	case event.SessionStarted:
		b.place = Address{Context: body.Context, Namespace: body.Namespace}
	case event.PortForwarded:
		a := b.place
		a.Pod, a.Port, a.URL, a.service = body.Pod, body.Port, body.URL, e.Service
		b.add(a)
	case event.StageFinished:
		b.forget(func(a Address) bool { return a.Port > 0 && a.service == e.Service && body.LeavesOut(a.URL) })
	case event.DebugPortOpen:
		a := b.place
		a.Pod, a.URL = body.Pod, debugScheme+body.Address
		b.add(a)
	case event.Debugger:
		b.debugged(body)
	case event.SessionFinished:
		b.close()
	}
}

// forget removes addresses that lead nowhere any more.
func (b *AddressBook) forget(gone func(Address) bool) {
	if slices.ContainsFunc(b.addresses, gone) {
		b.addresses = slices.DeleteFunc(b.addresses, gone)
		b.write()
	}
}

// add records an address, in place of an earlier one of the same local port.
func (b *AddressBook) add(a Address) {
	b.addresses = slices.DeleteFunc(b.addresses, func(old Address) bool { return old.URL == a.URL })
	b.addresses = append(b.addresses, a)
	b.write()
}

// debugScheme begins the addresses for debuggers.
const debugScheme = "jdwp://"

// debugged records whether a debugger is attached to a Pod.
func (b *AddressBook) debugged(e event.Debugger) {
	for i, a := range b.addresses {
		if a.Pod == e.Pod && strings.HasPrefix(a.URL, debugScheme) {
			b.addresses[i].Debugger = e.Attached(a.Debugger)
			b.write()
		}
	}
}

func (b *AddressBook) write() {
	if b.record.lock == nil {
		dir, err := addressDir()
		if err != nil {
			return
		}
		r, err := newRecord(dir, fmt.Sprint(os.Getpid()))
		if err != nil {
			return
		}
		if locked, err := r.lock.TryLock(); err != nil || !locked {
			return
		}
		b.record = r
	}
	_ = atomicfile.WriteJSON(b.record.path(), b.addresses)
}

func (b *AddressBook) close() {
	if b.record.lock != nil {
		b.record.release()
		_ = os.Remove(b.record.lock.Path()) // no other process has this pid
		b.record = record{}
	}
}

func addressDir() (string, error) {
	dir, err := StateDir()
	return filepath.Join(dir, "addresses"), err
}

// OpenAddresses returns the addresses of all running processes in one context, or in all for "".
func OpenAddresses(context string) []Address {
	dir, err := addressDir()
	if err != nil {
		return nil
	}
	return slices.Concat(
		readLive(dir, func(of []Address) bool { return len(of) > 0 && (context == "" || of[0].Context == context) })...)
}
