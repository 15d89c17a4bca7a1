package event

import "reflect"

// bodies lists every type of event, so that a recorded stream can be read again.
var bodies = func() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for _, b := range []Body{
		StreamStarted{}, Snapshot{}, EventsMissed{}, StepStarted{}, StepFinished{}, SessionStarted{}, CycleStarted{},
		PathChosen{}, StageStarted{}, Transfer{}, StageOutput{}, StageFinished{}, ImageBuilt{}, ImageExplained{},
		NodeLoaded{}, PodPhase{},
		AppLog{}, PortListening{}, PortForwarded{}, DebugPortOpen{}, ContainerRestarted{}, Debugger{}, ArchiveStarted{},
		ArchiveFinished{}, ArchiveRejected{}, SpareJVM{}, LiveReloadOpen{}, AppAnswered{}, StateChanged{},
		CycleFinished{}, Notice{}, CompilerReady{}, Progress{}, Mark{}, Paused{}, ViewAsked{}, CheckStarted{},
		CheckFinished{}, ObjectRemoved{}, SessionFinished{},
	} {
		types[b.Kind()] = reflect.TypeOf(b)
	}
	return types
}()

// Kind implements [Body].
func (StreamStarted) Kind() string      { return "stream.started" }
func (Snapshot) Kind() string           { return "snapshot" }
func (EventsMissed) Kind() string       { return "events.missed" }
func (u Unknown) Kind() string          { return u.Name }
func (StepStarted) Kind() string        { return "step.started" }
func (StepFinished) Kind() string       { return "step.finished" }
func (SessionStarted) Kind() string     { return "session.started" }
func (CycleStarted) Kind() string       { return "cycle.started" }
func (PathChosen) Kind() string         { return "path.chosen" }
func (StageStarted) Kind() string       { return "stage.started" }
func (Transfer) Kind() string           { return "transfer" }
func (StageOutput) Kind() string        { return "stage.output" }
func (StageFinished) Kind() string      { return "stage.finished" }
func (ImageBuilt) Kind() string         { return "image.built" }
func (ImageExplained) Kind() string     { return "image.explained" }
func (NodeLoaded) Kind() string         { return "node.loaded" }
func (PodPhase) Kind() string           { return "pod.phase" }
func (AppLog) Kind() string             { return "app.log" }
func (PortListening) Kind() string      { return "forward.listening" }
func (PortForwarded) Kind() string      { return "forward.open" }
func (DebugPortOpen) Kind() string      { return "debug.open" }
func (ContainerRestarted) Kind() string { return "container.restarted" }
func (Debugger) Kind() string           { return "debugger" }
func (ArchiveStarted) Kind() string     { return "archive.started" }
func (ArchiveFinished) Kind() string    { return "archive.finished" }
func (ArchiveRejected) Kind() string    { return "archive.rejected" }
func (SpareJVM) Kind() string           { return "spare" }
func (LiveReloadOpen) Kind() string     { return "livereload.open" }
func (AppAnswered) Kind() string        { return "app.answered" }
func (StateChanged) Kind() string       { return "state.changed" }
func (CycleFinished) Kind() string      { return "cycle.finished" }
func (Notice) Kind() string             { return "notice" }
func (CompilerReady) Kind() string      { return "compiler.ready" }
func (Progress) Kind() string           { return "progress" }
func (Mark) Kind() string               { return "mark" }
func (Paused) Kind() string             { return "paused" }
func (ViewAsked) Kind() string          { return "view.asked" }
func (CheckStarted) Kind() string       { return "check.started" }
func (CheckFinished) Kind() string      { return "check.finished" }
func (ObjectRemoved) Kind() string      { return "object.removed" }
func (SessionFinished) Kind() string    { return "session.finished" }
