// Package sessions records which devloop processes are running: which project each of them works
// on, and which local addresses it keeps open.
//
//	held, err := sessions.Acquire("run", dir, server, namespace) // fails if another one runs
//	by, err := sessions.Find(dir, "", hints)                            // its socket, for devloop wait
//	open := sessions.OpenAddresses("kind-devloop")               // for devloop status
//
// A record is a JSON file with a lock file beside it. The system releases the lock when the
// process ends, however it ends, so a record without a lock is stale.
package sessions

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// Holder says who works on a project, and in which cluster.
type Holder struct {
	Command   string    `json:"command"`
	Dir       string    `json:"dir"`
	Server    string    `json:"server"`
	Namespace string    `json:"namespace"`
	Process   int       `json:"pid"`
	Since     time.Time `json:"since"`
	// Socket is the path at which devloop run listens, see package control.
	Socket string `json:"socket"`
}

// Hold is a project that this process has taken.
type Hold struct {
	Holder
	Release func()
}

// Acquire takes a project for this process: two that deploy the same one to the same place would
// replace each other's Pods. Call Release, or end the process, to give it back. Its error is a [*heldError].
func Acquire(command, dir, server, namespace string) (Hold, error) {
	state, err := StateDir()
	if err != nil {
		return Hold{}, err
	}
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join([]string{dir, server, namespace}, "\x00"))))[:16]
	r, err := newRecord(filepath.Join(state, "held"), name)
	if err != nil {
		return Hold{}, err
	}
	taken, err := r.lock.TryLock()
	if err != nil {
		return Hold{}, fmt.Errorf("take project %q: %w", dir, err)
	}
	if !taken {
		e := &heldError{by: Holder{Dir: dir}}
		_ = atomicfile.ReadJSON(r.path(), &e.by)
		return Hold{}, e
	}
	h := Holder{command, dir, server, namespace, os.Getpid(), time.Now(), filepath.Join(state, "control", name+".sock")}
	_ = atomicfile.WriteJSON(r.path(), h) // only other processes need it
	return Hold{h, r.release}, nil
}

// HeldBy returns a [*heldError] if a running devloop works on the project in dir, in any namespace
// of the server's cluster.
func HeldBy(dir, server string) error {
	held, err := heldDir()
	if err != nil {
		return err
	}
	for _, by := range readLive(held, func(by Holder) bool { return by.Dir == dir && by.Server == server }) {
		return &heldError{by: by, elsewhere: true}
	}
	return nil
}

// heldDir is not in the cache, which users and tools remove at any time.
func heldDir() (string, error) {
	state, err := StateDir()
	return filepath.Join(state, "held"), err
}

// heldError says that another devloop works on the project, or on one in another
// directory whose objects are in the way.
type heldError struct {
	by        Holder // zero, but for Dir, where it has not said yet who it is
	elsewhere bool
}

func (e *heldError) Error() string {
	if e.by.Process == 0 {
		return fmt.Sprintf("take project %q: another devloop holds it", e.by.Dir)
	}
	who := fmt.Sprintf("(pid %d, since %s)", e.by.Process, e.by.Since.Local().Format(time.TimeOnly))
	if e.elsewhere {
		return fmt.Sprintf("devloop %s holds it for the project in %q %s", e.by.Command, e.by.Dir, who)
	}
	return fmt.Sprintf("take project %q: devloop %s holds it %s", e.by.Dir, e.by.Command, who)
}

// Code implements the contract for errors.
func (e *heldError) Code() string { return "project.held" }

// Hints says how to get at it.
func (e *heldError) Hints() []string {
	hints := []string{"deploy to another namespace: --namespace NAME"}
	if e.elsewhere {
		hints = append(hints, "or take it over, and leave that one without: --adopt")
	} else {
		hints = append([]string{"rebuild there instead: press r in its terminal"}, "or "+hints[0])
	}
	if e.by.Process > 0 {
		hints = append(hints, fmt.Sprintf("or end it: kill %d", e.by.Process))
	}
	return hints
}
