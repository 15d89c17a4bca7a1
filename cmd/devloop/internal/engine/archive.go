package engine

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// Trainer makes what lets the next images of the same dependencies start faster.
type Trainer interface {
	Train(ctx context.Context, img builder.Image, out io.Writer) (builder.Archive, error)
	// Refuse tells it that a JVM did not take the archive of img, and returns whether
	// another one is to be made.
	Refuse(img builder.Image, why string) (again bool, err error)
}

// Train makes the archive that the image which was brought to the nodes last could
// have, where it wants one. It waits until the answer has come: nobody waits for it
// longer than without. A failure is told and stops nothing; an end of ctx is returned.
func (l *Session) Train(ctx context.Context) error {
	img := l.live.loaded
	if l.Trainer == nil || img == nil || !img.Explanation.Archive.Wanted {
		return nil
	}
	return l.train(ctx, *img)
}

func (l *Session) train(ctx context.Context, img builder.Image) error {
	l.Bus.Publish(0, event.Progress{Line: "making an archive of the dependencies' classes, for faster starts from the next change on"})
	began := time.Now()
	a, err := l.Trainer.Train(ctx, img, io.Discard)
	switch {
	case cancelled(err):
		return err
	case err != nil:
		f := FailureOf(err)
		l.Bus.Publish(0, event.Notice{Level: event.Warning, Text: f.Message, Hints: f.Hints})
	case !a.Used:
		l.Bus.Publish(0, event.Notice{Level: event.Info, Text: "the application starts without an archive of its dependencies' classes: " + a.Why})
	default:
		l.live.faster.Store(true)
		text := fmt.Sprintf("archive of the dependencies' classes: %s, made in %.1f s", size(a.Size), time.Since(began).Seconds())
		if a.Why != "" {
			text += ", " + a.Why
		}
		l.Bus.Publish(0, event.Notice{Level: event.Info, Text: text})
	}
	return nil
}

// trainBeside makes the archive while the application serves, once for an image that
// wants one: a change of the manifest alone deploys that image again. Close ends it.
func (l *Session) trainBeside(img builder.Image) {
	if l.Trainer == nil || !img.Explanation.Archive.Wanted || l.live.trained == img.ID || !l.live.training.CompareAndSwap(false, true) {
		return
	}
	l.live.trained = img.ID
	ctx := l.live.context()
	l.live.logs.Go(func() {
		defer l.live.training.Store(false)
		_ = l.train(ctx, img) // it ends with an error only by Close
	})
}

// refused looks for what an application's JVM says of its archive; what it does not take
// is told once, and made again with the next image.
func (l *Session) refused(img builder.Image, n int) func(line string) {
	var once sync.Once
	return func(line string) {
		why := builder.Refusal(line)
		if why == "" || l.Trainer == nil || !img.Explanation.Archive.Used {
			return
		}
		once.Do(func() {
			text, hints := "the JVM does not take the archive of its dependencies' classes ("+why+")", []string{"leave it out: --without archive"}
			again, err := l.Trainer.Refuse(img, why)
			if again && err == nil {
				text, hints = text+": it is made again", nil
			}
			l.Bus.Publish(n, event.Notice{Level: event.Warning, Text: text, Hints: hints})
		})
	}
}

// explained tells of an image what its builder does.
func explained(x builder.Explanation) event.Explained {
	e := event.Explained{Dockerfile: x.Dockerfile, Base: x.Base, BaseWhy: x.BaseWhy, ClassPath: x.ClassPath, MainClass: x.MainClass, Supervised: x.Supervised, Swappable: x.Swappable,
		Archive: event.ClassArchive{Used: x.Archive.Used, Size: x.Archive.Size, Java: x.Archive.Java, Why: x.Archive.Why}}
	for _, l := range x.Layers {
		e.Layers = append(e.Layers, event.ImageLayer{Name: l.Name, Size: l.Size, New: l.New})
	}
	for _, o := range x.Options {
		e.Options = append(e.Options, event.JVMOption{Lever: o.Lever, Text: o.Text, Why: o.Why})
	}
	return e
}
