package loader

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"
)

// Stop stops the cluster's nodes, if devloop made the cluster; [Keeper.Ensure] starts them
// again, with everything that was deployed. It reports whether any was running. Any other cluster
// is left as it is, with a [*ClusterError]; that there is none is no error.
func (k *Keeper) Stop(ctx context.Context) (stopped bool, err error) {
	release, err := k.records.lock(ctx, k.Name)
	if err != nil {
		return false, err
	}
	defer release()
	containers, err := labelled(ctx, k.docker, kindClusterLabel, k.Name)
	if err != nil || len(containers) == 0 {
		return false, err
	}
	if !k.records.own(k.Name, containers) {
		return false, k.foreign("stop")
	}
	for _, c := range containers {
		if c.State != container.StateRunning {
			continue
		}
		k.Progress(fmt.Sprintf("stopping node %q", nameOf(c)))
		if err := k.docker.ContainerStop(ctx, c.ID, container.StopOptions{}); err != nil {
			return stopped, engineError(ctx, fmt.Sprintf("stop node %q", nameOf(c)), err)
		}
		stopped = true
	}
	return stopped, nil
}
