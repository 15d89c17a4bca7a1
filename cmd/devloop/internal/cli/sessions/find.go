package sessions

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/paths"
)

// codeNone is the code of the error that no devloop run works on a project.
const codeNone = "session.none"

// Commands are the lines that hints propose: to start a devloop run, and to ask again.
type Commands struct{ Start, Again string }

// Find returns the devloop run of the project in dir or the closest directory above. namespace, if any, chooses.
func Find(dir, namespace string, hints Commands) (Holder, error) {
	held, err := heldDir()
	if err != nil {
		return Holder{}, err
	}
	var found, others []Holder
	for _, h := range readLive(held, func(h Holder) bool { return h.Command == "run" }) {
		switch {
		case !Within(dir, h.Dir) || namespace != "" && namespace != h.Namespace:
			others = append(others, h)
		case len(found) > 0 && len(h.Dir) < len(found[0].Dir): // a directory above the other
		case len(found) > 0 && len(h.Dir) == len(found[0].Dir):
			found = append(found, h)
		default:
			found = []Holder{h}
		}
	}
	switch len(found) {
	case 0:
		return Holder{}, noneError(dir, namespace, hints.Start, others)
	case 1:
		return found[0], nil
	}
	e := &fault.Error{Code: "usage", Op: fmt.Sprintf("several devloop run work on the project in %q", dir)}
	for _, h := range found {
		e.Hints = append(e.Hints, fmt.Sprintf("choose one: %s -n %s", hints.Again, h.Namespace))
	}
	return Holder{}, e
}

// Running reports whether a devloop run works in a namespace of the cluster at server.
func Running(server, namespace string) bool {
	held, err := heldDir()
	if err != nil {
		return false
	}
	return len(readLive(held,
		func(h Holder) bool { return h.Command == "run" && h.Server == server && h.Namespace == namespace })) > 0
}

// noneError says that no session works on the project, and where others do.
func noneError(dir, namespace, start string, others []Holder) error {
	e := &fault.Error{Code: codeNone, Op: fmt.Sprintf("no devloop run works on the project in %q", dir),
		Hints: []string{"start it: " + start}}
	if namespace != "" {
		e.Op += fmt.Sprintf(" in namespace %q", namespace)
	}
	for _, h := range others {
		e.Hints = append(e.Hints,
			fmt.Sprintf("or name the directory of one that runs, in namespace %q: %s", h.Namespace, h.Dir))
	}
	return e
}

// Within reports whether path is dir or below it, with symbolic links resolved.
func Within(path, dir string) bool { return paths.Within(paths.Real(path), paths.Real(dir)) }

// Elsewhere reports whether other is another directory than dir, as far as can be known: one that does not exist any
// more may have been moved to dir. What can't be looked at, such as another user's, exists.
func Elsewhere(dir, other string) bool {
	if other == "" || other == dir {
		return false
	}
	there, err := os.Stat(other)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
	}
	here, err := os.Stat(dir)
	return err != nil || !os.SameFile(here, there)
}
