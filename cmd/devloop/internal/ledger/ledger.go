// Package ledger keeps how long each cycle of devloop run took, and why, in a file on this machine.
//
//	bus := event.NewBus(display, ledger.New(path)) // adds a line for each cycle
//
//	entries := ledger.Read(path)
//	stats := ledger.StatsOf(entries)               // for devloop stats
//
// The file is bounded, and nothing leaves the machine.
package ledger

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// File is the name of the ledger in the directory of the user's state.
const File = "cycles.jsonl"

const (
	// maxSize is the size, in bytes, from which on a session leaves out the older half: about 3,000 cycles.
	maxSize = 1 << 20
	// maxPaths is how many of the changed files are kept.
	maxPaths = 5
)

// Entry is one cycle.
type Entry struct {
	Time    time.Time     `json:"time"`
	Session string        `json:"session"`
	Project string        `json:"project"`
	Dir     string        `json:"dir"`
	Cycle   int           `json:"cycle"`
	Trigger event.Trigger `json:"trigger"`
	Because string        `json:"because"`
	Paths   []string      `json:"paths,omitempty"`
	// Path is the one that was taken, "" if the cycle ended before; Why says why no faster one was.
	Path string `json:"path,omitempty"`
	Why  string `json:"why,omitempty"`
	// Build says why the build compiled, and not the incremental compiler.
	Build   string                         `json:"build,omitempty"`
	Stages  map[event.Stage]event.Duration `json:"stages,omitempty"`
	Outcome event.Outcome                  `json:"outcome"`
	Took    event.Duration                 `json:"seconds"`
	Code    string                         `json:"code,omitempty"`
}

// Writer adds a session's cycles to a ledger, as an [event.Sink]. A failure to write costs lines, and stops nothing.
type Writer struct {
	path    string
	stream  event.StreamStarted
	current map[string]*Entry // the cycle that runs, or the last one, of each service
	all     []Entry           // of this session
}

// New returns a writer for the ledger at path; "" keeps nothing.
func New(path string) *Writer { return &Writer{path: path, current: map[string]*Entry{}} }

func (w *Writer) Handle(e event.Event) {
	switch b := e.Body.(type) {
	case event.StreamStarted:
		w.stream = b
	case event.SessionStarted:
		w.current[e.Service] = &Entry{Session: w.stream.Session, Project: b.Project, Dir: b.Dir}
		trim(w.path)
	default:
		if current := w.current[e.Service]; current != nil { // apply has stages without a session
			w.cycle(current, e)
		}
	}
}

func (w *Writer) cycle(current *Entry, e event.Event) {
	switch b := e.Body.(type) {
	case event.CycleStarted:
		*current = Entry{
			Time: e.Time.UTC(), Session: current.Session, Project: current.Project, Dir: current.Dir, Cycle: e.Cycle,
			Trigger: b.Trigger, Because: b.Because, Paths: b.Paths[:min(len(b.Paths), maxPaths)],
			Stages: map[event.Stage]event.Duration{},
		}
	case event.PathChosen:
		current.Path, current.Why = b.Path, b.Why
	case event.StageFinished:
		current.stage(b)
	case event.CycleFinished:
		current.Outcome, current.Took = b.Outcome, b.Took
		if b.Failure != nil {
			current.Code = b.Failure.Code
		}
		w.all = append(w.all, *current)
		w.write(*current)
	}
}

// stage records a stage. Where the running application refused a change, a slower path is taken than the chosen one.
func (e *Entry) stage(b event.StageFinished) {
	if e.Stages == nil {
		return // no cycle has begun
	}
	e.Stages[b.Stage] += b.Took // of all attempts
	switch {
	case b.Stage == event.Compile:
		e.Build = b.Why
	case b.Outcome == event.OK && b.Stage == event.Restart:
		e.Path = "restart"
	case b.Outcome == event.OK && b.Stage == event.Replace && e.Path != "manifest":
		e.Path = "pod"
	case b.Outcome == event.Skipped && (b.Stage == event.Swap || b.Stage == event.Pages || b.Stage == event.Restart):
		e.Why = b.Why
	}
}

// Summary sums up the session in a line, "" if nothing was saved.
func (w *Writer) Summary() string { return StatsOf(w.all).Summary() }

func (w *Writer) write(e Entry) {
	line, err := json.Marshal(e)
	if err != nil || w.path == "" {
		return
	}
	if os.MkdirAll(filepath.Dir(w.path), 0o700) != nil {
		return
	}
	file, err := os.OpenFile(w.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	// A line break comes first: a process that was killed may have left half a line.
	_, _ = file.Write(append([]byte{'\n'}, line...))
	_ = file.Close()
}

// trim removes the older half of a ledger that is too large.
func trim(path string) {
	content, err := os.ReadFile(path)
	if err != nil || len(content) <= maxSize {
		return
	}
	half := content[len(content)-maxSize/2:]
	_ = atomicfile.Write(path, half[max(0, bytes.IndexByte(half, '\n')):])
}

// Read returns the entries of a ledger, the oldest first, without lines that are not whole; none without a ledger.
func Read(path string) (entries []Entry) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	for line := range bytes.Lines(content) {
		var e Entry
		if json.Unmarshal(line, &e) == nil && !e.Time.IsZero() {
			entries = append(entries, e)
		}
	}
	return entries
}

// LastTook returns how long each stage of the project's latest first cycle took: one that builds everything.
func (w *Writer) LastTook(project, dir string) map[event.Stage]event.Duration {
	for _, e := range slices.Backward(Read(w.path)) {
		if e.Project == project && e.Dir == dir && e.Cycle == 1 && e.Outcome == event.OK {
			return e.Stages
		}
	}
	return nil
}
