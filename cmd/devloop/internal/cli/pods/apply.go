package pods

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/engine/target"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/podview"
	"github.com/devloop-cli/devloop/internal/paths"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/podstatus"
)

// ApplyCommand is devloop apply.
func ApplyCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "apply",
		ArgsUsage: "-f FILE",
		Usage:     "deploy a manifest without a project, and wait until its Pods are ready",
		Description: `Checks the manifest, applies it to the cluster, waits until its Pods are ready, and
explains why if they are not. A Pod that is already there is replaced if devloop made it.
The nodes pull the manifest's images, unless --load brings those that Docker has on this
machine.`,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringSliceFlag{Name: "manifest", Aliases: []string{"f"},
				Usage: "the `FILE`, a directory or one with a kustomization; - is stdin; may be repeated"},
			&cli.BoolFlag{Name: "load",
				Usage: "load the images from this machine's Docker into the nodes, and use those"},
			&cli.StringFlag{Name: "name",
				Usage: "the `NAME` under which devloop down finds the objects (default: the directory's)"},
			&cli.BoolFlag{Name: "adopt", Usage: "replace objects of the same name even if devloop did not make them, or another devloop works on their project"},
			&cli.BoolFlag{Name: "explain", Usage: "show how the objects in the cluster differ from the manifest"},
		}, wiring.SettingFlags("timeout", "keep"), wiring.ClusterFlags(), wiring.DisplayFlags()),
		Action: wiring.Action(s, apply),
	}
}

func apply(c *cli.Context, d wiring.Display) error {
	files, m, err := manifests(c)
	if err != nil {
		return err
	}
	at, err := wiring.Step(d, event.ConnectStep, func() (wiring.Place, error) { return wiring.ReachCluster(c) })
	if err != nil {
		return err
	}
	defer func() { _ = at.Images.Close() }()
	dir, err := manifestDir(files[0])
	if err != nil {
		return err
	}
	name := cmp.Or(c.String("name"), filepath.Base(dir))
	d.Publish(0, event.SessionStarted{Version: wiring.Version(), Project: name, Dir: dir, Context: at.Pods.Context(),
		Cluster: at.Cluster, Namespace: at.Pods.Namespace()})
	cache, err := sessions.CacheDir()
	if err != nil {
		return err
	}
	imager := image.New(at.Docker, image.Options{CacheDir: cache})
	stored, err := storedImages(c, imager, m)
	if err != nil {
		return err
	}
	to := target.Target{Name: name, Dir: dir, Adopt: c.Bool("adopt"), MayReplace: wiring.Yields(d, at.Pods.Server()),
		ReadyTimeout: c.Duration("timeout"), Keep: c.StringSlice("keep")}
	config := engine.Config{Bus: d.Bus, Explain: c.Bool("explain"), Loader: at.Images, Deployer: at.Pods, Target: to}
	made, err := engine.New(config).Apply(c.Context, m, stored)
	if why, ok := errors.AsType[*podstatus.NotReadyError](err); ok && !c.Bool("load") {
		wiring.AdviseLoad(c.Context, imager, why, files[0])
	}
	if err != nil {
		return err
	}
	d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeReady,
		Text: fmt.Sprintf(plural(len(made), "%d Pod is ready", "%d Pods are ready"), len(made)), Hints: next(made)})
	return nil
}

// manifests loads the manifests that the command line names.
func manifests(c *cli.Context) (files []string, m manifest.Manifest, err error) {
	files = append(c.StringSlice("manifest"), c.Args().Slice()...)
	if len(files) == 0 {
		return nil, m, &cmdline.UsageError{Err: errors.New("no manifest: devloop apply -f FILE")}
	}
	m, err = manifest.Load(files...)
	return files, m, err
}

// manifestDir returns the directory that names what a manifest deploys: the file's, or the
// directory itself where it is one.
func manifestDir(file string) (string, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	if paths.IsDir(path) {
		return path, nil
	}
	return filepath.Dir(path), nil
}

// storedImages returns those of the manifest's images that --load brings to the nodes: those that the engine has.
func storedImages(c *cli.Context, imager *image.Imager, m manifest.Manifest) (stored []engine.Stored, err error) {
	if !c.Bool("load") {
		return nil, nil
	}
	for _, ref := range m.Images() {
		content, err := imager.Local(c.Context, ref)
		if err != nil {
			return nil, err
		}
		if content != nil {
			stored = append(stored, engine.Stored{Ref: ref, Content: content})
		}
	}
	return stored, nil
}

func plural(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}

// next is what one does with new Pods.
func next(pods []kube.Pod) []string {
	if len(pods) == 0 {
		return nil
	}
	hints := []string{"look at them: devloop status"}
	for _, p := range pods {
		if len(p.Ports) > 0 {
			return append(hints, "reach one from this machine: "+podview.ForwardCommand(p))
		}
	}
	return hints
}
