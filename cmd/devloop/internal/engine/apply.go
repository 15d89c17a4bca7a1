package engine

import (
	"context"
	"fmt"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner"
)

// Stored is an image of this machine that belongs to no project: its name, and its
// content.
type Stored struct {
	Ref     string
	Content v1.Image
}

// Apply takes a manifest without a project to Pods that serve. The images, of which
// there may be none, go to the nodes first, and the nodes then use these.
func (l *Session) Apply(ctx context.Context, m runner.Manifest, images []Stored) ([]runner.Pod, error) {
	var names []string
	for _, img := range images {
		names = append(names, img.Ref)
	}
	if len(images) > 0 {
		if _, err := stage(ctx, l, 1, event.Load, func(ctx context.Context, s *step) (none, error) { return none{}, l.loadStored(ctx, s, images) }); err != nil {
			return nil, err
		}
	}
	pods, err := stage(ctx, l, 1, event.Replace, func(ctx context.Context, s *step) ([]runner.Pod, error) {
		spec := l.spec(m)
		spec.Names = names
		l.explain(s, spec)
		pods, err := l.Deployer.Replace(ctx, spec)
		s.note = objects(m)
		return pods, err
	})
	if err != nil {
		return nil, err
	}
	_, err = stage(ctx, l, 1, event.Ready, func(ctx context.Context, s *step) (none, error) { return none{}, l.ready(ctx, s, pods) })
	return pods, err
}

func (l *Session) loadStored(ctx context.Context, s *step, images []Stored) error {
	var notes []string
	for _, img := range images {
		report, err := l.bring(ctx, s, img.Ref, img.Content)
		if err != nil {
			return err
		}
		notes = append(notes, fmt.Sprintf("%s: %s", img.Ref, loaded(report)))
	}
	s.note = strings.Join(notes, "\n")
	return nil
}

// explain tells what is changed on the way to the cluster, where that was asked for.
func (l *Session) explain(s *step, spec runner.Spec) {
	if !l.Explain {
		return
	}
	changes := spec.Changes()
	for _, v := range l.Target.Env {
		name, _, _ := strings.Cut(v, "=") // its value may be a secret
		changes = append(changes, "the application's variable "+name+", by --env")
	}
	if len(changes) > 0 {
		s.publish(event.Notice{Level: event.Info, Text: "in the cluster, not in your files", Hints: changes})
	}
}

// objects names what a manifest holds.
func objects(m runner.Manifest) string {
	var names []string
	for _, o := range m.Objects() {
		names = append(names, strings.ToLower(o.Kind)+"/"+o.Name)
	}
	return strings.Join(names, ", ")
}
