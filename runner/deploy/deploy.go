// Package deploy brings a manifest's objects to a cluster, and removes them again.
//
//	d := deploy.New(client)
//	spec := deploy.Spec{Spec: render.Spec{Project: "shop", Dir: dir, Manifest: m,
//		Image: "shop:devloop-0123456789ab", Names: []string{"shop"}}}
//	err := d.Claim(ctx, spec)          // before the build: is anything in the way, or wrong?
//	pods, err := d.Replace(ctx, spec)  // they exist; package readiness waits until they serve
//	removed, err := d.Down(ctx, "shop", "", nil)
//
// Package render makes the objects. A guard (guard.go) refuses to touch what devloop did not make, and the
// API server checks everything in a dry run (dryrun.go). Then objects are applied (apply.go), under the field
// manager devloop, which changes only the fields that the manifest names.
//
// Pods and Jobs can't be updated: they are replaced (replace.go). The old Pod is deleted by UID, and the new
// one is created when the old one is gone, or beside it under another name (beside.go). The Pods of
// Deployments and the like are found by following their controllers (package workload).
//
// Every object that devloop makes has the label [kube.LabelProject]. Objects without it belong to
// another owner: they are neither replaced nor removed, unless [Spec.Adopt] says so.
package deploy

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/render"
	"github.com/devloop-cli/devloop/runner/workload"
)

// Deployer deploys to one cluster. It is safe for concurrent use.
type Deployer struct {
	client    *cluster.Client
	workloads workload.Workloads
}

// New returns a Deployer.
func New(c *cluster.Client) *Deployer { return &Deployer{c, workload.New(c)} }

func (d *Deployer) replacer() replacer { return replacer{applier{d.client}, d.workloads} }

// Spec says what is to run, and what it may replace.
type Spec struct {
	render.Spec
	Adopt bool // replace objects of the same name, whoever made them
	// Yields is asked before devloop replaces an object that it made for another directory. An error, which
	// says who works there, refuses that. If it is nil, all objects yield.
	Yields func(dir string) error
	// LeftOut is called with objects that are not deployed, because the cluster does not have what defines their
	// kind. May be nil.
	LeftOut func([]kube.Ref)
	// Serving are Pods that stay: their successors start beside them, under another name. Only for
	// a manifest without a [SurgeBlocker].
	Serving []kube.Pod
	// Spent are old Pods that must not stay, even if their objects have not changed.
	Spent []kube.Pod
}

// Replace brings the spec's objects to the cluster and returns their Pods, in the manifest's order. They
// exist when it returns; package readiness waits until they serve.
//
// It changes nothing unless it may change everything: it returns a [*manifest.Error] if no container runs the project's
// image, or if the cluster refuses the objects; a [*ForeignError] if another owner's object is in the way; a
// [*NameTakenError]; the error of Yields; a [*cluster.UnreachableError]; or a [*kube.APIError]. When ctx ends it
// returns ctx's cause, and the objects that were changed until then stay.
func (d *Deployer) Replace(ctx context.Context, s Spec) ([]kube.Pod, error) {
	targets, err := d.check(ctx, s)
	if err != nil {
		return nil, err
	}
	apply := applier{d.client}
	if err := apply.makeNamespaces(ctx, targets, s.Spec); err != nil {
		return nil, err
	}
	if err := apply.applyAll(ctx, prerequisites(targets)); err != nil {
		return nil, err
	}
	return d.replaceWorkloads(ctx, targets, s)
}

// Claim returns the errors with which Replace would refuse the spec. It needs no image.
func (d *Deployer) Claim(ctx context.Context, s Spec) error {
	s.Image = ""
	_, err := d.check(ctx, s)
	return err
}

// check returns the objects as they go to the cluster, if all of them may go there.
func (d *Deployer) check(ctx context.Context, s Spec) ([]target, error) {
	objects, err := render.Objects(s.Spec)
	if err != nil {
		return nil, err
	}
	targets, missing, err := resolver{d.client}.targets(ctx, objects)
	if _, unknown := errors.AsType[*kube.APIError](err); unknown && len(s.Manifest.Doubts()) > 0 {
		return nil, &manifest.Error{Problems: s.Manifest.Doubts()}
	}
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 && s.LeftOut != nil {
		s.LeftOut(missing)
	}
	g := guard{client: d.client, dir: s.Dir, adopt: s.Adopt, yields: s.Yields}
	for i := range targets {
		if targets[i].unrelated = s.Image != "" && !render.UsesImage(targets[i].Unstructured,
			s.Image); targets[i].unrelated {
			render.Sign(targets[i].Unstructured)
		} else {
			targets[i] = targets[i].beside(s.Serving)
		}
		for _, name := range targets[i].names() {
			if err := g.check(ctx, targets[i], name); err != nil {
				return nil, err
			}
		}
	}
	return targets, validate(ctx, s.Manifest, targets)
}

// replaceWorkloads brings all objects that make Pods to the cluster, at the same time.
func (d *Deployer) replaceWorkloads(ctx context.Context, targets []target, s Spec) ([]kube.Pod, error) {
	pods := make([][]kube.Pod, len(targets))
	group, ctx := errgroup.WithContext(ctx)
	for i, t := range targets {
		if !manifest.MakesPods(t.Unstructured) {
			continue
		}
		group.Go(func() (err error) {
			if err = d.replacer().removeTwin(ctx, t, s.Serving); err == nil {
				pods[i], err = d.replaceWorkload(ctx, t, s.Spent)
			}
			for j := range pods[i] {
				pods[i][j].Generated = s.Manifest.Generated()
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(pods...), nil
}

// replaceWorkload brings one object that makes Pods to the cluster and returns its Pods.
func (d *Deployer) replaceWorkload(ctx context.Context, t target, spent []kube.Pod) ([]kube.Pod, error) {
	r := d.replacer()
	bring := r.apply
	switch {
	case t.unrelated && t.recreated():
		bring = r.keep
	case t.recreated():
		bring = r.recreate
	}
	made, err := bring(ctx, t)
	if err != nil {
		return nil, err
	}
	pods, err := r.Pods(ctx, made)
	for old := t.outdated(pods, spent); err == nil && len(old) > 0; old = t.outdated(pods, nil) {
		if err = r.RemovePods(ctx, old, render.GraceSeconds); err == nil {
			pods, err = r.Pods(ctx, made)
		}
	}
	for i := range pods {
		pods[i].Of, pods[i].Index = t.of, i
	}
	return pods, err
}

// outdated returns the Pods that their controller would keep although the running application has
// changes that are not in its image, or they are spent, or they were made from an older template.
func (t target) outdated(pods, spent []kube.Pod) (old []kube.Pod) {
	template := render.TemplateHash(t.Unstructured)
	for _, p := range pods {
		isSpent := slices.ContainsFunc(spent, func(s kube.Pod) bool { return s.UID == p.UID })
		if p.Changes != "" || isSpent && !t.unrelated || template != "" && p.Applied != template {
			old = append(old, p)
		}
	}
	return old
}

// Retire removes Pods whose successors have started beside them, and waits until they are gone.
func (d *Deployer) Retire(ctx context.Context, pods []kube.Pod) error {
	return d.workloads.RemovePods(ctx, pods, 0)
}
