package app

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/loop"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/setup"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner"
)

func setupCommand(s Streams) *cli.Command {
	return &cli.Command{
		Name:  "setup",
		Usage: "make this machine ready, as often as one likes",
		Description: `Checks the JDK, the build tool, the Docker engine and the cluster, and makes a kind
cluster where there is none, or brings it back. A second run changes nothing.`,
		Flags: append(displayFlags(),
			&cli.StringFlag{Name: "cluster", Value: "devloop", Usage: "the `NAME` of the kind cluster"},
			&cli.StringFlag{Name: "kubeconfig", Usage: "the `FILE` that gets the cluster's context (default: as kubectl finds it)", EnvVars: []string{"DEVLOOP_KUBECONFIG"}},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "change what must be changed without asking"},
		),
		Action: func(c *cli.Context) error { return setUp(c, s, newDisplay(c, s)) },
	}
}

func setUp(c *cli.Context, s Streams, d display) error {
	return session(d, func() (error, bool) {
		err := setup.Run(c.Context, checks(c, s, d), func(r setup.Result) {
			d.Publish(0, event.CheckFinished{ID: r.ID, State: string(r.State), Detail: r.Detail, Took: event.Duration(r.Took), Failure: loop.FailureOf(r.Err)})
		})
		return err, true
	})
}

// checks are the steps of setup, in their order.
func checks(c *cli.Context, s Streams, d display) []setup.Check {
	return []setup.Check{
		setup.Java(),
		{ID: "build", Do: checkBuildTool},
		{ID: "docker", Do: checkEngine},
		{ID: "cluster", Needs: []string{"docker"}, Do: func(ctx context.Context) (setup.State, string, error) { return checkCluster(ctx, c, s, d) }},
		{ID: "context", Needs: []string{"cluster"}, Do: func(ctx context.Context) (setup.State, string, error) { return checkContext(ctx, c) }},
	}
}

// checkBuildTool looks for what builds projects that bring no wrapper of their own.
func checkBuildTool(context.Context) (setup.State, string, error) {
	var found []string
	for _, tool := range []string{"gradle", "mvn"} {
		if path, err := exec.LookPath(tool); err == nil {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		return setup.Skipped, "no gradle or mvn on the PATH: a project's own gradlew or mvnw will do", nil
	}
	return setup.OK, strings.Join(found, " and ") + ", for projects without a wrapper", nil
}

func checkEngine(ctx context.Context) (setup.State, string, error) {
	docker, err := engine(ctx)
	if err != nil {
		return setup.Failed, "", err
	}
	version, err := docker.ServerVersion(ctx)
	if err != nil {
		return setup.Failed, "", err
	}
	if _, err := exec.LookPath("docker"); err != nil {
		return setup.Failed, "", &setup.MissingError{Program: "the docker command", Why: "kind's library makes clusters with it", Cure: "install the Docker CLI: https://docs.docker.com/engine/install"}
	}
	return setup.OK, fmt.Sprintf("engine %s answers at %s", version.Version, docker.DaemonHost()), nil
}

// keeper returns the keeper of the cluster that the flags name.
func keeper(ctx context.Context, c *cli.Context, progress func(string)) (*loader.Keeper, error) {
	docker, err := engine(ctx)
	if err != nil {
		return nil, err
	}
	state, err := stateDir()
	if err != nil {
		return nil, err
	}
	return loader.NewKeeper(docker, loader.KeeperOptions{
		Name: c.String("cluster"), Kubeconfig: c.String("kubeconfig"), StateDir: state, Progress: progress,
	}), nil
}

// checkCluster makes sure that the cluster answers.
func checkCluster(ctx context.Context, c *cli.Context, s Streams, d display) (setup.State, string, error) {
	k, err := keeper(ctx, c, func(line string) { d.Publish(0, event.Progress{Line: line}) })
	if err != nil {
		return setup.Failed, "", err
	}
	condition, err := k.Look(ctx)
	if err != nil {
		return setup.Failed, "", err
	}
	if condition != loader.Running {
		if err := consent(c, s, fmt.Sprintf("the kind cluster %q is %s: make it, or bring it back?", c.String("cluster"), condition)); err != nil {
			return setup.Failed, "", err
		}
	}
	outcome, why, err := k.Ensure(ctx)
	if err != nil {
		return setup.Failed, "", err
	}
	state := setup.Fixed
	if outcome == loader.Existing {
		state = setup.OK
	}
	return state, fmt.Sprintf("kind cluster %s: %s, %s", c.String("cluster"), outcome, why), nil
}

// checkContext makes sure that the kubeconfig leads to the cluster.
func checkContext(ctx context.Context, c *cli.Context) (setup.State, string, error) {
	name := "kind-" + c.String("cluster")
	connect := func() error {
		r, err := runner.Connect(runner.ConnectOptions{Kubeconfig: c.String("kubeconfig"), Context: name})
		if err != nil {
			return err
		}
		return r.Ping(ctx)
	}
	if connect() == nil {
		return setup.OK, fmt.Sprintf("%s leads to the cluster", name), nil
	}
	k, err := keeper(ctx, c, nil)
	if err == nil {
		err = k.Export()
	}
	if err == nil {
		err = connect()
	}
	return setup.Fixed, fmt.Sprintf("%s written into the kubeconfig", name), err
}

// stateDir is where devloop keeps what it must not forget, by the XDG base directory
// specification on Linux (https://specifications.freedesktop.org/basedir-spec/latest).
func stateDir() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "devloop"), nil
	}
	if runtime.GOOS != "linux" {
		dir, err := os.UserConfigDir()
		return filepath.Join(dir, "devloop"), err
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "devloop"), err
}

// consent asks before the machine is changed. --yes answers for scripts.
func consent(c *cli.Context, s Streams, question string) error {
	if c.Bool("yes") {
		return nil
	}
	if file, isFile := s.In.(*os.File); !isFile || !term.IsTerminal(int(file.Fd())) {
		return &refusedError{question, "nobody can be asked here"}
	}
	_, _ = fmt.Fprintf(s.Err, "%s [Y/n] ", question)
	answer, err := bufio.NewReader(s.In).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); err != nil || (answer != "" && answer != "y" && answer != "yes") {
		return &refusedError{question, "the answer was no"}
	}
	return nil
}

// refusedError says that the machine was not changed because nobody agreed.
type refusedError struct{ question, why string }

func (e *refusedError) Error() string { return fmt.Sprintf("%s %s", e.question, e.why) }

// Code implements the contract for errors.
func (e *refusedError) Code() string { return "cluster.refused" }

// Hints says how to agree beforehand.
func (e *refusedError) Hints() []string { return []string{"let it: devloop setup --yes"} }
