package app

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// holder says who works on a project.
type holder struct {
	Command string    `json:"command"`
	Process int       `json:"pid"`
	Since   time.Time `json:"since"`
}

// hold takes a project for this process: two that deploy the same one to the same
// place would replace each other's Pods. The system gives it back when the process
// ends, however it ends. Its error is a [*heldError].
func hold(command, dir, server, namespace string) (release func(), err error) {
	cache, err := cacheDir()
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
		e := &heldError{dir: dir}
		readJSON(path+".json", &e.by)
		return nil, e
	}
	// Only the words of somebody else's error depend on it.
	if text, err := json.Marshal(holder{command, os.Getpid(), time.Now()}); err == nil {
		_ = os.WriteFile(path+".json", text, 0o644)
	}
	return func() {
		_ = os.Remove(path + ".json")
		_ = lock.Unlock()
	}, nil
}

// heldError says that another devloop works on the project.
type heldError struct {
	dir string
	by  holder // zero where it has not said yet who it is
}

func (e *heldError) Error() string {
	if e.by.Process == 0 {
		return fmt.Sprintf("take project %q: another devloop holds it", e.dir)
	}
	return fmt.Sprintf("take project %q: devloop %s holds it (pid %d, since %s)", e.dir, e.by.Command, e.by.Process, e.by.Since.Local().Format(time.TimeOnly))
}

// Code implements the contract for errors.
func (e *heldError) Code() string { return "project.held" }

// Hints says how to get at it.
func (e *heldError) Hints() []string {
	hints := []string{"build anew there instead: press Enter in its terminal", "or deploy beside it: --namespace NAME"}
	if e.by.Process > 0 {
		hints = append(hints, fmt.Sprintf("or end it: kill %d", e.by.Process))
	}
	return hints
}
