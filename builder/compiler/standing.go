package compiler

import (
	"errors"

	"github.com/devloop-cli/devloop/builder/incremental"
)

// maxFailures is how often in a row bootstrapping may fail for a reason other than the sources.
const maxFailures = 3

// standing is whether the incremental compiler is used, and what was said about that.
type standing struct {
	disabled string  // why it is not used, "" if it is
	blocker  blocker // what has to change before it is tried again
	told     string  // what was said last about what the build compiles
	failures int     // how often in a row bootstrapping failed
}

// blocker is why the incremental compiler is disabled: something about a source, or about the build as a whole.
type blocker struct{ reason, file, state string }

func (b blocker) changed() bool { return b.file != "" && stateOf([]string{b.file}) != b.state }

// giveUp leaves compiling to the build, and reports true: until the reason changes or, if the incremental compiler
// merely failed, after several failures.
func (s *standing) giveUp(err error) bool {
	if unsupported, ok := errors.AsType[*incremental.UnsupportedError](err); ok {
		s.disabled = unsupported.Reason
		s.blocker = blocker{unsupported.Reason, unsupported.File, stateOf([]string{unsupported.File})}
		return true
	}
	s.failures++
	if s.failures >= maxFailures {
		s.disabled = firstLine(err.Error())
	}
	return s.failures >= maxFailures
}

// once returns a sentence about what the build compiles, "" if it was the last one.
func (s *standing) once(text string) string {
	if text == s.told {
		return ""
	}
	s.told = text
	return text
}

// tryAgain takes back what was given up if its reason may be gone: its file has changed, or what compiles the project.
func (s *standing) tryAgain(otherCompilers bool) {
	if s.blocker.changed() || s.blocker.reason != "" && otherCompilers {
		s.disabled, s.blocker = "", blocker{}
	}
}
