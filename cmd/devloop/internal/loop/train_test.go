package loop

import (
	"context"
	"io"
	"sync/atomic"
	"testing"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/watch"
)

// wanting is a project whose image wants an archive, and which counts the trainings.
type wanting struct {
	sameImage
	trainings atomic.Int32
}

func (f *wanting) Image(ctx context.Context, app builder.App, out io.Writer) (builder.Image, error) {
	img, err := f.sameImage.Image(ctx, app, out)
	img.Explanation.Archive.Wanted = true
	return img, err
}

func (f *wanting) Train(context.Context, builder.Image, io.Writer) (builder.Archive, error) {
	f.trainings.Add(1)
	return builder.Archive{Used: true}, nil
}

func TestArchiveIsMadeOnceForAnImage(t *testing.T) {
	f := &wanting{}
	l, _ := newTestLoop(f)
	l.Trainer, l.Target.Follow = f, true
	for n := range 3 {
		if err := l.turn(t.Context(), n+1, "asked for", watch.Everything()); err != nil {
			t.Fatal(err)
		}
		for l.live.training.Load() { // the next cycle meets none under way
			select {
			case <-t.Context().Done():
				t.Fatal("it trains for ever")
			default:
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := f.trainings.Load(); got != 1 {
		t.Errorf("it trained %d times, want once", got)
	}
}
