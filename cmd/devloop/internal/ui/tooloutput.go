package ui

import "time"

const (
	// showAfter is how long a stage may take before its tool's output is shown, so that the user sees progress.
	showAfter = 10 * time.Second
	// lastLines is how many lines are shown if the stage fails. The decisive ones are usually last.
	lastLines = 40
)

// toolOutput holds back the output of a stage's tool, such as Gradle or Maven. It is shown if the stage fails and the
// failure does not name the mistakes' places, and from its beginning if the stage takes longer than [showAfter]. There
// is no timer: time is taken from the events.
type toolOutput struct {
	began time.Time
	held  []string
	shown bool // the stage's output is no longer held back
}

func (t *toolOutput) begin(now time.Time) { *t = toolOutput{began: now} }

// take adds a line and returns the lines to show now.
func (t *toolOutput) take(line string, now time.Time, all bool) []string {
	t.held = append(t.held, line)
	if !all && !t.shown && now.Sub(t.began) < showAfter {
		return nil
	}
	t.shown = true
	lines := t.held
	t.held = nil
	return lines
}

// end returns the lines to show at the end of a stage.
func (t *toolOutput) end(failed bool) []string {
	lines := t.held
	t.held = nil
	if !failed {
		return nil
	}
	return lines[max(0, len(lines)-lastLines):]
}
