// Package wiring joins a command's flags with the real clients: engine, API server, project and display.
//
//	at, err := wiring.ReachCluster(c)    // the cluster that the flags name, refused if not local
//	d := wiring.NewDisplay(c, streams)   // events as text, or as JSON with --json
//	err = wiring.Confirm(ctx, streams, c.Bool("yes"), "start the engine?")
//
// Every command package imports it. It has no commands of its own but version.
package wiring

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder/optimization"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/plan"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/lines"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/runner/cluster"
)

// ProjectFlags say what is built.
func ProjectFlags() []cli.Flag {
	return append(SettingFlags("module", "build-tool", "manifest", "image-name", "env", "dockerfile", "build-arg",
		"target", "base-image", "run-as", "fast-start", "without"),
		&cli.BoolFlag{Name: "explain",
			Usage: "show what is in the image and why, and how the objects in the cluster differ from the manifest"})
}

// WithoutOptimizations returns what images don't use to start faster, nor for paths that no save may take.
func WithoutOptimizations(c *cli.Context) []string {
	if !c.Bool("fast-start") {
		return optimization.Names()
	}
	without := c.StringSlice("without")
	switch plan.Mode(c.String("path")) {
	case plan.ModePod:
		return append(without, optimization.Restart, optimization.Swap)
	case plan.ModeRestart:
		return append(without, optimization.Swap)
	}
	return without
}

// ClusterFlags say where it goes.
func ClusterFlags() []cli.Flag {
	return append(SettingFlags("kubeconfig", "context", "namespace"),
		&cli.StringFlag{Name: "allow-context", Usage: "use this `CONTEXT` even if its cluster is not on this machine's engine; its nodes must be able to pull the image"})
}

// InAllNamespaces returns the flags of a command that looks into all namespaces unless it gets one.
func InAllNamespaces(flags []cli.Flag) []cli.Flag {
	for _, f := range flags {
		if f, is := f.(*cli.StringFlag); is && f.Name == "namespace" {
			f.Usage = "only in this `NAMESPACE` (default: in all)"
		}
	}
	return flags
}

// Directory returns DIR, the command's only argument, as an absolute path.
func Directory(c *cli.Context) (string, error) {
	if c.NArg() > 1 {
		return "", &cmdline.UsageError{Err: fmt.Errorf("one DIR at most, got %s", cmdline.Got(c.Args().Slice())),
			Command: c.Command.Name}
	}
	dir, err := filepath.Abs(c.Args().First())
	if err != nil {
		return "", err
	}
	return dir, nil
}

// OpenProject finds out what stands in DIR, or in the module that the user names.
func OpenProject(c *cli.Context, d Display) (*project.Project, error) {
	return OpenModule(c, d, c.String("module"))
}

// Modules returns the modules that the user names: several are separated by commas, as Maven's -pl takes them.
func Modules(c *cli.Context) []string {
	return strings.FieldsFunc(c.String("module"), func(r rune) bool { return r == ',' })
}

// OpenModule finds out what is in a module of the build in DIR, "" for the whole. It shows what a wrapper downloads.
func OpenModule(c *cli.Context, d Display, module string) (*project.Project, error) {
	dir, err := Directory(c)
	if err != nil {
		return nil, err
	}
	cache, err := sessions.CacheDir()
	if err != nil {
		return nil, err
	}
	out, flush := lines.NewWriter(func(line string) {
		if strings.HasPrefix(line, "Downloading ") { // a trace of why it can't is in the tool's reason
			d.Publish(0, event.Progress{Line: line})
		}
	})
	defer flush()
	return Step(d, event.OpenStep, func() (*project.Project, error) {
		return project.Open(c.Context, dir, project.Options{Module: module, BuildTool: c.String("build-tool"),
			Dockerfile: c.String("dockerfile"), BuildArgs: c.StringSlice("build-arg"), Target: c.String("target"),
			CacheDir: cache, Env: c.StringSlice("env"), Out: out})
	})
}

// Connect reaches the API server that the flags and the kubeconfig name.
func Connect(c *cli.Context) (*runner.Runner, error) {
	return runner.Connect(cluster.Options{
		Kubeconfig: c.String("kubeconfig"), Context: c.String("context"), Namespace: c.String("namespace"),
	})
}

// targetCluster says which cluster the API server is, and what brings images to its nodes. A cluster that is not on
// this machine is refused, unless its context is allowed by name.
func targetCluster(c *cli.Context, docker *client.Client, r *runner.Runner) (string, loader.Loader, error) {
	cluster, err := loader.Detect(c.Context, docker, r.Context(), r.Server())
	switch {
	case err == nil:
		return clusterText(cluster), cluster.Loader, nil
	case c.String("allow-context") == r.Context():
		return "context " + r.Context(), pulled{}, nil
	default:
		return "", nil, err
	}
}

// clusterText names a cluster, and says how images come to it where that is not the usual way.
func clusterText(cluster loader.Cluster) string {
	text := fmt.Sprintf("%s cluster %s", cluster.Product, cluster.Name)
	if cluster.TransferNote != "" {
		text += ": " + cluster.TransferNote
	}
	return text
}

// pulled is the loader of a cluster whose nodes find images by themselves: they pull them, or share the engine's store.
type pulled struct{}

// Load implements [loader.Loader]; it loads nothing.
func (pulled) Load(context.Context, string, v1.Image) (loader.Report, error) {
	return loader.Report{}, nil
}

func (pulled) Close() error { return nil }

// Absolute returns paths as absolute ones.
func Absolute(paths []string) ([]string, error) {
	all := slices.Clone(paths)
	for i, path := range all {
		var err error
		if all[i], err = filepath.Abs(path); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// RelativeTo returns paths as seen from dir, with slashes. One that can't be stays as it is.
func RelativeTo(dir string, paths []string) []string {
	return lists.Map(paths, func(path string) string {
		if name, err := filepath.Rel(dir, path); err == nil {
			return filepath.ToSlash(name)
		}
		return path
	})
}
