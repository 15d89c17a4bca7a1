package sessions

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// Address is a local one that leads to a Pod while the process that opened it lives.
type Address struct {
	Context   string `json:"context"`
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	Port      int    `json:"port"`
	URL       string `json:"url"`
}

// AddressBook writes down which local addresses this process keeps open, for
// `devloop status` in another terminal: a file in the state directory, with a lock
// beside it that the system lets go when the process ends, however it ends. What
// can't be written down is missing in a table, and stops nothing.
//
// It is a sink: what it knows it has from the events.
type AddressBook struct {
	place     Address // context and namespace of the session
	addresses []Address
	lock      *flock.Flock
}

// Handle implements [event.Sink].
func (b *AddressBook) Handle(e event.Event) {
	switch body := e.Body.(type) {
	case event.SessionStarted:
		b.place = Address{Context: body.Context, Namespace: body.Namespace}
	case event.PortForwarded:
		a := b.place
		a.Pod, a.Port, a.URL = body.Pod, body.Port, body.URL
		b.add(a)
	case event.DebugPortOpen:
		a := b.place
		a.Pod, a.URL = body.Pod, "jdwp://"+body.Address
		b.add(a)
	case event.SessionFinished:
		b.close()
	}
}

// add writes an address down, in place of an earlier one of the same local port.
func (b *AddressBook) add(a Address) {
	b.addresses = slices.DeleteFunc(b.addresses, func(old Address) bool { return old.URL == a.URL })
	b.addresses = append(b.addresses, a)
	dir, err := addressDir()
	if err != nil || os.MkdirAll(dir, 0o700) != nil {
		return
	}
	if b.lock == nil {
		b.lock = flock.New(filepath.Join(dir, fmt.Sprintf("%d.lock", os.Getpid())))
		if locked, err := b.lock.TryLock(); err != nil || !locked {
			return
		}
	}
	_ = atomicfile.WriteJSON(addressFile(b.lock.Path()), b.addresses)
}

func (b *AddressBook) close() {
	if b.lock != nil {
		forget(b.lock)
		b.lock = nil
	}
}

// forget removes the files of a process; the lock is held.
func forget(lock *flock.Flock) {
	_ = os.Remove(addressFile(lock.Path()))
	_ = os.Remove(lock.Path())
	_ = lock.Unlock()
}

func addressFile(lock string) string { return lock[:len(lock)-len(".lock")] + ".json" }

func addressDir() (string, error) {
	dir, err := StateDir()
	return filepath.Join(dir, "addresses"), err
}

// OpenAddresses returns the addresses of all processes that live, of one context, or of
// all for "". A lock that can be
// had belongs to one that is gone.
func OpenAddresses(context string) []Address {
	dir, err := addressDir()
	if err != nil {
		return nil
	}
	locks, _ := filepath.Glob(filepath.Join(dir, "*.lock")) // the pattern is right
	var all []Address
	for _, path := range locks {
		lock := flock.New(path)
		if gone, err := lock.TryLock(); gone || err != nil {
			if gone {
				forget(lock)
			}
			continue
		}
		var addresses []Address
		_ = atomicfile.ReadJSON(addressFile(path), &addresses)
		all = append(all, addresses...)
	}
	return slices.DeleteFunc(all, func(a Address) bool { return context != "" && a.Context != context })
}
