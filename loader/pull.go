package loader

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/docker/docker/api/types/image"
)

// pull brings an image to the engine if it lacks it. kind would do so too, but can't
// be interrupted, and a node image is several hundred megabytes.
func (k *Keeper) pull(ctx context.Context, ref string) error {
	if _, err := k.docker.ImageInspect(ctx, ref); err == nil {
		return nil
	}
	k.Progress(fmt.Sprintf("pulling node image %s", ref))
	stream, err := k.docker.ImagePull(ctx, ref, image.PullOptions{})
	if err != nil {
		return k.unpulled(ctx, ref, err)
	}
	defer func() { _ = stream.Close() }()
	if err := pullError(stream); err != nil {
		return k.unpulled(ctx, ref, err)
	}
	return nil
}

// pullError reads the engine's account of a pull to its end; an error in it comes
// inside of an answer that began with 200.
func pullError(stream io.Reader) error {
	lines := bufio.NewScanner(stream)
	for lines.Scan() {
		var line struct{ Error string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Error != "" {
			return fmt.Errorf("%s", line.Error)
		}
	}
	return lines.Err()
}

func (k *Keeper) unpulled(ctx context.Context, ref string, err error) error {
	if ctx.Err() != nil {
		return ctxCause(ctx)
	}
	return &ClusterError{
		Name: k.Name, Word: "failed", Err: err,
		Problem: fmt.Sprintf("pull the node image %q", ref),
		Advice:  []string{fmt.Sprintf("see whether the registry can be reached: docker pull %s", ref)},
	}
}
