package supervisor

import (
	"context"
	"fmt"
	"strings"

	"github.com/devloop-cli/devloop/runner/kube"
)

// Room says for how many spares there is time and memory. The values are the questions for a spare of Supervise.java.
type Room byte

const (
	RoomForTwo  Room = 3 // a second one follows where there is much memory
	RoomForOne  Room = 4
	RoomToSpare Room = 5 // for one, if much memory stays free
)

// askToPause is the question that has the preparation of spares wait, see Supervise.java.
const askToPause = 6

// Spare is a JVM in a Pod that is ready to become the application, at the next restart.
type Spare struct {
	Ready bool
	// Preparing says that one is on its way: this one, or a second one.
	Preparing bool
	// Note says how much memory it takes, or why it can't be prepared; "" if neither is known.
	Note string
}

// Spare has the supervisor prepare a spare JVM, unless there is one, and returns how it is. It takes the Pod some
// seconds of work. While it is prepared, ask again from time to time, or call [Supervisor.PauseSpares].
func (s *Supervisor) Spare(ctx context.Context, p kube.Pod, port int, room Room) (Spare, error) {
	answer, err := s.call(ctx, p, port, Change{asks: byte(room)})
	if err != nil {
		return Spare{}, fmt.Errorf("ask pod %q for a spare JVM: %w", p.Name, err)
	}
	if why, none := strings.CutPrefix(answer, "no: "); none {
		return Spare{Note: why}, s.noteSpare(ctx, p, nil)
	}
	status, _, another := strings.Cut(answer, "; ")
	if !strings.HasPrefix(status, "ready") {
		return Spare{Preparing: status == "preparing"}, nil
	}
	return Spare{Ready: true, Preparing: another, Note: status}, s.noteSpare(ctx, p, status)
}

// PauseSpares has the supervisor stop preparing spares for some seconds, or until it is asked for one again: something
// more urgent needs the processors.
func (s *Supervisor) PauseSpares(ctx context.Context, p kube.Pod, port int) error {
	_, err := s.call(ctx, p, port, Change{asks: askToPause})
	return err
}

// noteSpare writes the status of the spare into a Pod, where devloop status finds it: nil for none.
func (s *Supervisor) noteSpare(ctx context.Context, p kube.Pod, status any) error {
	if known, _ := s.spares.Load(p.UID); known == status {
		return nil
	}
	_, err := s.annotate(ctx, p, map[string]any{kube.AnnotationSpare: status})
	if err == nil {
		s.spares.Store(p.UID, status)
	}
	return err
}
