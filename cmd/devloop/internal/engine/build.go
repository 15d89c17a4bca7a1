package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/loader"
)

// compile compiles the sources, unless the nodes have an image of what would come out.
func (c *cycle) compile(ctx context.Context) error {
	if !c.saved.Compiles(c.State().NodeImage != nil) {
		return nil
	}
	app, err := publish.Run(ctx, c.Publisher, event.Compile, func(ctx context.Context, s *publish.Stage) (springboot.App, error) {
		out, flush := s.Writer()
		defer flush()
		paths := c.Changed.Paths
		if c.Changed.All || c.Changed.Unnamed {
			paths = nil
		}
		app, err := c.Compiler.Compile(ctx, paths, out)
		if err == nil {
			s.Note = compileNote(c.Target.Dir, app)
		}
		c.tellOmitted(app)
		return app, err
	})
	if err != nil {
		return err
	}
	c.app, c.compiled = app, true
	c.ports.SetContextPath(app.Port, app.ContextPath)
	return nil
}

// tellOmitted says once what the build has left out.
func (c *cycle) tellOmitted(app springboot.App) {
	if len(app.Omitted) == 0 {
		return
	}
	var hints []string
	if c.Target.Follow { // a deploy leaves out only what publishes
		hints = []string{"run the whole build: --full-build"}
	}
	c.InformOnce("the build leaves out what does not change the application: "+strings.Join(app.Omitted, ", "), hints...)
}

// compileNote says what was compiled, if it lies in the project's directory, and how.
func compileNote(dir string, app springboot.App) string {
	what := app.Jar
	if what == "" && len(app.Classes) > 0 { // nothing had to be packed
		what = app.Classes[0]
	}
	if rel, err := filepath.Rel(dir, what); err == nil && filepath.IsLocal(rel) {
		what = rel
	} else if app.CompiledBy != "" {
		what = ""
	}
	return strings.TrimSpace(what + " " + app.CompiledBy)
}

// buildImage brings the image of the compiled application to the nodes. If nothing was compiled,
// that is the image which they have.
func (c *cycle) buildImage(ctx context.Context) (err error) {
	if !c.compiled {
		c.img = *c.State().NodeImage
		return nil
	}
	if c.img, err = publish.Run(ctx, c.Publisher, event.Image, func(ctx context.Context, s *publish.Stage) (image.Image, error) { return c.image(ctx, s) }); err != nil {
		return err
	}
	err = c.Stage(ctx, event.Load, func(ctx context.Context, s *publish.Stage) error {
		report, err := c.load(ctx, s, c.img.Ref, c.img.Content)
		if err == nil {
			s.Note, s.Skip = loadNote(report), report.Sent == 0
		}
		return err
	})
	if err == nil {
		c.become(c.State().Loaded(c.img))
	}
	return err
}

func (c *cycle) image(ctx context.Context, s *publish.Stage) (image.Image, error) {
	out, flush := s.Writer()
	defer flush()
	img, err := c.Imager.Image(ctx, c.app, out)
	if err != nil {
		return img, err
	}
	s.Note = img.Ref
	s.Publish(event.ImageBuilt{Ref: img.Ref, Name: img.Name, ID: img.ID.String()})
	for _, a := range img.Advice {
		s.InformOnce(a.Text, a.Hint)
	}
	if c.Explain {
		s.Publish(explained(img.Report))
	}
	return img, nil
}

// load brings an image to the nodes and publishes what each one was sent.
func (c *cycle) load(ctx context.Context, s *publish.Stage, ref string, content v1.Image) (loader.Report, error) {
	report, err := c.Loader.Load(ctx, ref, content)
	if err != nil {
		return loader.Report{}, err
	}
	for _, n := range report.Nodes {
		s.Publish(event.NodeLoaded{Node: n.Name, Sent: n.Sent, Skipped: n.Skipped, Took: event.Duration(n.Took), Proof: n.Proof})
	}
	return report, nil
}

// loadNote sums up a report in a line.
func loadNote(r loader.Report) string {
	nodes := fmt.Sprintf("%d nodes", len(r.Nodes))
	var skipped int64
	for _, n := range r.Nodes {
		skipped += n.Skipped
	}
	if len(r.Nodes) == 1 {
		nodes = r.Nodes[0].Name
	}
	switch {
	case len(r.Nodes) == 0:
		return "the nodes find the image by themselves"
	case r.Sent == 0:
		return nodes + " had it already"
	case skipped == 0:
		return fmt.Sprintf("%s to %s", publish.Size(r.Sent), nodes)
	}
	return fmt.Sprintf("%s to %s, which had the other %s", publish.Size(r.Sent), nodes, publish.Size(skipped))
}

// explained describes what an image consists of, and why.
func explained(x image.Report) event.ImageExplained {
	e := event.ImageExplained{Dockerfile: x.Dockerfile, Base: x.Base, BaseWhy: x.BaseWhy, ClassPath: x.ClassPath, MainClass: x.MainClass, Supervised: x.Supervised, Swappable: x.Swappable,
		Archive: event.ClassArchive{Used: x.Archive.Used, Size: x.Archive.Size, Java: x.Archive.Java, Why: x.Archive.Why}}
	for _, l := range x.Layers {
		e.Layers = append(e.Layers, event.ImageLayer{Name: l.Name, Size: l.Size, New: l.New})
	}
	for _, o := range x.Options {
		e.Options = append(e.Options, event.JVMOption{Lever: o.Optimization, Text: o.Text, Why: o.Why})
	}
	return e
}
