package image

import (
	"context"
	"fmt"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Local returns the engine's image called ref, nil if it has none. The engine exports layers when one is first read.
func (m *Imager) Local(ctx context.Context, ref string) (v1.Image, error) {
	found, err := m.docker.ImageInspect(ctx, ref)
	if dockerapi.IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, m.asked(ctx, ref, err)
	}
	cache, err := paths.Cache(m.options.CacheDir)
	if err != nil {
		return nil, err
	}
	return ociimage.FromEngine(ctx, m.docker, layercache.Open(cache), found)
}

// LastTagged returns when the engine got the image called ref: last tagged, or made; zero if it does not know.
func (m *Imager) LastTagged(ctx context.Context, ref string) (time.Time, error) {
	found, err := m.docker.ImageInspect(ctx, ref)
	if dockerapi.IsMissing(err) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, m.asked(ctx, ref, err)
	}
	latest := found.Metadata.LastTagTime
	if made, err := time.Parse(time.RFC3339Nano, found.Created); err == nil && made.After(latest) {
		latest = made
	}
	if latest.Year() < 2000 { // reproducible images have the date of an epoch
		return time.Time{}, nil
	}
	return latest, nil
}

func (m *Imager) asked(ctx context.Context, ref string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("look for image %q: %w", ref, context.Cause(ctx))
	}
	return imageError(ctx, ref, m.docker.DaemonHost(), err)
}
