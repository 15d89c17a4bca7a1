// Package report puts what compiler, imager and loader report into the notes and events that people read.
//
//	note := report.LoadNote(loaded) // "20 MB to kind-control-plane, which had the other 180 MB"
package report

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/transfer"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner/deploy"
	"github.com/devloop-cli/devloop/runner/kube"
)

// CompileNote says what was compiled, if it lies in the project's directory dir, and how.
func CompileNote(dir string, app springboot.App) string {
	what := app.Jar
	if what == "" && len(app.Classes) > 0 { // nothing had to be packed
		what = app.Classes[0]
	}
	if rel, err := filepath.Rel(dir, what); err == nil && filepath.IsLocal(rel) {
		what = rel
	} else if app.CompiledBy != "" {
		what = ""
	}
	return strings.TrimSpace(what + " " + app.CompiledBy)
}

// Pods names Pods.
func Pods(pods []kube.Pod) string {
	list := make([]string, len(pods))
	for i, p := range pods {
		list[i] = p.Name
	}
	return strings.Join(list, ", ")
}

// Objects names objects, as in pod/web, service/web.
func Objects(refs []kube.Ref) string {
	list := make([]string, len(refs))
	for i, o := range refs {
		list[i] = strings.ToLower(o.Kind) + "/" + o.Name
	}
	return strings.Join(list, ", ")
}

// LoadNote sums up a report in a line.
func LoadNote(r loader.Report) string {
	nodes := fmt.Sprintf("%d nodes", len(r.Nodes))
	var skipped int64
	for _, n := range r.Nodes {
		skipped += n.Skipped
	}
	if len(r.Nodes) == 1 {
		nodes = r.Nodes[0].Name
	}
	switch {
	case len(r.Nodes) == 0:
		return "the nodes find the image by themselves"
	case r.Sent == 0:
		return nodes + " had it already"
	case skipped == 0:
		return fmt.Sprintf("%s to %s", transfer.Size(r.Sent), nodes)
	}
	return fmt.Sprintf("%s to %s, which had the other %s", transfer.Size(r.Sent), nodes, transfer.Size(skipped))
}

// Archive describes an archive of classes.
func Archive(a cds.Archive) event.ClassArchive {
	return event.ClassArchive{Used: a.Used, Size: a.Size, Java: a.Java, Why: a.Why}
}

// Explained describes what an image consists of, and why.
func Explained(x image.Report) event.ImageExplained {
	e := event.ImageExplained{Dockerfile: x.Dockerfile, Base: x.Base, BaseWhy: x.BaseWhy, ClassPath: x.ClassPath, MainClass: x.MainClass, Supervised: x.Supervised, Swappable: x.Swappable,
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
