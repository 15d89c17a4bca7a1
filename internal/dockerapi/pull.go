package dockerapi

import (
	"context"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/client"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/devloop-cli/devloop/internal/transfer"
)

// Pull brings an image from its registry to the engine, with the docker command's credentials; see package transfer.
func Pull(ctx context.Context, docker client.ImageAPIClient, ref string) error {
	stream, err := docker.ImagePull(ctx, ref, image.PullOptions{RegistryAuth: credentials(ctx, ref)})
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	done, total := map[string]int64{}, map[string]int64{} // by layer
	return ReadMessages(stream, func(m Message) error {
		switch {
		case m.Status == "Downloading" && m.Progress != nil:
			done[m.ID], total[m.ID] = m.Progress.Current, max(m.Progress.Total, 0)
		case m.Status == "Download complete":
			done[m.ID] = total[m.ID]
		default:
			return nil
		}
		transfer.Set(ctx, ref, sum(done), sum(total))
		return nil
	})
}

func sum(sizes map[string]int64) (n int64) {
	for _, size := range sizes {
		n += size
	}
	return n
}

// credentials returns the credentials for an image's registry as the engine expects them, "" if there are none.
func credentials(ctx context.Context, ref string) string {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return ""
	}
	found, err := authn.Resolve(ctx, authn.DefaultKeychain, parsed.Context())
	if err != nil || found == authn.Anonymous {
		return ""
	}
	auth, err := authn.Authorization(ctx, found)
	if err != nil {
		return ""
	}
	encoded, _ := registry.EncodeAuthConfig(registry.AuthConfig{ // it fails for no text
		Username: auth.Username, Password: auth.Password, Auth: auth.Auth, IdentityToken: auth.IdentityToken,
		RegistryToken: auth.RegistryToken,
	})
	return encoded
}
