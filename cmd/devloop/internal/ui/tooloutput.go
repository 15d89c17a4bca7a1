package ui

import "time"

const (
	// patience is how long a stage's tool may work before its output is shown: by then people
	// want to see that something moves.
	patience = 10 * time.Second
	// lastLines is how much of the output is shown where the stage fails. What the failure's
	// evidence does not say stands at its end.
	lastLines = 40
)

// toolOutput holds back what a stage's tool writes, such as Gradle or Maven, as long as nobody needs
// it. It is shown where the stage fails, and from its beginning where it takes longer than [patience]. It
// has no clock: time passes with the events.
type toolOutput struct {
	began time.Time
	held  []string
	shown bool // the stage's output is shown as it comes
}

// begin notes that a stage has begun.
func (t *toolOutput) begin(now time.Time) { *t = toolOutput{began: now} }

// take takes a line, and returns what is to be shown now.
func (t *toolOutput) take(line string, now time.Time, all bool) []string {
	t.held = append(t.held, line)
	if !all && !t.shown && now.Sub(t.began) < patience {
		return nil
	}
	t.shown = true
	lines := t.held
	t.held = nil
	return lines
}

// end returns what is to be shown at the end of a stage.
func (t *toolOutput) end(failed bool) []string {
	lines := t.held
	t.held = nil
	if !failed {
		return nil
	}
	return lines[max(0, len(lines)-lastLines):]
}
