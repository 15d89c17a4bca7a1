package engine

import (
	"context"
	"io"
	"sync/atomic"
	"testing"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/watch"
)

// wanting is a project whose image wants an archive, and which counts the trainings.
type wanting struct {
	sameImage
	trainings, refusals atomic.Int32
}

func (f *wanting) Image(ctx context.Context, app springboot.App, out io.Writer) (image.Image, error) {
	img, err := f.sameImage.Image(ctx, app, out)
	img.Report.Archive.Wanted = true
	return img, err
}

func (f *wanting) Train(context.Context, image.Image, io.Writer) (cds.Archive, error) {
	f.trainings.Add(1)
	return cds.Archive{Used: true}, nil
}

func (f *wanting) RejectArchive(image.Image, string) (bool, error) {
	f.refusals.Add(1)
	return true, nil
}

// refusing is a project whose JVM does not take its archive, and says so twice.
type refusing struct {
	wanting
	said chan struct{}
}

func (f *refusing) Image(ctx context.Context, app springboot.App, out io.Writer) (image.Image, error) {
	img, err := f.sameImage.Image(ctx, app, out)
	img.Report.Archive.Used = true
	return img, err
}

func (f *refusing) Logs(_ context.Context, _ kube.Pod, out io.Writer) error {
	for range 2 {
		_, _ = io.WriteString(out, "[0.004s][error  ][aot] Unable to map shared spaces\n")
	}
	close(f.said)
	return nil
}

func TestRefusedArchiveIsToldOnce(t *testing.T) {
	f := &refusing{said: make(chan struct{})}
	l, r := newTestSession(f)
	l.Deployer = f
	l.Trainer, l.Target.Follow = f, true
	if err := newCycle(l, 1, "asked for", watch.Everything()).run(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-f.said
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range r.events {
		if n, ok := e.Body.(event.Notice); ok && n.Level == event.Warning {
			told = append(told, n.Text)
		}
	}
	if len(told) != 1 || told[0] != "the JVM does not take the archive of its dependencies' classes (Unable to map shared spaces): it is made again" || f.refusals.Load() != 1 {
		t.Errorf("told %q, refused %d times", told, f.refusals.Load())
	}
}

func TestArchiveIsMadeOnceForAnImage(t *testing.T) {
	f := &wanting{}
	l, _ := newTestSession(f)
	l.Trainer, l.Target.Follow = f, true
	for n := range 3 {
		if err := newCycle(l, n+1, "asked for", watch.Everything()).run(t.Context()); err != nil {
			t.Fatal(err)
		}
		for l.training.Load() { // the next cycle meets none under way
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
