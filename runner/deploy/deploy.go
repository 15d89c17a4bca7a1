// Package deploy brings a manifest's objects to a cluster, and removes them again.
//
//	d := deploy.New(client)
//	spec := deploy.Spec{Project: "shop", Dir: dir, Manifest: m, Image: "shop:devloop-0123456789ab", Names: []string{"shop"}}
//	err := d.Claim(ctx, spec)          // before the build: is anything in the way, or wrong?
//	pods, err := d.Replace(ctx, spec)  // they exist; whether they serve, package readiness says
//	removed, err := d.Down(ctx, "shop", "", nil)
//
// A bare Pod can't be changed into one with another image without restarts that count and lead to
// CrashLoopBackOff. So the old one is deleted, by UID, and the new one is created when the old one is
// gone, or comes up next to it under another name (surge.go). Everything else is applied on the
// server's side under the field manager devloop, which changes only the fields that the manifest names.
//
// Every object that devloop makes carries the label [kube.LabelProject]. An object of the same name
// without it belongs to somebody else: it is neither replaced nor removed, unless [Spec.Adopt] says so.
// One that was deployed from another directory is replaced if [Spec.Yields] allows it.
package deploy

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// Deployer deploys to one cluster. It is safe for concurrent use.
type Deployer struct{ *cluster.Client }

// New returns a Deployer.
func New(c *cluster.Client) *Deployer { return &Deployer{c} }

// Spec says what is to run.
type Spec struct {
	Project  string            // the project's name, the value of [kube.LabelProject]
	Dir      string            // its directory
	Manifest manifest.Manifest // what the user wrote, or [manifest.Generate]
	Image    string            // the unique reference that every node has by now; "": the manifest's own images
	Names    []string          // what the user calls the image; only containers with such an image are changed
	Adopt    bool              // replace objects of the same name, whoever made them
	// Yields is asked before an object goes that devloop made for another directory: an
	// error, which refuses it, says who works there. With nil it goes.
	Yields func(dir string) error
	Keep   []string // parts of the development patch to leave out, of [Patches]
	// ChangesDir is where a supervisor in the image keeps changes, "" where it has none.
	ChangesDir string
	// Debug is for containers with the project's image that a debugger may stop.
	Debug Debug
	// Serving are Pods that stay: their successors come up beside them, under another
	// name. Only for a manifest that does not have to be deployed [SurgeBlocker].
	Serving []kube.Pod
	// Spent are Pods of before that must not stay, even where nothing of their objects has changed.
	Spent []kube.Pod
}

// Replace brings the spec's objects into the cluster and returns the Pods that run
// because of it, in the manifest's order. They exist when it returns; package readiness waits until
// they serve.
//
// Nothing is touched unless all objects may be: its errors are [*manifest.Error]
// where no container runs the project's image, or the cluster has something against
// the objects, [*ForeignError] where somebody
// else's object is in the way, that of Yields, [*cluster.UnreachableError] and [*kube.APIError]. When ctx
// ends it returns ctx's cause, and what the API server took until then stays.
func (d *Deployer) Replace(ctx context.Context, s Spec) ([]kube.Pod, error) {
	targets, err := d.claimed(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := d.validate(ctx, s.Manifest, targets); err != nil {
		return nil, err
	}
	if err := d.makeNamespaces(ctx, targets, s); err != nil {
		return nil, err
	}
	return d.deploy(ctx, targets, s)
}

// Claim returns what would keep Replace from deploying the spec, before there is an image: objects in
// its way, and what the cluster has against its own.
func (d *Deployer) Claim(ctx context.Context, s Spec) error {
	s.Image = ""
	targets, err := d.claimed(ctx, s)
	if err != nil {
		return err
	}
	return d.validate(ctx, s.Manifest, targets)
}

// claimed returns the objects as they go to the cluster, once nobody else's are in the way.
func (d *Deployer) claimed(ctx context.Context, s Spec) ([]targetObject, error) {
	objects, err := d.patched(s)
	if err != nil {
		return nil, err
	}
	targets, err := d.targets(ctx, objects)
	if err != nil {
		return nil, err
	}
	for i := range targets {
		if targets[i].foreign = s.Image != "" && !usesImage(targets[i].Unstructured, s.Image); targets[i].foreign {
			targets[i].sign()
		} else {
			targets[i] = targets[i].beside(s.Serving)
		}
		for _, name := range targets[i].places() {
			if err := d.refuse(ctx, targets[i], name, s); err != nil {
				return nil, err
			}
		}
	}
	return targets, nil
}

// target is an object and where the API server keeps its kind.
type targetObject struct {
	*unstructured.Unstructured
	resource dynamic.ResourceInterface
	// of is the manifest's object: the name of what is made of it may be another.
	of kube.Ref
	// foreign says that no container of it has the project's image.
	foreign bool
	// kind is where the API server keeps the objects of all namespaces.
	kind dynamic.NamespaceableResourceInterface
}

// at is the object that stands where t is to be.
func (t targetObject) at(there *unstructured.Unstructured) targetObject {
	t.Unstructured = there
	return t
}

func (t targetObject) object() kube.Ref { return kube.RefOf(t.Unstructured) }

// recreated says whether the object can't be changed into its new form: most
// fields of a Pod and of a Job's template are fixed once they exist.
func (t targetObject) recreated() bool {
	kind := t.GroupVersionKind().GroupKind()
	return kind == schema.GroupKind{Kind: "Pod"} || kind == schema.GroupKind{Group: "batch", Kind: "Job"}
}

// targets asks the cluster where it keeps each kind, and gives objects without a
// namespace the runner's.
func (d *Deployer) targets(ctx context.Context, objects []*unstructured.Unstructured) ([]targetObject, error) {
	targets := make([]targetObject, len(objects))
	for i, o := range objects {
		mapping, err := d.mapping(o.GroupVersionKind())
		if defined := definedBy(objects, o.GroupVersionKind()); defined != nil && meta.IsNoMatchError(err) {
			mapping, err = defined, nil
		}
		if err != nil {
			return nil, d.unknownToCluster(ctx, o, err)
		}
		kind := d.Dynamic.Resource(mapping.Resource)
		targets[i] = targetObject{Unstructured: o, resource: kind, kind: kind}
		if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
			if o.GetNamespace() == "" {
				o.SetNamespace(d.Namespace())
			}
			targets[i].resource = kind.Namespace(o.GetNamespace())
		}
		targets[i].of = kube.RefOf(o)
	}
	return targets, nil
}

// mapping finds a kind's resource, Pods without asking: they are in every cluster.
func (d *Deployer) mapping(gvk schema.GroupVersionKind) (*meta.RESTMapping, error) {
	if gvk == corev1.SchemeGroupVersion.WithKind("Pod") {
		return &meta.RESTMapping{Resource: corev1.SchemeGroupVersion.WithResource("pods"), GroupVersionKind: gvk, Scope: meta.RESTScopeNamespace}, nil
	}
	mapping, err := d.Mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if meta.IsNoMatchError(err) { // perhaps it was added since the cluster was asked last
		d.Mapper.Reset()
		return d.Mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	return mapping, err
}

func (d *Deployer) unknownToCluster(ctx context.Context, o *unstructured.Unstructured, err error) error {
	if !meta.IsNoMatchError(err) {
		return d.WrapError(ctx, "find the kind of", kube.RefOf(o), err)
	}
	return &kube.APIError{Verb: "apply", Object: kube.RefOf(o),
		Err:    fmt.Errorf("the cluster does not know the kind %q of %q", o.GetKind(), o.GetAPIVersion()),
		Advice: []string{"install what defines that kind into the cluster first"}}
}

// refuse looks for an object of that name which has to stay: one that devloop did not make, or
// one of another directory where somebody works.
func (d *Deployer) refuse(ctx context.Context, t targetObject, name string, s Spec) error {
	there, err := t.resource.Get(ctx, name, metav1.GetOptions{})
	if kube.IsNotFoundOrReplaced(err) {
		return nil
	}
	if err != nil {
		return d.WrapError(ctx, "read", t.object(), err)
	}
	dir := there.GetAnnotations()[kube.AnnotationDirectory]
	switch {
	case name != t.GetName() && kube.ManifestName(there) != t.of.Name: // it only happens to be called so
	case t.GetKind() == "Namespace":
		if !kube.Owned(there) {
			unmark(t) // it is used and stays somebody else's, so that `down` leaves it
		}
	case s.Adopt:
	case !kube.Owned(there):
		return &ForeignError{Object: kube.RefOf(there), ManagedBy: there.GetLabels()[kube.LabelManagedBy]}
	case s.Yields != nil && dir != "" && dir != s.Dir:
		if err := s.Yields(dir); err != nil {
			return fmt.Errorf("replace %s in namespace %q: %w", kube.RefOf(there), there.GetNamespace(), err)
		}
	}
	return nil
}

// deploy applies and recreates the targets: first what others need, in the order of [prerequisites],
// then all that makes Pods, together.
func (d *Deployer) deploy(ctx context.Context, targets []targetObject, s Spec) ([]kube.Pod, error) {
	for _, t := range prerequisites(targets) {
		made, err := d.apply(ctx, t)
		if err != nil {
			return nil, err
		}
		if isDefinition(made) {
			if err := d.established(ctx, t); err != nil {
				return nil, err
			}
		}
	}
	pods := make([][]kube.Pod, len(targets))
	group, ctx := errgroup.WithContext(ctx)
	for i, t := range targets {
		if manifest.MakesPods(t.Unstructured) {
			group.Go(func() (err error) {
				if err = d.clear(ctx, t, s.Serving); err == nil {
					pods[i], err = d.run(ctx, t, s.Spent)
				}
				for j := range pods[i] {
					pods[i][j].Generated = s.Manifest.Generated()
				}
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []kube.Pod
	for _, p := range pods {
		all = append(all, p...)
	}
	return all, nil
}

// run brings one object that makes Pods to the cluster and returns its Pods.
func (d *Deployer) run(ctx context.Context, t targetObject, spent []kube.Pod) ([]kube.Pod, error) {
	bring := d.apply
	switch {
	case t.foreign && t.GetKind() == "Pod":
		bring = d.keep
	case t.recreated():
		bring = d.recreate
	}
	made, err := bring(ctx, t)
	if err != nil {
		return nil, err
	}
	pods, err := d.podsOf(ctx, made)
	for old := t.outdated(pods, spent); err == nil && len(old) > 0; old = t.outdated(pods, nil) {
		if err = d.removePods(ctx, old, graceSeconds); err == nil {
			pods, err = d.podsOf(ctx, made)
		}
	}
	for i := range pods {
		pods[i].Of, pods[i].Index = t.of, i
	}
	return pods, err
}

// outdated returns those of a controller's Pods that it would keep although they hold more than their
// image, are spent, or were made from an older template. It makes others in their place.
func (t targetObject) outdated(pods, spent []kube.Pod) (old []kube.Pod) {
	for _, p := range pods {
		isSpent := slices.ContainsFunc(spent, func(s kube.Pod) bool { return s.UID == p.UID })
		signed := signature(t.Unstructured)
		if p.Changes != "" || isSpent && !t.foreign || signed != "" && p.Applied != signed {
			old = append(old, p)
		}
	}
	return old
}

// apply writes the fields that the manifest names, and leaves those of others. It
// takes over fields that another manager wrote: whoever deploys with devloop wants
// the manifest's value, and foreign objects have been refused before.
func (d *Deployer) apply(ctx context.Context, t targetObject) (*unstructured.Unstructured, error) {
	var made *unstructured.Unstructured
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() (err error) { // somebody else writes it at the same moment
		made, err = t.resource.Apply(ctx, t.GetName(), t.Unstructured, metav1.ApplyOptions{FieldManager: kube.FieldManager, Force: true})
		return err
	})
	if err != nil {
		return nil, d.WrapError(ctx, "apply", t.object(), err)
	}
	return made, nil
}

// makeNamespaces makes the namespaces that the targets need and the cluster lacks.
func (d *Deployer) makeNamespaces(ctx context.Context, targets []targetObject, s Spec) error {
	done := map[string]bool{"": true, metav1.NamespaceDefault: true}
	for _, t := range targets {
		if t.GetKind() == "Namespace" {
			done[t.GetName()] = true // the manifest makes it itself
		}
	}
	for _, t := range targets {
		if done[t.GetNamespace()] {
			continue
		}
		done[t.GetNamespace()] = true
		if err := d.makeNamespace(ctx, t.GetNamespace(), s); err != nil {
			return err
		}
	}
	return nil
}
