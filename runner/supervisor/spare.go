package supervisor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/kube"
)

// Room says for how many spares there is time and memory. The values are the questions for a spare of Supervise.java.
type Room byte

const (
	RoomForTwo  Room = 3 // a second one follows where there is much memory
	RoomForOne  Room = 4
	RoomToSpare Room = 5 // for one, if much memory stays free
)

// pollSpare is how often a supervisor is asked whether the spare is ready.
const pollSpare = 300 * time.Millisecond

// Spare is a JVM in a Pod that is ready to become the application, at the next restart.
type Spare struct {
	Ready bool
	// Note says how much memory it takes, or why it can't be prepared; "" if the application is starting.
	Note string
}

// Spare has the supervisor prepare a spare JVM, unless there is one, and waits until it is ready or
// can't be prepared, or has ended. That takes the Pod some seconds of work the first time.
func (s *Supervisor) Spare(ctx context.Context, p kube.Pod, port int, room Room) (Spare, error) {
	for {
		answer, err := s.call(ctx, p, port, Change{asks: byte(room)})
		if err != nil {
			return Spare{}, fmt.Errorf("ask pod %q for a spare JVM: %w", p.Name, err)
		}
		switch why, none := strings.CutPrefix(answer, "no: "); {
		case none:
			return Spare{Note: why}, s.noteSpare(ctx, p, nil)
		case strings.HasPrefix(answer, "ready"):
			return Spare{Ready: true, Note: answer}, s.noteSpare(ctx, p, answer)
		case answer != "preparing":
			return Spare{}, nil
		}
		if !pause.For(ctx, pollSpare) {
			return Spare{}, context.Cause(ctx)
		}
	}
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
