package engine

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/watch"
)

// concerns reports whether a batch can change what runs: tests can't.
func concerns(changed watch.Batch) bool {
	return changed.All || changed.Kinds.Has(watch.Any&^watch.Test)
}

// saved says what a batch means for the path. A manifest, before the batch or now, is not
// part of the image; any other file may be, if only through the Dockerfile, and then the
// build finds out quickly that nothing came of it.
func (t Target) saved(changed watch.Batch, before, now runner.Manifest) plan.Saved {
	saved := plan.Saved{All: changed.All, Manifest: changed.Kinds.Has(watch.Manifest), Sources: changed.Unnamed}
	if changed.Unnamed { // whose kinds are any
		saved.Manifest = slices.ContainsFunc(changed.Paths, func(path string) bool { return watch.KindOf(path).Has(watch.Manifest) })
	}
	for _, path := range changed.Paths {
		file := filepath.Join(t.Dir, filepath.FromSlash(path))
		read := watch.KindOf(path).Has(watch.Manifest|watch.Other) && (before.Reads(file) || now.Reads(file))
		saved.Manifest, saved.Sources = saved.Manifest || read, saved.Sources || !read
	}
	return saved
}

// Images are what a manifest calls the project's image.
func (t Target) Images(m runner.Manifest) []string {
	if m.Generated() {
		return []string{t.Name}
	}
	found, _ := m.ProjectImages(t.Image, t.Name)
	return append([]string{cmp.Or(t.Image, t.Name)}, found...)
}

// tellImage says which image is taken for the project's although it has another name, once for each.
func (l *Session) tellImage(n int, m runner.Manifest) {
	if m.Generated() {
		return
	}
	images, guessed := m.ProjectImages(l.Target.Image, l.Target.Name)
	if !guessed || images[0] == l.live.guessed {
		return
	}
	l.live.guessed = images[0]
	l.Bus.Publish(n, event.Notice{Level: event.Info,
		Text:  fmt.Sprintf("the manifest's image `%s` is taken for this project's: no registry has an image of that name", images[0]),
		Hints: []string{"name another image: --image-name IMAGE"}})
}

// UnfitError says that a manifest came to be not for the images that a session makes, which can be
// changed while they run.
type UnfitError struct {
	// Why is a clause.
	Why string
}

func (e *UnfitError) Error() string {
	return e.Why + ", which the images of this session are not made for"
}

// Code returns "manifest.unfit".
func (e *UnfitError) Code() string { return "manifest.unfit" }

// Hints says how to get others.
func (e *UnfitError) Hints() []string {
	return []string{"start devloop run again, it makes others then"}
}

// fits returns an [*UnfitError] where images that can be changed don't go with a manifest.
func (t Target) fits(m runner.Manifest) error {
	if t.Fixed != "" || t.Fixes == nil {
		return nil
	}
	if why := t.Fixes(m); why != "" {
		return &UnfitError{why}
	}
	return nil
}
