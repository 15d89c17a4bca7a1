package main

import (
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
)

// module is the path that every package of this module begins with.
const module = "github.com/devloop-cli/devloop/"

// rules say what a package must not reach, directly or through others, and why.
var rules = []struct {
	pkg       string
	forbidden []string
	reason    string
}{
	{"internal/fault", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"every domain uses it, so it imports the standard library only"},
	{"internal/atomicfile", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"every domain uses it, so it imports the standard library only"},
	{"internal/proc", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"every domain uses it, so it imports the standard library only"},
	{"internal/paths", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"every domain uses it, so it imports the standard library only"},
	{"internal/pause", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"every domain uses it, so it imports the standard library only"},
	{"internal/transfer", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"every domain uses it, so it imports the standard library only"},
	{"internal/debugoption", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"every domain uses it, so it imports the standard library only"},
	{"internal/imagetar", []string{"github.com/docker/docker", "k8s.io/", "sigs.k8s.io/", module},
		"an archive is bytes: no engine, no node"},
	{"internal/dockerapi", []string{"k8s.io/", "sigs.k8s.io/", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd"},
		"a leaf imports no domain"},
	{"watch", []string{"github.com/docker/", "k8s.io/", "sigs.k8s.io/", module + "builder", module + "loader", module + "runner", module + "cmd"},
		"a watcher needs files and nothing else"},
	{"builder", []string{"k8s.io/client-go", "sigs.k8s.io/kind", module + "watch", module + "loader", module + "runner", module + "cmd"},
		"an image is built without a cluster"},
	{"builder/layercache", []string{"github.com/docker/docker", "k8s.io/client-go", module + "builder/springboot", module + "builder/image", module + "cmd"},
		"a layer on disk is bytes with a digest"},
	{"builder/ociimage", []string{"k8s.io/client-go", module + "builder/springboot", module + "builder/image", module + "cmd"},
		"an image is layers and a configuration, whatever it contains"},
	{"builder/cds", []string{"k8s.io/client-go", "github.com/moby/buildkit/session", module + "builder/dockerbuild", module + "builder/image", module + "cmd"},
		"an archive needs layers and a container, however the image was made"},
	{"builder/dockerbuild", []string{"k8s.io/client-go", module + "builder/springboot", module + "builder/ociimage", module + "builder/image", module + "cmd"},
		"an engine builds a Dockerfile, whatever it contains"},
	{"builder/tempcontainer", []string{"k8s.io/client-go", module + "builder/image", module + "cmd"},
		"a container is made and removed, whatever it is for"},
	{"builder/repository", []string{"k8s.io/client-go", "github.com/moby/buildkit/session", module + "builder/springboot", module + "builder/dockerbuild", module + "builder/image", module + "cmd"},
		"an image goes to the engine, whatever it contains"},
	{"builder/image", []string{"k8s.io/client-go", module + "builder/javac", module + "builder/incremental", module + "builder/classfile", module + "cmd"},
		"an image is made of what a build left, whichever tool that was"},
	{"builder/layertar", []string{"github.com/docker/docker", "github.com/google/", "k8s.io/client-go", module + "builder/layercache", module + "builder/image", module + "cmd"},
		"a layer is files in a fixed form, whatever it becomes part of"},
	{"builder/supervisor", []string{"github.com/docker/docker", "github.com/google/", "k8s.io/client-go", module + "builder/layercache", module + "builder/image", module + "cmd"},
		"the supervisor is files and a command"},
	{"builder/launcher", []string{"github.com/docker/docker", "github.com/google/", "k8s.io/client-go", module + "builder/layercache", module + "builder/image", module + "cmd"},
		"the launcher is a jar and a command"},
	{"builder/spare", []string{"github.com/docker/docker", "github.com/google/", "k8s.io/client-go", module + "builder/layercache", module + "builder/image", module + "cmd"},
		"the spare is a jar"},
	{"builder/jvm", []string{"golang.org/", "github.com/"},
		"options are words"},
	{"builder/optimization", []string{"golang.org/", "github.com/"},
		"options are words"},
	{"builder/springboot", []string{"github.com/docker/docker", "github.com/google/", "k8s.io/client-go", module + "builder/image", module + "cmd"},
		"an application is files: nothing builds or runs it here"},
	{"builder/classpath", []string{"github.com/docker/docker", "github.com/google/", "k8s.io/client-go", module + "builder/cds", module + "builder/image", module + "cmd"},
		"what hides what follows from the names of files"},
	{"builder/unpackedjar", []string{"github.com/docker/docker", "k8s.io/client-go", module + "builder/image", module + "cmd"},
		"what was unpacked of a jar is files"},
	{"builder/settings", []string{"github.com/docker/", "github.com/google/", "k8s.io/", module + "builder/springboot", module + "cmd"},
		"settings are text, wherever the files are"},
	{"builder/dockerfile", []string{"github.com/docker/docker", "k8s.io/client-go", module + "builder/springboot", module + "builder/image", module + "cmd"},
		"a Dockerfile and its context are files: no engine, no project"},
	{"builder/jdk", []string{"github.com/docker/", "k8s.io/", module + "builder/buildtool", module + "cmd"},
		"JDKs are directories"},
	{"builder/diagnostics", []string{"github.com/docker/", "k8s.io/", module + "builder/buildtool", module + "builder/springboot", module + "cmd"},
		"what a tool prints is text"},
	{"builder/buildtool", []string{"github.com/docker/", "k8s.io/", module + "builder/gradle", module + "builder/maven", module + "builder/project", module + "cmd"},
		"what the tools have in common knows none of them"},
	{"builder/gradle", []string{"github.com/docker/", "k8s.io/", module + "builder/maven", module + "builder/project", module + "builder/image", module + "cmd"},
		"a tool knows neither the other one nor the project"},
	{"builder/maven", []string{"github.com/docker/docker", "k8s.io/client-go", module + "builder/gradle", module + "builder/project", module + "builder/image", module + "cmd"},
		"a tool knows neither the other one nor the project"},
	{"builder/project", []string{"github.com/docker/docker", "k8s.io/client-go", module + "builder/compiler", module + "builder/incremental", module + "builder/image", module + "cmd"},
		"a project is built without an engine, and without the incremental compiler"},
	{"builder/javac", []string{"github.com/docker/", "k8s.io/", module + "builder", module + "cmd"},
		"the compiler process knows sources and options, not who builds"},
	{"builder/incremental", []string{"github.com/docker/", "k8s.io/", module + "builder/buildtool", module + "builder/project", module + "cmd"},
		"what a save changes is a function of sources and classes, whoever builds"},
	{"builder/compiler/buildmodel", []string{"github.com/docker/docker", "k8s.io/", module + "builder/image", module + "builder/project", module + "cmd"},
		"how a module is compiled follows from what the build says of it"},
	{"builder/compiler", []string{"github.com/docker/docker", "k8s.io/client-go", module + "builder/image", module + "cmd"},
		"compiling ends where images begin"},
	{"builder/classfile", []string{"golang.org/", "github.com/"},
		"a class file is bytes"},
	{"loader", []string{"k8s.io/client-go", "sigs.k8s.io/kind", module + "watch", module + "builder", module + "runner", module + "cmd", module + "loader/kindcluster"},
		"nodes are containers: the engine reaches them, not the API server"},
	{"loader/containerd", []string{"k8s.io/", "sigs.k8s.io/", module + "loader/dockerd", module + "loader/minikube", module + "loader/kindcluster"},
		"a loader knows neither the products nor the other loaders"},
	{"loader/dockerd", []string{"k8s.io/", "sigs.k8s.io/", module + "loader/containerd", module + "loader/minikube", module + "loader/kindcluster"},
		"a loader knows neither the products nor the other loaders"},
	{"loader/kindcluster", []string{"k8s.io/client-go", module + "watch", module + "builder", module + "runner", module + "cmd", module + "loader/containerd", module + "loader/dockerd", module + "loader/minikube"},
		"the cluster is made without loading an image"},
	{"runner", []string{"github.com/docker/docker", "sigs.k8s.io/kind", module + "watch", module + "builder", module + "loader", module + "cmd"},
		"Pods are reached through the API server, not through an engine"},
	{"runner/localport", []string{"k8s.io/client-go"},
		"a local port needs a dialer, and no cluster"},
	{"runner/render", []string{"k8s.io/client-go/rest", "k8s.io/client-go/dynamic", module + "runner/cluster"},
		"what goes to the cluster is a function of the manifest"},
	{"runner/podstatus", []string{"k8s.io/client-go"},
		"a diagnosis is a function of what the cluster has said"},
	{"cmd/devloop/internal/event", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"anything may import the vocabulary, so it imports the standard library only"},
	{"cmd/devloop/internal/filekind", []string{"github.com/docker/", "k8s.io/", "sigs.k8s.io/", module + "watch", module + "builder", module + "loader", module + "cmd"},
		"what a file is follows from its path"},
	{"cmd/devloop/internal/staticfile", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"a path is a word"},
	{"cmd/devloop/internal/lines", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"a line is bytes"},
	{"cmd/devloop/internal/failure", []string{"github.com/docker/", "k8s.io/", "sigs.k8s.io/", "golang.org/", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine"},
		"every error has the same shape"},
	{"cmd/devloop/internal/ui", []string{"github.com/docker/", "k8s.io/", "sigs.k8s.io/", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine"},
		"a display is a function of the events and of nothing else"},
	{"cmd/devloop/internal/tally", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"words for numbers"},
	{"cmd/devloop/internal/wording", []string{"k8s.io/", "github.com/urfave/", "github.com/docker/", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine", module + "cmd/devloop/internal/cli", module + "cmd/devloop/internal/ui"},
		"words are a function of the events, whoever shows them"},
	{"cmd/devloop/internal/livereload", []string{"github.com/docker/", "k8s.io/", "sigs.k8s.io/", "github.com/urfave/cli", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine"},
		"what browsers are told is a function of the events"},
	{"cmd/devloop/internal/setup", []string{"k8s.io/", module + "watch", module + "cmd/devloop/internal/engine"},
		"checks are values; what they mend lives with the libraries"},
	{"cmd/devloop/internal/config", []string{"github.com/urfave/cli", "sigs.k8s.io/kind", module + "watch", module + "loader", module + "cmd/devloop/internal/cli", module + "cmd/devloop/internal/engine"},
		"settings are values; flags are the app's"},
	{"cmd/devloop/internal/podview", []string{"github.com/docker/docker", "github.com/urfave/cli", module + "builder", module + "loader", module + "cmd/devloop/internal/cli", module + "cmd/devloop/internal/engine"},
		"the view of a Pod is a function of what the cluster said"},
	{"cmd/devloop/internal/topics", []string{"k8s.io/", "sigs.k8s.io/", "github.com/docker/", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine"},
		"texts need no cluster"},
	{"docs/labs", []string{"github.com/", "k8s.io/", "golang.org/"},
		"labs are texts"},
	{"cmd/devloop/internal/hyperlink", []string{"k8s.io/", "github.com/", module},
		"links follow from the text"},
	{"cmd/devloop/internal/cells", []string{"k8s.io/", "golang.org/", module},
		"a width follows from the text"},
	{"cmd/devloop/internal/learn", []string{"k8s.io/", "github.com/docker/", "github.com/urfave/cli", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine", module + "cmd/devloop/internal/cli"},
		"a guide knows Pods by name and status only"},
	{"internal/spelling", []string{"k8s.io/", "sigs.k8s.io/", "github.com/docker/", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd"},
		"a leaf that any package may use"},
	{"cmd/devloop/internal/browser", []string{"k8s.io/", "sigs.k8s.io/", "github.com/docker/", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine"},
		"a browser is a program, whatever it shows"},
	{"cmd/devloop/internal/keyboard", []string{"github.com/", "k8s.io/", "sigs.k8s.io/"},
		"keys are keys, whatever they do"},
	{"cmd/devloop/internal/engine/ports", []string{"github.com/urfave/cli", "sigs.k8s.io/kind", module + "watch", module + "builder", module + "loader", module + "cmd/devloop/internal/ui", module + "cmd/devloop/internal/jdwp", module + "cmd/devloop/internal/engine/plan", module + "cmd/devloop/internal/engine/state"},
		"whether localhost answers does not depend on what was built"},
	{"cmd/devloop/internal/engine/report", []string{"github.com/urfave/cli", module + "watch", module + "cmd/devloop/internal/engine/", module + "cmd/devloop/internal/ui"},
		"notes are made of values"},
	{"cmd/devloop/internal/engine/publish", []string{"github.com/docker/", "k8s.io/", "sigs.k8s.io/", "golang.org/", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine/"},
		"events are published, whatever they say"},
	{"cmd/devloop/internal/engine/background", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"work is functions"},
	{"cmd/devloop/internal/engine/follow", []string{"github.com/urfave/cli", "sigs.k8s.io/kind", module + "watch", module + "builder", module + "loader", module + "cmd/devloop/internal/ui", module + "cmd/devloop/internal/jdwp", module + "cmd/devloop/internal/engine/state", module + "cmd/devloop/internal/engine/ports"},
		"what becomes of Pods is told, whatever it means"},
	{"cmd/devloop/internal/engine/queue", []string{"github.com/docker/", "k8s.io/", "sigs.k8s.io/", module + "builder", module + "loader", module + "runner/kube", module + "cmd/devloop/internal/engine/"},
		"what the next cycle has to do follows from the saves and from how cycles ended"},
	{"cmd/devloop/internal/engine/target", []string{"github.com/urfave/cli", "sigs.k8s.io/kind", module + "loader", module + "cmd/devloop/internal/ui", module + "cmd/devloop/internal/engine/state", module + "cmd/devloop/internal/engine/patch"},
		"what is deployed does not depend on what runs"},
	{"cmd/devloop/internal/engine/archive", []string{"github.com/urfave/cli", "sigs.k8s.io/kind", "k8s.io/client-go", module + "watch", module + "loader", module + "runner", module + "cmd/devloop/internal/engine/state"},
		"an archive needs an image, and no Pod"},
	{"cmd/devloop/internal/engine/patch", []string{"github.com/urfave/cli", "sigs.k8s.io/kind", module + "watch", module + "loader", module + "cmd/devloop/internal/ui", module + "cmd/devloop/internal/jdwp", module + "cmd/devloop/internal/engine/ports", module + "cmd/devloop/internal/engine/publish"},
		"a change is sent to Pods: nothing is published, and no port changes"},
	{"cmd/devloop/internal/engine/spares", []string{"github.com/urfave/cli", "sigs.k8s.io/kind", module + "watch", module + "loader", module + "cmd/devloop/internal/ui", module + "cmd/devloop/internal/jdwp", module + "cmd/devloop/internal/engine/ports"},
		"a spare JVM does not depend on where localhost forwards to"},
	{"cmd/devloop/internal/engine/prune", []string{"github.com/urfave/cli", "sigs.k8s.io/kind", module + "watch", module + "builder", module + "loader", module + "cmd/devloop/internal/ui", module + "cmd/devloop/internal/engine/state", module + "cmd/devloop/internal/engine/ports"},
		"what a manifest no longer has does not depend on what runs"},
	{"cmd/devloop/internal/engine/localhost", []string{"github.com/urfave/cli", "sigs.k8s.io/kind", module + "watch", module + "loader", module + "cmd/devloop/internal/ui", module + "cmd/devloop/internal/engine/patch", module + "cmd/devloop/internal/engine/queue"},
		"what clients see does not depend on what the next cycle does"},
	{"cmd/devloop/internal/engine/debugport", []string{"github.com/urfave/cli", "sigs.k8s.io/kind", module + "watch", module + "loader", module + "cmd/devloop/internal/ui"},
		"a debugger does not depend on cycles"},
	{"cmd/devloop/internal/engine/state", []string{"github.com/urfave/cli", "sigs.k8s.io/kind", module + "watch", module + "loader", module + "cmd/devloop/internal/ui", module + "cmd/devloop/internal/jdwp"},
		"a state is a value: it carries nothing out"},
	{"cmd/devloop/internal/engine/plan", []string{"golang.org/", "k8s.io/", "github.com/docker/", "github.com/fsnotify", module + "watch", module + "internal/paths", module + "loader", module + "runner", module + "cmd/devloop/internal/event"},
		"the choice of a path is a function of values: no engine, no cluster, no clock"},
	{"cmd/devloop/internal/jdwp", []string{"github.com/", "k8s.io/", "sigs.k8s.io/", "golang.org/"},
		"a JVM is a connection, whatever it runs in"},
	{"cmd/devloop/internal/cli/cmdline", []string{module + "watch", module + "loader", module + "cmd/devloop/internal/engine", module + "cmd/devloop/internal/cli/"},
		"a command line is read without a cluster, and before any command runs"},
	{"cmd/devloop/internal/cli/sessions", []string{"k8s.io/", "sigs.k8s.io/", "github.com/docker/", "github.com/urfave/cli", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine", module + "cmd/devloop/internal/cli/"},
		"records of processes are files"},
	{"cmd/devloop/internal/control", []string{"github.com/urfave/cli", "github.com/docker/", "k8s.io/", "sigs.k8s.io/", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine", module + "cmd/devloop/internal/cli"},
		"what a client may ask for is functions"},
	{"cmd/devloop/internal/services", []string{"github.com/urfave/cli", "github.com/docker/docker", "sigs.k8s.io/kind", module + "builder", module + "loader", module + "cmd/devloop/internal/engine", module + "cmd/devloop/internal/cli", module + "cmd/devloop/internal/ui"},
		"what services share is values"},
	{"cmd/devloop/internal/notify", []string{"github.com/urfave/", "github.com/docker/", "golang.org/", "k8s.io/", "sigs.k8s.io/", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine", module + "cmd/devloop/internal/cli"},
		"a notification is a function of the events"},
	{"cmd/devloop/internal/page", []string{"github.com/urfave/", "github.com/docker/", "golang.org/", "k8s.io/", "sigs.k8s.io/", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine", module + "cmd/devloop/internal/cli"},
		"the page is a function of the events"},
	{"cmd/devloop/internal/ledger", []string{"github.com/urfave/cli", "github.com/docker/", "k8s.io/", "sigs.k8s.io/", module + "watch", module + "builder", module + "loader", module + "runner", module + "cmd/devloop/internal/engine", module + "cmd/devloop/internal/cli"},
		"cycles are known by their events"},
	{"cmd/devloop/internal/cli/attach", []string{module + "watch", module + "cmd/devloop/internal/cli/project", module + "cmd/devloop/internal/cli/pods", module + "cmd/devloop/internal/cli/machine"},
		"a session is asked through its socket"},
	{"cmd/devloop/internal/cli/wiring", []string{module + "cmd/devloop/internal/cli/project", module + "cmd/devloop/internal/cli/pods", module + "cmd/devloop/internal/cli/machine"},
		"commands use the wiring"},
	{"cmd/devloop/internal/cli/pods", []string{module + "cmd/devloop/internal/cli/project", module + "cmd/devloop/internal/cli/machine"},
		"commands do not call each other"},
	{"cmd/devloop/internal/cli/project", []string{module + "cmd/devloop/internal/cli/pods", module + "cmd/devloop/internal/cli/machine", module + "cmd/devloop/internal/cli/settings"},
		"commands do not call each other"},
	{"cmd/devloop/internal/cli/settings", []string{module + "cmd/devloop/internal/cli/pods", module + "cmd/devloop/internal/cli/project", module + "cmd/devloop/internal/cli/machine"},
		"commands do not call each other"},
	{"cmd/devloop/internal/cli/machine", []string{module + "cmd/devloop/internal/cli/pods", module + "cmd/devloop/internal/cli/project"},
		"commands do not call each other"},
	{"cmd/devloop/internal/engine", []string{"github.com/urfave/cli", module + "cmd/devloop/internal/cli", module + "cmd/devloop/internal/ui"},
		"the engine knows neither flags nor displays"},
}

func TestDependenciesKeepTheArrows(t *testing.T) {
	t.Parallel()
	args := []string{"list", "-f", `{{.ImportPath}} {{join .Deps " "}}`}
	for _, rule := range rules {
		args = append(args, module+rule.pkg)
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	deps := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		deps[words[0]] = words[1:]
	}
	for _, rule := range rules {
		reached, listed := deps[module+rule.pkg]
		if !listed {
			t.Errorf("go list does not know %s", rule.pkg)
		}
		for _, dep := range reached {
			for _, f := range rule.forbidden {
				if strings.HasPrefix(dep, f) && !strings.HasPrefix(dep, module+rule.pkg) {
					t.Errorf("%s reaches %s: %s", rule.pkg, dep, rule.reason)
				}
			}
		}
	}
}

// arrows are all packages of this module that a package may import. A new arrow is a decision.
var arrows = map[string][]string{
	"runner/cluster":              {"internal/pause", "runner/kube"},
	"runner/kube":                 {"internal/debugoption", "internal/lists"},
	"runner/definition":           {"runner/kube"},
	"runner/deploy":               {"internal/lists", "internal/pause", "internal/spelling", "internal/yamlfile", "runner/cluster", "runner/definition", "runner/inspect", "runner/kube", "runner/manifest", "runner/render", "runner/workload"},
	"runner/workload":             {"internal/lists", "internal/pause", "runner/cluster", "runner/inspect", "runner/kube", "runner/manifest", "runner/podstatus", "runner/render"},
	"runner/render":               {"internal/yamlfile", "runner/kube", "runner/manifest"},
	"runner/supervisor":           {"internal/pause", "runner/cluster", "runner/explain", "runner/kube", "runner/podstatus", "runner/tunnel"},
	"runner/localport":            {"internal/pause", "runner/kube", "runner/localport/clientconn", "runner/localport/outage", "runner/tunnel"},
	"runner/localport/clientconn": {},
	"runner/localport/outage":     {"internal/lists"},
	"runner/explain":              {"internal/pause", "runner/cluster", "runner/kube", "runner/podexec", "runner/podstatus", "runner/tunnel", "runner/tunnel/portforward"},
	"runner/inspect":              {"internal/lists", "internal/spelling", "runner/cluster", "runner/explain", "runner/kube", "runner/podstatus", "runner/tunnel"},
	"runner/podexec":              {"internal/fault", "runner/cluster", "runner/kube"},
	"runner/podlogs":              {"internal/fault", "internal/pause", "runner/cluster", "runner/kube"},
	"runner/podstatus":            {"internal/lists", "internal/spelling", "runner/kube"},
	"runner/readiness":            {"internal/pause", "runner/cluster", "runner/explain", "runner/kube", "runner/podstatus", "runner/tunnel"},
	"runner/tunnel":               {"internal/pause", "runner/kube"},
	"runner/tunnel/portforward":   {"runner/kube", "runner/tunnel"},
	"runner/manifest":             {"internal/fault", "internal/lists", "internal/paths", "internal/yamlfile", "runner/kube", "runner/manifest/offline", "runner/manifest/places"},
	"runner/manifest/offline":     {"internal/lists", "internal/spelling", "internal/yamlfile"},
	"runner/manifest/places":      {},
	"internal/debugoption":        {},
	"internal/filesums":           {},
	"internal/lists":              {},
	"internal/paths":              {},
	"internal/pause":              {},
	"internal/yamlfile":           {},
}

func TestDependenciesAreListed(t *testing.T) {
	t.Parallel()
	args := []string{"list", "-f", `{{.ImportPath}} {{join .Imports " "}}`}
	for pkg := range arrows {
		args = append(args, module+pkg)
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		pkg := strings.TrimPrefix(words[0], module)
		for _, imported := range words[1:] {
			if to, own := strings.CutPrefix(imported, module); own && !slices.Contains(arrows[pkg], to) {
				t.Errorf("%s imports %s, which arrows does not list", pkg, to)
			}
		}
	}
}

// TestContributingNamesEveryPackage keeps the picture whole. Packages for tests, and those that are internal to one
// domain, are left to their comments.
func TestContributingNamesEveryPackage(t *testing.T) {
	t.Parallel()
	root := os.DirFS("../..")
	picture := must.Get(fs.ReadFile(root, "CONTRIBUTING.md"))(t)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		own := strings.HasPrefix(name, "cmd") || !strings.Contains(name, "/internal")
		switch {
		case err != nil || !d.IsDir():
			return err
		case name == "hack", name == "samples", name == "docs", name == ".git", d.Name() == "testdata",
			strings.HasSuffix(name, "test"), !own:
			return fs.SkipDir
		}
		sources, err := fs.Glob(root, name+"/*.go")
		if err == nil && len(sources) > 0 && !regexp.MustCompile(`\b`+d.Name()+`\b`).Match(picture) {
			t.Errorf("CONTRIBUTING.md does not name %s", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
