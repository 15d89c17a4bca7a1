package loader

import (
	"context"
	"fmt"
	"slices"

	cerrdefs "github.com/containerd/errdefs"
)

// NodeImageRef returns the image that a new cluster would be made of, and whether the
// engine has it.
func (k *Keeper) NodeImageRef(ctx context.Context) (ref string, here bool, err error) {
	if ref, _, err = k.nodeImage(ctx); err != nil {
		return "", false, err
	}
	_, err = k.docker.ImageInspect(ctx, ref)
	if cerrdefs.IsNotFound(err) {
		return ref, false, nil
	}
	return ref, err == nil, engineError(ctx, fmt.Sprintf("look for node image %q", ref), err)
}

// Pull brings the image of a new cluster to the engine if it lacks it. It can be
// interrupted.
func (k *Keeper) Pull(ctx context.Context) error {
	ref, _, err := k.nodeImage(ctx)
	if err != nil {
		return err
	}
	return k.pull(ctx, ref)
}

// NodeEnvironment returns the variables that the control plane was made with, nil where
// there is none.
func (k *Keeper) NodeEnvironment(ctx context.Context) ([]string, error) {
	containers, err := labelled(ctx, k.docker, kindClusterLabel, k.Name)
	i := slices.IndexFunc(containers, isControlPlane)
	if err != nil || i < 0 {
		return nil, err
	}
	found, err := k.docker.ContainerInspect(ctx, containers[i].ID)
	if err != nil || found.Config == nil {
		return nil, engineError(ctx, fmt.Sprintf("look at node %q", nameOf(containers[i])), err)
	}
	return found.Config.Env, nil
}
