package kindcluster

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/loader/internal/load"
)

// Stop stops the cluster's nodes if devloop created the cluster; [Manager.Ensure] starts them
// again, with everything that was deployed. It reports whether any was running. For any other
// cluster the error is cluster.broken; a cluster that does not exist is no error.
func (m *Manager) Stop(ctx context.Context) (stopped bool, err error) {
	release, err := m.lock(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	containers, err := m.own(ctx, "stop")
	if err != nil {
		return false, err
	}
	for _, c := range containers {
		if c.State != container.StateRunning {
			continue
		}
		m.Progress(fmt.Sprintf("stopping node %q", load.ContainerName(c)))
		if err := m.docker.ContainerStop(ctx, c.ID, container.StopOptions{}); err != nil {
			return stopped, dockerapi.Error(ctx, fmt.Sprintf("stop node %q", load.ContainerName(c)), err)
		}
		stopped = true
	}
	return stopped, nil
}
