// Package report puts what compiler, imager and loader report into events.
//
//	s.Loads = []event.ImageLoad{report.Load(img.Ref, loaded)}
package report

import (
	"cmp"
	"errors"
	"path/filepath"
	"strings"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
)

// Output names what a compilation made, as seen from the project's directory dir. What lies elsewhere has a name only
// if the build is the only one that compiles.
func Output(dir string, app springboot.App) string {
	what := app.Jar
	if what == "" && len(app.Classes) > 0 { // nothing had to be packed
		what = app.Classes[0]
	}
	if rel, err := filepath.Rel(dir, what); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	if app.CompiledBy != "" {
		return ""
	}
	return what
}

// Pods returns the names of Pods.
func Pods(pods []kube.Pod) []string {
	return lists.Map(pods, func(p kube.Pod) string { return p.Name })
}

// Objects names objects, as in pod/web, service/web.
func Objects(refs []kube.Ref) []string {
	return lists.Map(refs, func(o kube.Ref) string { return strings.ToLower(o.Kind) + "/" + o.Name })
}

// Unread says which objects of the cluster could not be read, and why: in the same words each time, however a
// connection broke.
func Unread(failed map[kube.Ref]error) (notices []event.Notice) {
	for ref, err := range failed {
		why := "the cluster does not answer"
		if answer, is := errors.AsType[*kube.APIError](err); is {
			why = answer.Err.Error()
		}
		notices = append(notices, event.Notice{Code: event.NoticeUnread, Objects: Objects([]kube.Ref{ref}), Why: why})
	}
	return notices
}

// Load sums up what the nodes got of an image.
func Load(ref string, r loader.Report) event.ImageLoad {
	sum := event.ImageLoad{Image: ref, Nodes: []string{}, Sent: r.Sent}
	for _, n := range r.Nodes {
		sum.Nodes = append(sum.Nodes, n.Name)
		sum.Skipped += n.Skipped
	}
	return sum
}

// Archive describes an archive of classes.
func Archive(a cds.Archive) event.ClassArchive {
	return event.ClassArchive{Used: a.Used, Size: a.Size, Java: a.Java, Why: a.Why}
}

// Explained describes what an image consists of, and why.
func Explained(x image.Report) event.ImageExplained {
	e := event.ImageExplained{Dockerfile: x.Dockerfile, Base: x.Base, BaseWhy: x.BaseWhy, ClassPath: x.ClassPath,
		MainClass: x.MainClass, Supervised: x.Supervised, Swappable: x.Swappable,
		Spare: x.Supervised && x.NoSpareReason == "", NoSpareReason: x.NoSpareReason,
		Archive: Archive(x.Archive)}
	for _, l := range x.Layers {
		e.Layers = append(e.Layers, event.ImageLayer{Name: l.Name, Size: l.Size, New: l.New})
	}
	for _, o := range x.Options {
		e.Options = append(e.Options, event.JVMOption{Optimization: o.Optimization, Text: o.Text, Why: o.Why})
	}
	return e
}

// NotPatchable says why Pods of an image cannot be changed while they run, "" if they can. always is why no Pods of the
// session can, and noDebugger whether their JVMs do not start with a debug port.
func NotPatchable(x image.Report, always string, noDebugger bool) string {
	switch {
	case x.Supervised:
		return ""
	case x.Swappable && noDebugger:
		return "its JVM does not start with a debug port"
	case x.Swappable:
		return ""
	case always != "":
		return always
	case x.NoSupervisorReason == "" && x.Dockerfile != "":
		return x.Dockerfile + " makes its image"
	}
	return cmp.Or(x.NoSupervisorReason, "its image has no supervisor")
}

// Differences says how the objects in the cluster differ from the files. env are the variables of the application.
func Differences(spec deploy.Spec, env []string) []string {
	changes := spec.Changes()
	for _, v := range env {
		name, _, _ := strings.Cut(v, "=") // its value may be a secret
		changes = append(changes, "the application's variable "+name+", by --env")
	}
	return changes
}
