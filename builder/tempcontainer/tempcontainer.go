// Package tempcontainer makes containers that do not outlive their purpose.
//
//	tempcontainer.RemoveAbandoned(ctx, docker, "example.com/purpose", time.Minute)
//	id, remove, err := tempcontainer.Create(ctx, docker, config, host)
//	defer remove()
//
// A container is removed even when the context has ended. Only a devloop that is killed leaves
// one behind; the next one with the same purpose removes it, by the label.
package tempcontainer

import (
	"context"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
)

// removalLimit is how long an interrupt may wait until a container is made or removed.
const removalLimit = 20 * time.Second

// Create makes a container, and returns its ID and a function that removes it. An interrupt has to
// wait for the engine's answer: the container can't be removed without its ID.
func Create(ctx context.Context, docker client.ContainerAPIClient, config *container.Config, host *container.HostConfig) (id string, remove func(), err error) {
	if ctx.Err() != nil {
		return "", nil, context.Cause(ctx)
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalLimit)
	defer cancel()
	created, err := docker.ContainerCreate(limited, config, host, nil, nil, "")
	return created.ID, func() {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalLimit)
		defer cancel()
		removeOne(limited, docker, created.ID)
	}, err
}

// RemoveAbandoned removes the containers with a label whose devloop was killed. One that is younger
// than the limit of its purpose may belong to another devloop.
func RemoveAbandoned(ctx context.Context, docker client.ContainerAPIClient, label string, limit time.Duration) {
	found, err := docker.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", label))})
	if err != nil {
		return // the next request will say what is wrong with the engine
	}
	for _, c := range found {
		if time.Since(time.Unix(c.Created, 0)) > limit+removalLimit {
			removeOne(ctx, docker, c.ID)
		}
	}
}

func removeOne(ctx context.Context, docker client.ContainerAPIClient, id string) {
	_ = docker.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
}
