// Package sessions records which devloop processes run, on which projects, and their local addresses.
//
//	held, err := sessions.Acquire("run", dir, server, namespace) // fails if another one runs
//	by, err := sessions.Find(dir, "", hints)                            // its socket, for devloop wait
//	open := sessions.OpenAddresses("kind-devloop")               // for devloop status
//
// A record is a JSON file with a lock file beside it, which the system releases with the process. One without is stale.
package sessions

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/fault"
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

// Acquire takes a project for this process: two that deploy the same one to the same place would replace each other's
// Pods. Call Release, or end the process, to give it back. Its error has the code "project.held".
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
		by := Holder{Dir: dir}
		_ = atomicfile.ReadJSON(r.path(), &by)
		return Hold{}, held(by)
	}
	h := Holder{command, dir, server, namespace, os.Getpid(), time.Now(), filepath.Join(state, "control", name+".sock")}
	_ = atomicfile.WriteJSON(r.path(), h) // only other processes need it
	return Hold{h, r.release}, nil
}

// HeldBy returns an error with the code "project.held" if a devloop works on the project in dir, in any namespace.
func HeldBy(dir, server string) error {
	records, err := heldDir()
	if err != nil {
		return err
	}
	for _, by := range readLive(records, func(by Holder) bool { return by.Dir == dir && by.Server == server }) {
		return heldError(by,
			fmt.Sprintf("devloop %s holds it for the project in %q %s", by.Command, by.Dir, by.process()),
			"deploy to another namespace: --namespace NAME", "or take it over, and leave that one without: --adopt")
	}
	return nil
}

// heldDir is not in the cache, which users and tools remove at any time.
func heldDir() (string, error) {
	state, err := StateDir()
	return filepath.Join(state, "held"), err
}

// held is the error that another devloop works on the project: by has only Dir where that has not said yet who it is.
func held(by Holder) error {
	op := fmt.Sprintf("take project %q: another devloop holds it", by.Dir)
	if by.Process > 0 {
		op = fmt.Sprintf("take project %q: devloop %s holds it %s", by.Dir, by.Command, by.process())
	}
	return heldError(by, op, "rebuild there instead: press r in its terminal",
		"or deploy to another namespace: --namespace NAME")
}

func heldError(by Holder, op string, hints ...string) error {
	if by.Process > 0 {
		hints = append(hints, fmt.Sprintf("or end it: kill %d", by.Process))
	}
	return &fault.Error{Code: "project.held", Op: op, Hints: hints}
}

func (h Holder) process() string {
	return fmt.Sprintf("(pid %d, since %s)", h.Process, h.Since.Local().Format(time.TimeOnly))
}
