package ociimage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// Registry has the images of registries. It asks for each reference once, so that a tag that moves, or a network that
// goes, changes nothing in a session. What it was told is also on disk, for sessions without a network:
//
//	DIR/bases/HEX.json   the digest and the configuration of the image with that reference
type Registry struct {
	mu    sync.Mutex
	known map[string]registered
}

// registered is what a registry said of a reference.
type registered struct {
	Digest v1.Hash // of the manifest
	Config *v1.ConfigFile
}

// Source says which image of a registry is wanted, and where what is known of it lies.
type Source struct {
	Ref, Arch string
	Dir       string // devloop's cache directory
	Cache     *layercache.Cache
	Out       io.Writer
}

// Image returns a view of an image. A layer that is not cached is downloaded when it is first read, until ctx ends.
func (r *Registry) Image(ctx context.Context, s Source) (*Image, error) {
	ref, err := name.ParseReference(s.Ref)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := s.Ref + " " + s.Arch
	found, ok := r.known[key]
	if !ok {
		if found, err = s.ask(ctx, ref); err != nil {
			return nil, err
		}
		if r.known == nil {
			r.known = map[string]registered{}
		}
		r.known[key] = found
	}
	return fromRegistry(s.Cache, found.Config,
		func() (v1.Image, error) { return s.pull(ctx, ref.Context().Digest(found.Digest.String())) })
}

// ask returns what the registry says of the reference, or else what it said the last time.
func (s Source) ask(ctx context.Context, ref name.Reference) (found registered, err error) {
	file := filepath.Join(s.Dir, "bases", fmt.Sprintf("%x.json", sha256.Sum256([]byte(s.Ref+" "+s.Arch))))
	_, _ = fmt.Fprintf(s.Out, "base image %s: not on the engine, pulling it\n", s.Ref)
	img, err := s.pull(ctx, ref)
	if err == nil {
		found.Digest, err = img.Digest()
	}
	if err == nil {
		found.Config, err = img.ConfigFile()
	}
	switch {
	case err == nil:
		if kept := atomicfile.WriteJSON(file, found); kept != nil {
			_, _ = fmt.Fprintf(s.Out, "base image %s: it can't be used without a network later: %v\n", s.Ref, kept)
		}
	case ctx.Err() == nil && unavailable(err) && atomicfile.ReadJSON(file, &found) && found.Config != nil:
		_, _ = fmt.Fprintf(s.Out,
			"base image %s: its registry does not answer, so it is the one that was pulled the last time: %v\n", s.Ref,
			err)
		return found, nil
	}
	return found, err
}

// unavailable reports whether a registry was not reached, or has no time.
func unavailable(err error) bool {
	if answer, ok := errors.AsType[*transport.Error](err); ok {
		return answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= http.StatusInternalServerError
	}
	_, network := errors.AsType[net.Error](err)
	return network
}

// pull returns an image of a registry, with the docker command's credentials. Its layers are not read yet.
func (s Source) pull(ctx context.Context, ref name.Reference) (v1.Image, error) {
	return remote.Image(ref, remote.WithContext(ctx),
		remote.WithTransport(transfer.Transport(remote.DefaultTransport, s.Ref)),
		remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: s.Arch}))
}

// fromRegistry returns a view of an image with that configuration. pull is called when the first layer is read.
func fromRegistry(cache *layercache.Cache, config *v1.ConfigFile, pull func() (v1.Image, error)) (*Image, error) {
	pull = sync.OnceValues(pull)
	var layers []Layer
	for _, diffID := range config.RootFS.DiffIDs {
		layers = append(layers, Layer{ID: diffID, cache: cache, fill: func() error {
			found, err := pull()
			if err != nil {
				return fmt.Errorf("download layer %s: %w", diffID, err)
			}
			return download(cache, found, diffID)
		}})
	}
	return New(config.DeepCopy(), layers)
}

// download brings a registry's layer into the cache.
func download(cache *layercache.Cache, from v1.Image, diffID v1.Hash) error {
	l, err := from.LayerByDiffID(diffID)
	if err != nil {
		return err
	}
	data, err := l.Uncompressed()
	if err != nil {
		return fmt.Errorf("download layer %s: %w", diffID, err)
	}
	defer func() { _ = data.Close() }()
	found, err := cache.Keep(map[v1.Hash]bool{diffID: true}, copied(data))
	if err == nil && found != diffID {
		err = fmt.Errorf("the content is that of %s", found)
	}
	if err != nil {
		return fmt.Errorf("download layer %s: %w", diffID, err)
	}
	return nil
}
