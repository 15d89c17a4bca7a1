package engine

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/queue"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/report"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/watch"
)

// Stored is an image of this machine that belongs to no project: its name, and its content.
type Stored struct {
	Ref     string
	Content v1.Image
}

// Apply deploys a manifest without a project and waits until its Pods are ready. The images, of
// which there may be none, go to the nodes first, and the Pods then use these.
func (s *Session) Apply(ctx context.Context, m manifest.Manifest, images []Stored) ([]kube.Pod, error) {
	c := newCycle(s, queue.Work{N: 1, Because: "apply", Trigger: event.TriggerFirst, Changed: watch.Everything()})
	c.manifest = m
	if len(images) > 0 {
		if err := c.Stage(ctx, event.Load, func(ctx context.Context, s *publish.Stage) error {
			return build{c}.loadStored(ctx, s, images)
		}); err != nil {
			return nil, err
		}
	}
	pods, err := publish.Run(ctx, c.Publisher, event.Replace,
		func(ctx context.Context, s *publish.Stage) ([]kube.Pod, error) {
			spec := c.spec()
			spec.Names = lists.Map(images, func(img Stored) string { return img.Ref })
			c.explainSpec(spec)
			s.Objects = report.Objects(m.Refs())
			ctx, cancel := c.Target.LimitReady(ctx)
			defer cancel()
			return c.Deployer.Replace(ctx, spec)
		})
	if err != nil {
		return nil, err
	}
	return pods, c.ready(ctx, pods)
}

func (b build) loadStored(ctx context.Context, s *publish.Stage, images []Stored) error {
	for _, img := range images {
		sent, err := b.load(ctx, s, img.Ref, img.Content)
		if err != nil {
			return err
		}
		s.Loads = append(s.Loads, report.Load(img.Ref, sent))
	}
	return nil
}

// explainSpec publishes how the objects in the cluster differ from the files, with --explain.
func (c *cycle) explainSpec(spec deploy.Spec) {
	if changes := report.Differences(spec, c.Target.Env); c.Explain && len(changes) > 0 {
		c.Inform(event.Notice{Code: event.NoticeDiffers, Hints: changes})
	}
}
