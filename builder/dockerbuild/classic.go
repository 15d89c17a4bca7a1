package dockerbuild

import (
	"archive/tar"
	"context"
	"io"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/registry"
	"github.com/moby/go-archive"

	"github.com/devloop-cli/devloop/internal/dockerapi"
)

// classic builds with the engine's first builder, to which the whole context is sent.
func (b *builder) classic(ctx context.Context, p *progress) error {
	files, err := b.contextTar()
	if err != nil {
		return err
	}
	defer func() { _ = files.Close() }()
	options := b.options()
	options.Version, options.AuthConfigs = build.BuilderV1, b.credentials()
	answer, err := b.docker.ImageBuild(ctx, files, options)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	return dockerapi.ReadMessages(answer.Body, p.take)
}

// contextTar packs the context without ignored files, and with the Dockerfile's text as it was read. Files belong to
// root: so every user has the same cache.
func (b *builder) contextTar() (io.ReadCloser, error) {
	excludes, err := b.file.Ignored()
	if err != nil {
		return nil, err
	}
	files, err := archive.TarWithOptions(b.file.Dir, &archive.TarOptions{
		ExcludePatterns: excludes, ChownOpts: &archive.ChownOpts{UID: 0, GID: 0}})
	if err != nil {
		return nil, err
	}
	withText := func(string, *tar.Header, io.Reader) (*tar.Header, []byte, error) {
		return &tar.Header{Name: b.file.Name(), Mode: 0o644, Typeflag: tar.TypeReg}, b.file.Text(), nil
	}
	return archive.ReplaceFileTarWrapper(files, map[string]archive.TarModifierFunc{b.file.Name(): withText}), nil
}

// credentials returns the docker command's credentials for the base images' registries. Without them, the pull fails.
func (b *builder) credentials() map[string]registry.AuthConfig {
	found := map[string]registry.AuthConfig{}
	file := config.LoadDefaultConfigFile(io.Discard)
	for _, base := range b.file.Bases() {
		named, err := reference.ParseNormalizedNamed(base)
		if err != nil {
			continue
		}
		host := reference.Domain(named)
		if host == "docker.io" {
			host = "https://index.docker.io/v1/" // as config.json has it
		}
		auth, err := file.GetAuthConfig(host)
		if err == nil && (auth.Username != "" || auth.IdentityToken != "" || auth.RegistryToken != "") {
			found[host] = registry.AuthConfig{Username: auth.Username, Password: auth.Password, Auth: auth.Auth,
				ServerAddress: auth.ServerAddress, IdentityToken: auth.IdentityToken, RegistryToken: auth.RegistryToken}
		}
	}
	return found
}
