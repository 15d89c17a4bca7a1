package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/loop"
	"github.com/devloop-cli/devloop/runner"
)

func deployCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:      "deploy",
		Usage:     "build a project once and bring it to the cluster",
		ArgsUsage: "[DIR]",
		Description: `Compiles the project in DIR (default: the current directory) with its own Gradle or
Maven, builds its image, loads it into the cluster's nodes, replaces the Pod, waits
until it answers, and asks it once through localhost.`,
		Flags: append(cycleFlags(),
			&cli.BoolFlag{Name: "forward", Usage: "stay, and keep localhost leading to the Pod, until Ctrl+C"}),
		Action: func(c *cli.Context) error { return deploy(c, newDisplay(c, s)) },
	}
}

// cycleFlags are the flags of the commands that build and deploy.
func cycleFlags() []cli.Flag {
	return slices.Concat([]cli.Flag{
		&cli.StringSliceFlag{Name: "port", Aliases: []string{"p"}, Usage: "the local `PORT`, or LOCAL:CONTAINER; may be repeated (default: the container's number, or the next that is free)"},
		&cli.DurationFlag{Name: "timeout", Value: 2 * time.Minute, Usage: "how long the Pod may take to be ready; 0 waits for ever"},
		&cli.BoolFlag{Name: "adopt", Usage: "replace a Pod of the manifest's name although devloop did not make it"},
	}, patchFlags(), projectFlags(), clusterFlags(), displayFlags())
}

// patchFlags are about what devloop changes on the copies that go to the cluster.
func patchFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "explain", Usage: "show in what the objects in the cluster differ from the manifest"},
		&cli.StringSliceFlag{Name: "keep", Usage: "leave a `PART` as the manifest has it: grace (2 s to end), probes (asked each second); may be repeated"},
	}
}

// kept reads --keep.
func kept(c *cli.Context) ([]string, error) {
	for _, part := range c.StringSlice("keep") {
		if !slices.Contains(runner.Patches, part) {
			return nil, &UsageError{fmt.Errorf("--keep %q: want one of %s", part, strings.Join(runner.Patches, ", "))}
		}
	}
	return c.StringSlice("keep"), nil
}

func deploy(c *cli.Context, d display) error {
	return session(d, func() (error, bool) { return deployOnce(c, d) })
}

// session runs do and publishes how it ended; do's second value says whether an
// event, a cycle's end or a check, has told of the error already.
func session(d display, do func() (err error, told bool)) error {
	began := time.Now()
	err, told := do()
	end := event.SessionFinished{Outcome: event.OK, Took: event.Duration(time.Since(began))}
	if err != nil {
		end.Outcome = event.Failed
		if errors.Is(err, context.Canceled) {
			end.Outcome = event.Cancelled
		}
		if !told {
			end.Failure = loop.FailureOf(err)
		}
	}
	d.Publish(0, end)
	return d.told(err)
}

// deployOnce runs the one cycle; inCycle says whether the cycle has told of err.
func deployOnce(c *cli.Context, d display) (err error, inCycle bool) {
	l, err := newLoop(c, d)
	if err != nil {
		return err, false
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := l.Deploy(c.Context); err != nil {
		return err, true
	}
	if c.Bool("forward") {
		d.Publish(0, event.Notice{Level: event.Info, Text: "localhost leads to the Pod until Ctrl+C: " + strings.Join(l.URLs(), " ")})
		<-c.Context.Done()
	}
	return nil, false
}

// newLoop joins the real clients, and publishes what was found out on the way.
func newLoop(c *cli.Context, d display) (*loop.Loop, error) {
	ports, err := localPorts(c.StringSlice("port"))
	if err != nil {
		return nil, err
	}
	keep, err := kept(c)
	if err != nil {
		return nil, err
	}
	project, err := open(c, d)
	if err != nil {
		return nil, err
	}
	files, err := manifests(c, project.Dir)
	if err != nil {
		return nil, err
	}
	if len(files) > 0 {
		if _, err := runner.ReadManifests(files...); err != nil {
			return nil, err
		}
	}
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	docker, err := engine(c.Context)
	if err != nil {
		return nil, err
	}
	pods, err := connect(c)
	if err != nil {
		return nil, err
	}
	cluster, images, err := target(c, docker, pods)
	if err != nil {
		return nil, err
	}
	d.Publish(0, event.SessionStarted{
		Version: Version(), Project: project.Name, Dir: project.Dir,
		Tool: strings.Join(project.Tool.Command, " "), Why: project.Tool.Why,
		Context: pods.Context(), Cluster: cluster, Namespace: pods.Namespace(),
	})
	return &loop.Loop{
		Bus: d.Bus,
		Target: loop.Target{
			Name: project.Name, Dir: project.Dir, Manifests: files, Ports: ports,
			Adopt: c.Bool("adopt"), ReadyTimeout: c.Duration("timeout"),
			Keep: keep, Explain: c.Bool("explain"),
		},
		Compiler: project,
		Imager:   builder.NewImager(docker, builder.ImagerOptions{CacheDir: cache, Base: c.String("base-image")}),
		Loader:   images,
		Deployer: pods,
		Listen: func(ctx context.Context, p runner.Port) (loop.LocalPort, error) {
			forward, err := pods.Listen(ctx, p)
			if err != nil {
				return nil, err
			}
			return forward, nil
		},
	}, nil
}

// localPorts reads --port: LOCAL, for the first container port, or LOCAL:CONTAINER.
func localPorts(flags []string) (map[int]int, error) {
	ports := map[int]int{}
	for _, f := range flags {
		local, container, both := strings.Cut(f, ":")
		l, err := strconv.ParseUint(local, 10, 16)
		if err != nil {
			return nil, &UsageError{fmt.Errorf("--port %q: want LOCAL or LOCAL:CONTAINER, two numbers below 65536", f)}
		}
		r := uint64(0)
		if both {
			if r, err = strconv.ParseUint(container, 10, 16); err != nil || r == 0 {
				return nil, &UsageError{fmt.Errorf("--port %q: want LOCAL or LOCAL:CONTAINER, two numbers below 65536", f)}
			}
		}
		ports[int(r)] = int(l)
	}
	return ports, nil
}
