// Package prune removes from the cluster what saves take out of a manifest while a session runs.
//
//	p := prune.Pruner{Cluster: cluster}
//	p.Deploy(m)                       // the objects of m go to the cluster
//	err := p.Prune(ctx, events, spec) // those of spec's manifest serve: others that were deployed before go
//	gone := prune.Pods(pods, m)       // Pods are up to the caller
//
// What may be removed is up to package runner/deploy.
package prune

import (
	"context"
	"slices"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/publish"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// limit is how long a cycle waits for what it removes.
const limit = 20 * time.Second

// Cluster removes objects.
type Cluster interface {
	// Prune removes the objects of earlier manifests that the spec's manifest no longer has, and returns them.
	Prune(ctx context.Context, earlier []manifest.Manifest, s deploy.Spec) ([]kube.Ref, error)
}

// Pruner knows the manifests whose objects the cluster has.
type Pruner struct {
	Cluster  Cluster
	deployed []manifest.Manifest
}

// Deploy records that the objects of a manifest go to the cluster.
func (p *Pruner) Deploy(m manifest.Manifest) { p.deployed = append(p.deployed, m) }

// Prune removes the objects that the last manifest no longer has, and publishes which. If that fails, it warns, and the
// next call tries again. It returns an error only if ctx ends.
func (p *Pruner) Prune(ctx context.Context, events publish.Publisher, s deploy.Spec) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	last := max(0, len(p.deployed)-1)
	removed, err := p.Cluster.Prune(limited, p.deployed[:last], s)
	for _, o := range removed {
		events.Publish(event.ObjectRemoved{Object: o.Kind + "/" + o.Name, Namespace: o.Namespace})
	}
	switch {
	case err == nil:
		p.deployed = p.deployed[last:]
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		events.WarnOf(err)
	}
	return nil
}

// Pods returns those of the Pods that a manifest no longer has.
func Pods(pods []kube.Pod, m manifest.Manifest) []kube.Pod {
	return slices.DeleteFunc(slices.Clone(pods), func(p kube.Pod) bool {
		return p.Of.Kind != "Pod" || slices.ContainsFunc(m.Refs(),
			func(o kube.Ref) bool { return o.Kind == "Pod" && o.Name == p.Of.Name })
	})
}
