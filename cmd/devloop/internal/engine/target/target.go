// Package target is what a session deploys, as the user describes it: the project, its manifests,
// and how its Pods may be changed.
//
//	t := target.Target{Name: "shop", Dir: dir}
//	m, unread, err := t.Manifest(ctx, 0) // the user's, or one Pod that devloop generates
//	saved := t.Saved(batch, before, m)   // what a save means for the choice of a path
//
// A Target does not change during a session, except that it learns [Target.Values]. Its other methods read files, and
// no cluster.
package target

import (
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/devloop-cli/devloop/builder/settings"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/debugport"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/ports"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/filekind"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/paths"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/watch"
)

// Target is what a session deploys.
type Target struct {
	// Name is the project's name, Dir its directory. Image is the project's image in manifests, as
	// the user names it, "" if devloop has to recognise it: see [manifest.Manifest.ProjectImages].
	Name, Dir, Image string
	// Env are variables for the application, NAME=VALUE. They replace those of its manifest.
	Env []string
	// Values are what ConfigMaps and Secrets hold that the manifest names, and that only the cluster has. ReadValues
	// reads those that a manifest does not have, and says why it can't read one. It may be nil, else Values is not.
	Values     manifest.Values
	ReadValues func(ctx context.Context, m manifest.Manifest) (manifest.Values, map[kube.Ref]error)
	// Namespace is for objects that name none.
	Namespace string
	// Manifests are the files and directories that the user names. Without any, devloop looks for
	// manifests in Dir, and if it finds none, it generates a Pod.
	Manifests []string
	// Part reads the manifest instead, if it is not nil: one of several services has only some of the objects in Dir.
	Part func() (manifest.Manifest, error)
	// Bases are directories outside of Dir that the manifests' kustomizations read.
	Bases []string
	// Server is where the application listens according to its sources.
	settings.Server
	// Adopt allows devloop to replace objects of the same name that others made.
	Adopt bool
	// MayReplace is asked before devloop replaces an object that it made for another directory; an
	// error refuses it. May be nil, which allows it.
	MayReplace func(dir string) error
	// Keep are parts of the development patch to leave out, see render.Patches.
	Keep []string
	// Ports are the local ports that the user asked for, by container port.
	// Key 0 holds the local port for the first container port.
	Ports map[int]int
	// Follow shows the applications' logs until the session ends.
	Follow bool
	// KeepServing has Pods serve until their successors do, where the manifest allows it.
	KeepServing bool
	// Path limits the paths that a save may take.
	Path plan.Mode
	// NotPatchable says in a clause why each save needs a new Pod, "" if that depends on the image.
	NotPatchable string
	// JVMOptions are variables with options for every JVM, from the manifest or the user.
	JVMOptions []string
	// ReadOnlyRoot says that the application may not write to its root file system.
	ReadOnlyRoot bool
	// GivesArguments says that the manifest has args for the application's container.
	GivesArguments bool
	// NotChangeable says that no image may be changed while it runs, see [manifest.Manifest.NotPatchable].
	NotChangeable bool
	// Unsuitable says in a clause why the session's images do not suit another manifest, "" if they do. May be nil.
	Unsuitable func(manifest.Manifest) string
	// Debug says how a debugger reaches the JVMs.
	Debug debugport.Options
	// ReadyTimeout limits the wait until the Pods are ready; 0 means no limit.
	ReadyTimeout time.Duration
}

// LimitReady returns a context that ends after ReadyTimeout.
func (t Target) LimitReady(ctx context.Context) (context.Context, context.CancelFunc) {
	if t.ReadyTimeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, t.ReadyTimeout)
}

// Saved says what a batch means for the path. A manifest, as it was before the batch or is now, is not part of the
// image. Any other file may be, if only through the Dockerfile; if it is not, the build soon finds that out.
func (t Target) Saved(changed watch.Batch, before, now manifest.Manifest) plan.Saved {
	saved := plan.Saved{All: changed.All, Manifest: changed.All || filekind.Any(changed.Paths, filekind.Manifest),
		Sources: changed.Unnamed}
	dir := paths.Real(t.Dir) // the watcher's paths are relative to that
	for _, path := range changed.Paths {
		file, kind := filepath.Join(dir, filepath.FromSlash(path)), filekind.Of(path)
		read := (kind == filekind.Manifest || kind == filekind.Other) && (before.DependsOn(file) || now.DependsOn(file))
		saved.Manifest, saved.Sources = saved.Manifest || read, saved.Sources || !read
	}
	return saved
}

// Images returns the names that a manifest has for the project's image.
func (t Target) Images(m manifest.Manifest) []string {
	if m.Generated() {
		return []string{t.Name}
	}
	found, _ := t.projectImages(m)
	return append([]string{cmp.Or(t.Image, t.Name)}, found...)
}

// GuessedImage returns the manifest's image that devloop takes for the project's although it has
// another name, and reports whether there is one.
func (t Target) GuessedImage(m manifest.Manifest) (string, bool) {
	if m.Generated() {
		return "", false
	}
	images, guessed := t.projectImages(m)
	if !guessed {
		return "", false
	}
	return images[0], true
}

func (t Target) projectImages(m manifest.Manifest) (images []string, guessed bool) {
	return m.ProjectImages(t.Image, t.Name, filepath.Base(t.Dir))
}

// Declared returns the endpoints that a manifest names, those of the application first: --port
// without a container port is for the first one.
func (t Target) Declared(m manifest.Manifest) []kube.Endpoint {
	return m.Endpoints(t.Namespace, t.Images(m)...)
}

// Endpoints returns what Pods offer, in the manifest's order, and the ports that only the user
// names. Those are the application's.
func (t Target) Endpoints(m manifest.Manifest, offered []kube.Endpoint) []kube.Endpoint {
	declared := t.Declared(m)
	place := func(e kube.Endpoint) int {
		if i := slices.Index(declared, e); i >= 0 {
			return i
		}
		return len(declared)
	}
	offered = slices.SortedStableFunc(slices.Values(offered),
		func(a, b kube.Endpoint) int { return place(a) - place(b) })
	return ports.Requested(t.Ports).Endpoints(offered, m.Workload(t.Namespace, t.Images(m)...))
}

// Own returns the manifest that devloop deploys: m, or a generated Pod with a port if m has
// no objects, with the variables that the user gives, and what the cluster has of its environment.
func (t Target) Own(m manifest.Manifest, port int) manifest.Manifest {
	if m.Generated() {
		m = manifest.Generate(t.Name, port)
	}
	return m.WithEnv(t.Env, t.Images(m)...).WithValues(t.Values)
}

// Manifest reads the manifest that the user wrote, or generates one whose Pod has this port. It
// refuses a manifest that needs another kind of image than those of this session. Unread are ConfigMaps and Secrets
// of the cluster that it names and that can't be read now, with the reason: the next call tries again.
func (t Target) Manifest(ctx context.Context, port int) (m manifest.Manifest, unread map[kube.Ref]error, err error) {
	if m, err = t.load(); err != nil {
		return manifest.Manifest{}, nil, err
	}
	m = t.Own(m, port)
	if t.ReadValues != nil {
		var found manifest.Values
		found, unread = t.ReadValues(ctx, m)
		maps.Copy(t.Values, found) // which m has, too
	}
	if ctx.Err() != nil {
		return m, nil, context.Cause(ctx)
	}
	return m, unread, t.check(m)
}

func (t Target) load() (manifest.Manifest, error) {
	if t.Part != nil {
		return t.Part()
	}
	files, err := t.Manifests, error(nil)
	if len(files) == 0 {
		files, err = manifest.Find(t.Dir)
	}
	if err != nil {
		return manifest.Manifest{}, err
	}
	return manifest.Load(files...)
}

// check returns an error with the code "manifest.incompatible" if the session's images do not suit a manifest.
func (t Target) check(m manifest.Manifest) error {
	if t.Unsuitable == nil {
		return nil
	}
	if why := t.Unsuitable(m); why != "" {
		return &fault.Error{Code: "manifest.incompatible", Op: why + ": this session's images are not made for that",
			Hints: []string{"quit devloop run and start it again: it then makes other images"}}
	}
	return nil
}
