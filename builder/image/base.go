package image

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/devloop-cli/devloop/builder/ociimage"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// baseImage returns the base image from the engine, or else from its registry.
func (k *maker) baseImage(ctx context.Context, ref string) (*ociimage.Image, error) {
	found, ok, err := k.inspect(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("find base image %q: %w", ref, err)
	}
	if ok {
		return ociimage.FromEngine(ctx, k.docker, k.cache, found)
	}
	_, _ = fmt.Fprintf(k.out, "base image %s: not on the engine, pulling it\n", ref)
	base, err := k.pull(ctx, ref)
	if err != nil {
		return nil, k.noBase(ref, err)
	}
	return base, nil
}

// pull returns an image from its registry, using the docker command's credentials.
func (k *maker) pull(ctx context.Context, ref string) (*ociimage.Image, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return nil, err
	}
	engine, err := k.docker.ServerVersion(ctx)
	if err != nil {
		return nil, err
	}
	found, err := remote.Image(parsed, remote.WithContext(ctx), remote.WithTransport(transfer.Transport(remote.DefaultTransport, ref)), remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: engine.Arch}))
	if err != nil {
		return nil, err
	}
	return ociimage.FromRegistry(k.cache, found)
}

// noBase says why a base image is not available, and what to do.
func (k *maker) noBase(ref string, err error) error {
	e := &Error{Name: k.app.Name, Err: fmt.Errorf("base image %q is not on the engine and can't be pulled: %w", ref, err)}
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
