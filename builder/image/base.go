package image

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/devloop-cli/devloop/builder/ociimage"
)

// baseImage returns the base image from the engine, or else from its registry.
func (k *maker) baseImage(ctx context.Context, ref string) (*ociimage.Image, error) {
	found, ok, err := k.Inspect(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("find base image %q: %w", ref, err)
	}
	if ok {
		return ociimage.FromEngine(ctx, k.Docker, k.cache, found)
	}
	engine, err := k.Docker.ServerVersion(ctx)
	if err != nil {
		return nil, err
	}
	base, err := k.imager.registry.Image(ctx,
		ociimage.Source{Ref: ref, Arch: engine.Arch, Dir: k.dir, Cache: k.cache, Out: k.Out})
	if err != nil {
		return nil, k.noBase(ref, err)
	}
	return base, nil
}

// noBase says why a base image is not available, and what to do.
func (k *maker) noBase(ref string, err error) error {
	e := &Error{Name: k.app.Name,
		Err: fmt.Errorf("base image %q is not on the engine and can't be pulled: %w", ref, err)}
	var answer *transport.Error
	var network net.Error
	switch {
	case errors.As(err, &answer) && (answer.StatusCode == 401 || answer.StatusCode == 403):
		e.hints = []string{"log in to the registry: docker login"}
	case errors.As(err, &network):
		e.hints = []string{"check the network, then: docker pull " + ref}
	default:
		e.hints = []string{"check the name: docker pull " + ref}
	}
	e.hints = append(e.hints, "or choose a base image that is on the engine: docker image ls")
	return e
}
