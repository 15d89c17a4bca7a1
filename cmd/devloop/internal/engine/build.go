package engine

import (
	"context"
	"errors"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/report"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/loader"
)

// build is the part of a cycle from the sources to an image on the nodes.
type build struct{ *cycle }

// compile compiles the sources, unless the nodes have the image already. What was compiled last is still right if only
// a manifest was saved since.
func (b build) compile(ctx context.Context) error {
	if !b.saved.Compiles(b.State().NodeImage != nil) {
		return nil
	}
	if !b.saved.Compiles(true) && b.latest != nil {
		b.app, b.compiled = *b.latest, true
		return nil
	}
	app, err := publish.Run(ctx, b.Publisher, event.Compile,
		func(ctx context.Context, s *publish.Stage) (springboot.App, error) {
			out, flush := s.Writer()
			defer flush()
			paths := b.Changed.Paths
			if b.Changed.All || b.Changed.Unnamed {
				paths = nil
			}
			app, err := b.Compiler.Compile(ctx, paths, out)
			if err == nil {
				s.Output, s.CompiledBy, s.Why = report.Output(b.Target.Dir, app), app.CompiledBy, app.BuildReason
			}
			b.tellOmitted(app)
			return app, err
		})
	if err != nil {
		return err
	}
	b.app, b.compiled, b.latest = app, true, &app
	b.Ports.SetApplication(app.Port, app.HTTPS, app.ContextPath)
	return nil
}

// tellOmitted publishes once which tasks the build leaves out.
func (b build) tellOmitted(app springboot.App) {
	if len(app.Omitted) == 0 {
		return
	}
	n := event.Notice{Code: event.NoticeOmitted, Tasks: app.Omitted}
	if b.Target.Follow { // a deploy leaves out only what publishes
		n.Hints = []string{"run the whole build: --full-build"}
	}
	b.InformOnce(n)
}

// toNodes makes the image of the compiled application and brings it to the nodes. If nothing was
// compiled, they have it already.
func (b build) toNodes(ctx context.Context) (err error) {
	if !b.compiled {
		b.img = *b.State().NodeImage
		return nil
	}
	if b.img, err = publish.Run(ctx, b.Publisher, event.Image,
		func(ctx context.Context, s *publish.Stage) (image.Image, error) { return b.image(ctx, s) }); err != nil {
		return err
	}
	err = b.Stage(ctx, event.Load, func(ctx context.Context, s *publish.Stage) error {
		sent, err := b.load(ctx, s, b.img.Ref, b.img.Content)
		if err == nil {
			s.Loads, s.Skip = []event.ImageLoad{report.Load(b.img.Ref, sent)}, sent.Sent == 0
		}
		return err
	})
	if err == nil {
		b.become(b.State().Loaded(b.img))
	}
	return err
}

func (b build) image(ctx context.Context, s *publish.Stage) (image.Image, error) {
	out, flush := s.Writer()
	defer flush()
	img, err := b.Imager.Image(ctx, b.app, out)
	if errors.Is(err, image.ErrNeedsJar) {
		if b.app, err = b.Compiler.Compile(ctx, nil, out); err == nil {
			b.latest = &b.app
			img, err = b.Imager.Image(ctx, b.app, out)
		}
	}
	if err != nil {
		return img, err
	}
	s.Image = img.Ref
	s.Publish(event.ImageBuilt{Ref: img.Ref, Name: img.Name, ID: img.ID.String(),
		Archive: report.Archive(img.Report.Archive)})
	for _, a := range img.Advice {
		s.InformOnce(event.Notice{Code: event.NoticeImageAdvice, Text: a.Text, Hints: []string{a.Hint}})
	}
	if b.Explain {
		s.Publish(report.Explained(img.Report))
	}
	return img, nil
}

// load brings an image to the nodes and publishes what each one was sent.
func (b build) load(ctx context.Context, s *publish.Stage, ref string, content v1.Image) (loader.Report, error) {
	sent, err := b.Loader.Load(ctx, ref, content)
	if err != nil {
		return loader.Report{}, err
	}
	for _, n := range sent.Nodes {
		s.Publish(event.NodeLoaded{Node: n.Name, Sent: n.Sent, Skipped: n.Skipped, Took: event.Duration(n.Took),
			Proof: n.Proof})
	}
	return sent, nil
}
