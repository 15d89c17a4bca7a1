// Package tempcontainer makes containers that do not outlive their purpose.
//
//	extraction := tempcontainer.Purpose{Label: "example.com/extraction", Limit: time.Minute}
//	id, remove, err := tempcontainer.Create(ctx, docker, extraction, config, host)
//	defer remove()
//
// A container is removed even when the context has ended. Only a devloop that is killed leaves
// one behind; the next one with the same purpose removes it, by the label.
package tempcontainer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"
)

// removalLimit is how long an interrupt may wait until a container is made or removed.
const removalLimit = 20 * time.Second

// Purpose is what containers are made for.
type Purpose struct {
	Label string        // marks them
	Value string        // of the label
	Limit time.Duration // how long one is needed at most
}

// Create makes a container, and returns its ID and a function that removes it. An interrupt waits for the engine's
// answer, which has the ID. Create also removes what a killed devloop has left of the same purpose.
func Create(ctx context.Context, docker client.ContainerAPIClient, p Purpose, config *container.Config,
	host *container.HostConfig) (id string, remove func(), err error) {
	if ctx.Err() != nil {
		return "", nil, context.Cause(ctx)
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalLimit)
	defer cancel()
	config.Labels = map[string]string{p.Label: p.Value, makerLabel: maker(os.Getpid())}
	created, err := docker.ContainerCreate(limited, config, host, nil, nil, "")
	if err == nil {
		removeAbandoned(ctx, docker, p, created.ID)
	}
	return created.ID, func() {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), removalLimit)
		defer cancel()
		removeOne(limited, docker, created.ID)
	}, err
}

// makerLabel names the process that made a container: its ID, and the name of its machine.
const makerLabel = "devloop-cli.github.io/process"

func maker(pid int) string {
	host, _ := os.Hostname() // without a name only the age of a container counts
	return fmt.Sprintf("%d@%s", pid, host)
}

// hasEnded reports whether the process that made a container ran on this machine, and does no more.
func hasEnded(made string) bool {
	id, _, _ := strings.Cut(made, "@")
	pid, err := strconv.Atoi(id)
	if err != nil || made != maker(pid) {
		return false
	}
	p, err := os.FindProcess(pid)
	return err != nil || errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// removeAbandoned removes the containers of a purpose whose process has ended, or that are older than it allows,
// compared with the newest one. The engine's clock may differ from this machine's, so only its own times are compared.
func removeAbandoned(ctx context.Context, docker client.ContainerAPIClient, p Purpose, newest string) {
	found, err := docker.ContainerList(ctx,
		container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", p.Label))})
	own := slices.IndexFunc(found, func(c container.Summary) bool { return c.ID == newest })
	if err != nil || own < 0 {
		return // the next request will say what is wrong with the engine
	}
	limit := int64((p.Limit + removalLimit) / time.Second)
	for _, c := range found {
		if found[own].Created-c.Created > limit || hasEnded(c.Labels[makerLabel]) {
			removeOne(ctx, docker, c.ID)
		}
	}
}

func removeOne(ctx context.Context, docker client.ContainerAPIClient, id string) {
	_ = docker.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
}
