package engine

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
)

// Trainer makes the archives with which later images of the same dependencies start faster.
type Trainer interface {
	Train(ctx context.Context, img image.Image, out io.Writer) (cds.Archive, error)
	// RejectArchive records that a JVM rejected the archive of img, and returns whether to make
	// another one.
	RejectArchive(img image.Image, why string) (again bool, err error)
}

// Train makes the archive that the image on the nodes wants, if it does. A failure is published and
// stops nothing; Train returns an error only when ctx ends.
func (s *Session) Train(ctx context.Context) error {
	img := s.State().NodeImage
	if s.Trainer == nil || img == nil || !img.Report.Archive.Wanted {
		return nil
	}
	_, err := s.train(ctx, *img)
	return err
}

// train makes an archive and reports whether there is one.
func (s *Session) train(ctx context.Context, img image.Image) (made bool, err error) {
	s.Bus.Publish(0, event.Progress{Line: "making an archive of the dependencies' classes, for faster starts from the next change on"})
	began := time.Now()
	a, err := s.Trainer.Train(ctx, img, io.Discard)
	switch {
	case failure.Cancelled(err):
		return false, err
	case err != nil:
		f := failure.Of(err)
		s.Bus.Publish(0, event.Notice{Level: event.Warning, Text: f.Message, Hints: f.Hints})
	case !a.Used:
		s.Bus.Publish(0, event.Notice{Level: event.Info, Text: "the application starts without an archive of its dependencies' classes: " + a.Why})
	default:
		text := fmt.Sprintf("archive of the dependencies' classes: %s, made in %.1f s", size(a.Size), time.Since(began).Seconds())
		if a.Why != "" {
			text += ", " + a.Why
		}
		s.Bus.Publish(0, event.Notice{Level: event.Info, Text: text})
		return true, nil
	}
	return false, nil
}

// trainInBackground makes the archive while the application serves, once for an image that wants
// one: a change of the manifest alone deploys the same image again. Close ends it.
func (s *Session) trainInBackground(img image.Image) {
	if s.Trainer == nil || !img.Report.Archive.Wanted || s.trained == img.ID || !s.training.CompareAndSwap(false, true) {
		return
	}
	s.trained = img.ID
	ctx := s.background()
	s.work.Go(func() {
		made, _ := s.train(ctx, img) // it fails only by Close
		s.training.Store(false)
		if made {
			s.send(ctx, archiveReady{})
		}
	})
}

// archiveRejected returns a function that looks for lines in which an application's JVM rejects its
// archive. The first one is published, and the archive made again with the next image.
func (c *cycle) archiveRejected(img image.Image) func(line string) {
	var once sync.Once
	return func(line string) {
		why := cds.Rejection(line)
		if why == "" || c.Trainer == nil || !img.Report.Archive.Used {
			return
		}
		once.Do(func() {
			text, hints := "the JVM does not take the archive of its dependencies' classes ("+why+")", []string{"leave it out: --without archive"}
			again, err := c.Trainer.RejectArchive(img, why)
			if again && err == nil {
				text, hints = text+": it is made again", nil
			}
			c.publish(event.Notice{Level: event.Warning, Text: text, Hints: hints})
		})
	}
}
