package archive

import (
	"context"
	"errors"
	"io"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/background"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/failure"
)

// maker takes a second for each archive.
type maker struct {
	archive  cds.Archive
	err      error
	trained  []string
	rejected []string
}

func (m *maker) Train(ctx context.Context, img image.Image, _ io.Writer) (cds.Archive, error) {
	m.trained = append(m.trained, img.ID.Hex)
	select {
	case <-time.After(time.Second):
		return m.archive, m.err
	case <-ctx.Done():
		return cds.Archive{}, ctx.Err()
	}
}

func (m *maker) RejectArchive(_ image.Image, why string) (bool, error) {
	m.rejected = append(m.rejected, why)
	return true, m.err
}

// bodies keeps the events, but for those that say that an archive is begun.
type bodies []event.Body

func (r *bodies) Handle(e event.Event) {
	if _, start := e.Body.(event.ArchiveStarted); !start {
		*r = append(*r, e.Body)
	}
}

// wanting returns an image that wants an archive.
func wanting(id string) image.Image {
	img := image.Image{ID: v1.Hash{Algorithm: "sha256", Hex: id}}
	img.Report.Archive.Wanted = true
	return img
}

// play runs a test in a bubble with a trainer. It returns the events.
func play(t *testing.T, m *maker, do func(*Trainer)) (said bodies) {
	synctest.Test(t, func(t *testing.T) {
		bg := background.New()
		trainer := NewTrainer(m, publish.New(event.NewBus(&said)), bg)
		do(trainer)
		bg.Close()
	})
	return said
}

func TestArchiveIsMadeOnceForAnImageAndOneAtATime(t *testing.T) {
	t.Parallel()
	m := &maker{archive: cds.Archive{Used: true, Size: 20_000_000}}
	said := play(t, m, func(trainer *Trainer) {
		for _, id := range []string{"a", "a", "b"} { // b comes while the archive of a is being made
			trainer.Start(wanting(id))
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		trainer.Start(wanting("a"))
		trainer.Start(image.Image{}) // wants none
		trainer.Start(wanting("c"))
		time.Sleep(time.Minute)
	})
	if !slices.Equal(m.trained, []string{"a", "c"}) {
		t.Errorf("trained %q", m.trained)
	}
	want := event.ArchiveFinished{ClassArchive: event.ClassArchive{Used: true, Size: 20_000_000},
		Took: event.Duration(time.Second)}
	if !reflect.DeepEqual(said, bodies{want, want}) {
		t.Errorf("said %+v, want %+v", said, want)
	}
}

func TestCloseEndsATraining(t *testing.T) {
	t.Parallel()
	m := &maker{archive: cds.Archive{Used: true}}
	said := play(t, m, func(trainer *Trainer) {
		trainer.Start(wanting("a"))
		synctest.Wait()
	})
	if len(m.trained) != 1 || len(said) > 0 {
		t.Errorf("trained %q, said %+v", m.trained, said)
	}
}

func TestTrainingThatMakesNoArchiveStopsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		m    *maker
		want event.Body
	}{
		{&maker{err: errors.New("no room")}, event.Notice{Level: event.Warning, Code: failure.CodeUnexpected, Text: "no room"}},
		{&maker{archive: cds.Archive{Why: "too old"}}, event.ArchiveFinished{ClassArchive: event.ClassArchive{Why: "too old"}, Took: event.Duration(time.Second)}},
	} {
		said := play(t, c.m, func(trainer *Trainer) {
			if err := trainer.Train(context.Background(), wanting("a")); err != nil {
				t.Errorf("%+v: the session ends with %v", c.want, err)
			}
			trainer.Start(wanting("b"))
			time.Sleep(time.Minute)
		})
		if !reflect.DeepEqual(said, bodies{c.want, c.want}) {
			t.Errorf("said %+v, want %+v", said, c.want)
		}
	}
}

func TestTrainEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_ = play(t, &maker{}, func(trainer *Trainer) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := trainer.Train(ctx, wanting("a")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	if err := NewTrainer(nil, publish.Publisher{}, nil).Train(t.Context(), wanting("a")); err != nil {
		t.Errorf("without a maker: %v", err)
	}
}

func TestRejectedArchiveIsPublishedOnceAndMadeAgain(t *testing.T) {
	t.Parallel()
	const line, why = "[0.004s][error  ][aot] Unable to map shared spaces", "Unable to map shared spaces"
	for _, c := range []struct {
		err  error
		used bool
		want bodies
	}{
		{nil, true, bodies{event.ArchiveRejected{Why: why, Retried: true}}},
		{errors.New("no room"), true, bodies{event.ArchiveRejected{Why: why}}},
		{nil, false, nil},
	} {
		var said bodies
		m, img := &maker{err: c.err}, image.Image{}
		img.Report.Archive.Used = c.used
		p := publish.New(event.NewBus(&said))
		watch := NewTrainer(m, p, nil).WatchLog(img, p)
		for _, text := range []string{"Started Application", line, line} {
			watch(text)
		}
		if !reflect.DeepEqual(said, c.want) || c.used != slices.Equal(m.rejected, []string{why}) {
			t.Errorf("said %+v, want %+v; rejected %q", said, c.want, m.rejected)
		}
	}
}
