package event

import "slices"

// State is what a session works on, what it does, and what answers on localhost.
type State struct {
	Stream StreamStarted `json:"stream"`
	ServiceState
	// Services are those of a session with several, in the order in which they began.
	Services []ServiceState `json:"services,omitempty"`
	// Ended says how the session ended, if it did.
	Ended *SessionFinished `json:"ended,omitempty"`
}

// ServiceState is the state of one service, or of a session's only one.
type ServiceState struct {
	// Service is its name if there are several.
	Service string         `json:"service,omitempty"`
	Project SessionStarted `json:"project"`
	// Cycle is the one that runs, or the last one.
	Cycle     CycleState   `json:"cycle"`
	Localhost StateChanged `json:"localhost"`
	// Forwards are the local ports that forward to Pods, Debug those for debuggers.
	Forwards []PortForwarded `json:"forwards,omitempty"`
	Debug    []DebugState    `json:"debug,omitempty"`
	// Spares says of the Pods on localhost whether a JVM waits there for the next restart.
	Spares []SpareJVM `json:"spares,omitempty"`
	// Archive is that of the last image, or one that was made since then, for the next image.
	Archive    *ClassArchive   `json:"archive,omitempty"`
	LiveReload *LiveReloadOpen `json:"liveReload,omitempty"`
	// Paused says that saves wait.
	Paused bool `json:"paused,omitempty"`
}

// Of returns the state of a service, "" for the only one.
func (s State) Of(service string) ServiceState {
	if i := slices.IndexFunc(s.Services, func(one ServiceState) bool { return one.Service == service }); i >= 0 {
		return s.Services[i]
	}
	return s.ServiceState
}

// DebugState is a local port for debuggers.
type DebugState struct {
	DebugPortOpen
	// Attached says that a debugger is attached there.
	Attached bool `json:"attached,omitempty"`
}

// CycleState is how far a cycle has come.
type CycleState struct {
	Number int `json:"number"`
	CycleStarted
	// Path is the one that was chosen, see [PathChosen], and Why the reason.
	Path string `json:"path,omitempty"`
	Why  string `json:"why,omitempty"`
	// Stages are those that have begun.
	Stages []StageState `json:"stages,omitempty"`
	// Outcome is empty while the cycle runs.
	Outcome Outcome  `json:"outcome,omitempty"`
	Took    Duration `json:"seconds,omitempty"`
	Failure *Failure `json:"failure,omitempty"`
}

// StageState is how far a stage has come.
type StageState struct {
	StageStarted
	// Outcome is empty while the stage runs.
	Outcome Outcome  `json:"outcome,omitempty"`
	Took    Duration `json:"seconds,omitempty"`
}

// Reduce returns the state after an event. It changes nothing of s, and ignores events that do not concern it.
func Reduce(s State, e Event) State {
	switch b := e.Body.(type) {
	case StreamStarted:
		s = State{Stream: b}
	case Snapshot:
		s = b.State
	case SessionFinished:
		s.Ended = &b
	default:
		if e.Service == "" {
			s.ServiceState = s.ServiceState.after(e)
		} else {
			s.Services = afterIn(s.Services, e)
		}
	}
	return s
}

// afterIn returns the services after an event of one of them, which may be new.
func afterIn(all []ServiceState, e Event) []ServiceState {
	all = slices.Clone(all)
	i := slices.IndexFunc(all, func(s ServiceState) bool { return s.Service == e.Service })
	if i < 0 {
		i, all = len(all), append(all, ServiceState{Service: e.Service})
	}
	all[i] = all[i].after(e)
	return all
}

func (s ServiceState) after(e Event) ServiceState {
	switch b := e.Body.(type) {
	case SessionStarted:
		s.Project = b
	case CycleStarted:
		s.Cycle = CycleState{Number: e.Cycle, CycleStarted: b}
	case StateChanged:
		s.Localhost = b
		s.Spares = slices.DeleteFunc(slices.Clone(s.Spares), func(of SpareJVM) bool { return !b.mayHave(of.Pod) })
	case PortForwarded:
		s.Forwards = replace(s.Forwards, b, func(old PortForwarded) bool { return old.URL == b.URL })
	default:
		if e.Cycle == s.Cycle.Number {
			s.Cycle = s.Cycle.after(b)
		}
		s = s.beside(b)
	}
	return s
}

// beside returns the service after an event about what it has beside its cycles.
func (s ServiceState) beside(b Body) ServiceState {
	switch b := b.(type) {
	case DebugPortOpen:
		s.Debug = replace(s.Debug, DebugState{DebugPortOpen: b},
			func(old DebugState) bool { return old.Address == b.Address })
	case Debugger:
		s.Debug = slices.Clone(s.Debug)
		for i, d := range s.Debug {
			if d.Pod == b.Pod {
				s.Debug[i].Attached = b.Attached(d.Attached)
			}
		}
	case SpareJVM:
		s.Spares = replace(s.Spares, b, func(old SpareJVM) bool { return old.Pod == b.Pod })
	case ImageBuilt:
		s.Archive = &b.Archive
	case ArchiveFinished:
		s.Archive = &b.ClassArchive
	case ArchiveRejected:
		s.Archive = &ClassArchive{Why: b.Why}
	case LiveReloadOpen:
		s.LiveReload = &b
	case Paused:
		s.Paused = b.On
	case StageFinished:
		s.Forwards = slices.DeleteFunc(slices.Clone(s.Forwards),
			func(f PortForwarded) bool { return b.LeavesOut(f.URL) })
	}
	return s
}

// mayHave reports whether a Pod may be there: while a Pod is replaced in its place, neither is known.
func (s StateChanged) mayHave(pod string) bool {
	known := false
	for _, d := range []*Deployment{s.Serving, s.Candidate} {
		if d != nil && slices.Contains(d.Pods, pod) {
			return true
		}
		known = known || d != nil
	}
	return !known
}

func (c CycleState) after(b Body) CycleState {
	switch b := b.(type) {
	case PathChosen:
		c.Path, c.Why = b.Path, b.Why
	case StageStarted:
		c.Stages = append(slices.Clone(c.Stages), StageState{StageStarted: b})
	case StageFinished:
		c.Stages = slices.Clone(c.Stages)
		for i, s := range c.Stages {
			if s.ID == b.ID {
				c.Stages[i].Outcome, c.Stages[i].Took = b.Outcome, b.Took
			}
		}
	case CycleFinished:
		c.Outcome, c.Took, c.Failure = b.Outcome, b.Took, b.Failure
	}
	return c
}

// replace returns a list with b in place of the old ones.
func replace[T any](list []T, b T, old func(T) bool) []T {
	return append(slices.DeleteFunc(slices.Clone(list), old), b)
}
