// Package sessions records which devloop processes are running: which project each of them works
// on, and which local addresses it keeps open.
//
//	release, err := sessions.Acquire("run", dir, server, namespace) // fails if another one runs
//	open := sessions.OpenAddresses("kind-devloop")                  // for devloop status
//
// A record is a JSON file with a lock file beside it. The system releases the lock when the
// process ends, however it ends, so a record without a lock is stale.
package sessions

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// holder says who works on a project, and in which cluster.
type holder struct {
	Command string    `json:"command"`
	Dir     string    `json:"dir"`
	Server  string    `json:"server"`
	Process int       `json:"pid"`
	Since   time.Time `json:"since"`
}

// Acquire takes a project for this process: two that deploy the same one to the same
// place would replace each other's Pods. The system gives it back when the process
// ends, however it ends. Its error is a [*heldError].
func Acquire(command, dir, server, namespace string) (release func(), err error) {
	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join([]string{dir, server, namespace}, "\x00"))))
	path := filepath.Join(cache, "held", key[:16])
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("take project %q: %w", dir, err)
	}
	lock := flock.New(path + ".lock")
	taken, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("take project %q: %w", dir, err)
	}
	if !taken {
		e := &heldError{by: holder{Dir: dir}}
		_ = atomicfile.ReadJSON(path+".json", &e.by)
		return nil, e
	}
	// Only the words of somebody else's error depend on it.
	if text, err := json.Marshal(holder{command, dir, server, os.Getpid(), time.Now()}); err == nil {
		_ = os.WriteFile(path+".json", text, 0o644)
	}
	return func() {
		_ = os.Remove(path + ".json")
		_ = lock.Unlock()
	}, nil
}

// HeldBy returns a [*heldError] where a devloop that lives works on the project in dir, in
// any namespace of the server's cluster. A lock that can be had belongs to one that is gone.
func HeldBy(dir, server string) error {
	cache, err := CacheDir()
	if err != nil {
		return err
	}
	paths, _ := filepath.Glob(filepath.Join(cache, "held", "*.json")) // the pattern is right
	for _, path := range paths {
		e := &heldError{elsewhere: true}
		_ = atomicfile.ReadJSON(path, &e.by)
		if e.by.Dir != dir || e.by.Server != server {
			continue
		}
		lock := flock.New(strings.TrimSuffix(path, ".json") + ".lock")
		if gone, err := lock.TryRLock(); !gone || err != nil {
			return e
		}
		_ = lock.Unlock()
	}
	return nil
}

// heldError says that another devloop works on the project, or on one in another
// directory whose objects are in the way.
type heldError struct {
	by        holder // zero, but for Dir, where it has not said yet who it is
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
	hints := []string{"deploy beside it: --namespace NAME"}
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
