// Package archive makes the archives of classes with which later images of the same dependencies
// start faster, while the application serves.
//
//	t := archive.NewTrainer(imager, publisher, background)
//	t.Start(img)                  // once an image, in the background
//	line := t.WatchLog(img, p)    // line(text) finds out that the JVM rejects its archive
//
// What an archive is, and how it is made, is up to package cds. A failure stops nothing: without
// an archive the application only starts more slowly.
package archive

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/background"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
)

// Maker makes archives.
type Maker interface {
	Train(ctx context.Context, img image.Image, out io.Writer) (cds.Archive, error)
	// RejectArchive records that a JVM rejected the archive of img, and returns whether to make another one.
	RejectArchive(img image.Image, why string) (again bool, err error)
}

// Trainer makes one archive at a time.
type Trainer struct {
	maker      Maker // nil: makes no archives
	events     publish.Publisher
	background *background.Group
	busy       atomic.Bool
	last       v1.Hash // the image that Start has made an archive for
}

// NewTrainer returns a trainer. With a nil maker it does nothing.
func NewTrainer(maker Maker, events publish.Publisher, bg *background.Group) *Trainer {
	return &Trainer{maker: maker, events: events, background: bg}
}

// wants reports whether an image would start faster with an archive that can be made.
func (t *Trainer) wants(img image.Image) bool { return t.maker != nil && img.Report.Archive.Wanted }

// Train makes the archive of an image that wants one. It returns an error only if ctx ends.
func (t *Trainer) Train(ctx context.Context, img image.Image) error {
	if !t.wants(img) {
		return nil
	}
	return t.train(ctx, img)
}

// Start makes the archive in the background, once for each image: an edit of the manifest deploys
// the same image again. Only one goroutine may call it.
func (t *Trainer) Start(img image.Image) {
	if !t.wants(img) || t.last == img.ID || !t.busy.CompareAndSwap(false, true) {
		return
	}
	t.last = img.ID
	t.background.Go(func(ctx context.Context) {
		_ = t.train(ctx, img) // an error means that the session ends
		t.busy.Store(false)
	})
}

// train makes an archive and publishes the result.
func (t *Trainer) train(ctx context.Context, img image.Image) error {
	t.events.Publish(event.ArchiveStarted{})
	began := time.Now()
	a, err := t.maker.Train(ctx, img, io.Discard)
	switch {
	case failure.Cancelled(err):
		return err
	case err != nil:
		t.events.WarnOf(err)
	default:
		t.events.Publish(event.ArchiveFinished{ClassArchive: event.ClassArchive{Used: a.Used, Size: a.Size,
			Java: a.Java, Why: a.Why}, Took: event.Duration(time.Since(began))})
	}
	return nil
}

// WatchLog returns a function for the lines of a Pod's log. The first line in which the JVM rejects
// the archive of img is published, and the next image gets a new archive.
func (t *Trainer) WatchLog(img image.Image, events publish.Publisher) func(line string) {
	if t.maker == nil || !img.Report.Archive.Used {
		return func(string) {}
	}
	var once sync.Once
	return func(line string) {
		why := cds.Rejection(line)
		if why == "" {
			return
		}
		once.Do(func() {
			again, err := t.maker.RejectArchive(img, why)
			events.Publish(event.ArchiveRejected{Why: why, Retried: again && err == nil})
		})
	}
}
