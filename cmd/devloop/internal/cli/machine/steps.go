package machine

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/docker/docker/client"
	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/config"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/setup"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/loader/kindcluster"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/localport"
)

// StepIDs are the steps of setup, in their order.
var StepIDs = []string{"jdk", "build", "inotify", "docker", "memory", "disk", "archive", "registry", "node-image",
	"cluster", "base-images", "proxy", "context", "ports", "completion"}

// machine is what the steps of setup look at.
type machine struct {
	c       *cli.Context
	d       wiring.Display
	dir     string
	project *project.Project // nil where DIR holds none, or none that can be built
	problem error            // why it can't be built
	docker  *client.Client   // nil until the engine has answered
}

// engine returns the Docker engine, which a step may install or start first.
func (m *machine) engine(ctx context.Context) (*client.Client, error) {
	if m.docker != nil {
		return m.docker, nil
	}
	docker, err := dockerapi.Connect(ctx)
	if err == nil {
		m.docker = docker
	}
	return docker, err
}

// newMachine finds out what project there is. None is no mistake, unless DIR was named: setup is run anywhere.
func newMachine(c *cli.Context, d wiring.Display) (*machine, error) {
	dir, err := wiring.Directory(c)
	if err != nil {
		return nil, err
	}
	m := &machine{c: c, d: d, dir: dir}
	if m.project, m.problem = wiring.OpenProject(c, d); fault.Of(m.problem).Code == "project.none" {
		if c.Args().Present() {
			return nil, m.problem
		}
		m.problem = nil
	}
	return m, nil
}

func newSteps(c *cli.Context, d wiring.Display) ([]setup.Step, error) {
	m, err := newMachine(c, d)
	if err != nil {
		return nil, err
	}
	elsewhere := os.Getenv(client.EnvOverrideHost) != "" || dockerapi.ContextHost() != ""
	return []setup.Step{
		setup.Java(m.dir),
		{ID: "build", Check: m.checkBuildTool},
		setup.Inotify(),
		setup.Engine(dockerapi.Connect, elsewhere),
		setup.Memory(dockerapi.Connect),
		setup.Disk(dockerapi.Connect, m.clusterIsThere),
		{ID: "archive", Needs: []string{"docker"}, Check: m.checkArchived, Fix: m.loadArchive,
			Later: "load the images of " + c.String("images")},
		setup.Registry(dockerapi.Connect, append(m.bases(), nodeRepository), m.missing),
		{ID: "node-image", Needs: []string{"docker"}, Check: m.checkNodeImage, Fix: m.pullNodeImage,
			Later: "pull the node image, some 400 MB"},
		{ID: "cluster", Needs: []string{"docker", "node-image"}, Check: m.checkCluster, Fix: m.fixCluster,
			Later: fmt.Sprintf("create, start or repair the kind cluster %q", c.String("cluster"))},
		{ID: "base-images", Needs: []string{"docker"}, Check: m.checkBases, Fix: m.pullBases,
			Later: "pull the project's base images"},
		setup.Proxy(dockerapi.Connect, m.nodeEnvironment),
		{ID: "context", Needs: []string{"cluster"}, Check: m.checkContext, Fix: m.writeContext,
			Later: m.contextChange()},
		{ID: "ports", Check: m.checkPorts},
		completionStep(os.Getenv),
	}, nil
}

// checkBuildTool says what builds the project, or what would build one that brings no wrapper of its own.
func (m *machine) checkBuildTool(context.Context) (string, error) {
	if m.problem != nil {
		return "", m.problem
	}
	if m.project != nil {
		return m.project.Tool.Why, nil
	}
	var found []string
	for _, tool := range []string{"gradle", "mvn"} {
		if path, err := exec.LookPath(tool); err == nil {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		return "",
			&setup.NotApplicable{Why: "no gradle or mvn on the PATH: not needed if the project has gradlew or mvnw"}
	}
	return strings.Join(found, " and ") + ", for projects without a wrapper", nil
}

func (m *machine) cluster(ctx context.Context) (*kindcluster.Manager, error) {
	docker, err := m.engine(ctx)
	if err != nil {
		return nil, err
	}
	return newClusterManager(docker, m.c, m.progress)
}

func (m *machine) progress(line string) { m.d.Publish(0, event.Progress{Line: line}) }

// clusterIsThere reports whether there is a cluster of the name, in whatever condition, or another one in use.
func (m *machine) clusterIsThere(ctx context.Context) bool {
	if m.inUse(ctx) != "" {
		return true
	}
	k, err := m.cluster(ctx)
	if err != nil {
		return false
	}
	variables, err := k.NodeEnvironment(ctx)
	return err == nil && variables != nil
}

func (m *machine) nodeEnvironment(ctx context.Context) []string {
	k, err := m.cluster(ctx)
	if err != nil {
		return nil
	}
	variables, _ := k.NodeEnvironment(ctx) // without them the step says what it can
	return variables
}

// inUse names the cluster of this machine that the kubeconfig's current context points to, "" where it points to none,
// or where --cluster names one: a cluster that is in use already, kind's or minikube's, will do.
func (m *machine) inUse(ctx context.Context) string {
	if m.c.IsSet("cluster") {
		return ""
	}
	r, err := runner.Connect(cluster.Options{Kubeconfig: m.c.String("kubeconfig")})
	if err != nil || r.Context() == m.context() {
		return ""
	}
	cluster, err := m.answering(ctx, r)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s cluster %s, of the current context %s", cluster.Product, cluster.Name, r.Context())
}

func (m *machine) answering(ctx context.Context, r *runner.Runner) (loader.Cluster, error) {
	docker, err := m.engine(ctx)
	if err != nil {
		return loader.Cluster{}, err
	}
	return Answering(ctx, docker, r)
}

// Answering returns the cluster of this machine that r points to, once it has answered. No other is asked anything.
func Answering(ctx context.Context, docker *client.Client, r *runner.Runner) (loader.Cluster, error) {
	cluster, err := loader.Detect(ctx, docker, r.Context(), r.Server())
	if err != nil {
		return cluster, err
	}
	return cluster, r.Ping(ctx)
}

// context is the name of the context that kind writes.
func (m *machine) context() string { return "kind-" + m.c.String("cluster") }

func (m *machine) checkCluster(ctx context.Context) (string, error) {
	if other := m.inUse(ctx); other != "" {
		return other + ", answers", nil
	}
	k, err := m.cluster(ctx)
	if err != nil {
		return "", err
	}
	condition, err := k.State(ctx)
	if err != nil {
		return "", err
	}
	if condition != kindcluster.Running {
		return "", &fault.Error{Code: "cluster." + string(condition),
			Op:    fmt.Sprintf("the kind cluster %q is %s", k.Name, condition),
			Hints: []string{"create or repair it: devloop setup"}}
	}
	return fmt.Sprintf("kind cluster %s answers", k.Name), nil
}

func (m *machine) fixCluster(problem error) *setup.Fix {
	code := fault.Of(problem).Code
	if !strings.HasPrefix(code, "cluster.") {
		return nil
	}
	return &setup.Fix{
		Change: fmt.Sprintf("%s the kind cluster %q", clusterFix(code), m.c.String("cluster")),
		Run: func(ctx context.Context) error {
			k, err := m.cluster(ctx)
			if err != nil {
				return err
			}
			if err := m.passProxyOn(ctx); err != nil {
				return err
			}
			outcome, why, err := k.Ensure(ctx)
			if err == nil {
				m.progress(fmt.Sprintf("%s: %s", outcome, why))
			}
			return err
		}}
}

func clusterFix(code string) string {
	switch code {
	case "cluster.absent":
		return "create"
	case "cluster.stopped":
		return "start"
	default:
		return "repair"
	}
}

// passProxyOn lets kind, which asks the environment, know of the engine's proxy.
func (m *machine) passProxyOn(ctx context.Context) error {
	docker, err := m.engine(ctx)
	if err != nil {
		return err
	}
	info, err := docker.Info(ctx)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{"HTTP_PROXY": info.HTTPProxy, "HTTPS_PROXY": info.HTTPSProxy,
		"NO_PROXY": info.NoProxy} {
		if value != "" && os.Getenv(name) == "" && os.Getenv(strings.ToLower(name)) == "" {
			if err := os.Setenv(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *machine) checkContext(ctx context.Context) (string, error) {
	if other := m.inUse(ctx); other != "" {
		return "the current context points to it", nil
	}
	name := m.context()
	r, err := runner.Connect(cluster.Options{Kubeconfig: m.c.String("kubeconfig"), Context: name})
	if err == nil {
		_, err = m.answering(ctx, r)
	}
	if err != nil {
		return "", &fault.Error{Code: "cluster.context",
			Op:    fmt.Sprintf("cannot reach the cluster with the context %q: %v", name, err),
			Hints: []string{"write the context into the kubeconfig: devloop setup"}}
	}
	return fmt.Sprintf("%s points to the cluster", name), nil
}

func (m *machine) contextChange() string {
	return fmt.Sprintf("write the context %q into the kubeconfig and make it the current one", m.context())
}

func (m *machine) writeContext(error) *setup.Fix {
	return &setup.Fix{
		Change: m.contextChange(),
		Run: func(ctx context.Context) error {
			k, err := m.cluster(ctx)
			if err != nil {
				return err
			}
			return k.WriteKubeconfig()
		}}
}

// checkPorts looks whether the local ports are free that devloop would take and that were asked for by number.
func (m *machine) checkPorts(ctx context.Context) (string, error) {
	wanted, strict := []int{8080}, false
	if m.project != nil {
		wanted = slices.DeleteFunc([]int{m.project.Server().Port}, func(port int) bool { return port == 0 })
	}
	if named := m.c.StringSlice("port"); len(named) > 0 {
		wanted, strict = nil, true
		for _, text := range named {
			local, _, _ := config.Port(text) // checked
			wanted = append(wanted, local)
		}
	}
	var words []string
	for _, port := range wanted {
		word, err := portWord(ctx, port)
		if err != nil && strict {
			return "", err
		}
		if err != nil {
			word = fmt.Sprintf("%v; the next free port is used", err)
		}
		words = append(words, word)
	}
	return strings.Join(words, ", "), nil
}

func portWord(ctx context.Context, port int) (string, error) {
	err := localport.Available(ctx, localport.Options{Local: port})
	if err == nil {
		return fmt.Sprintf("%d is free", port), nil
	}
	i := slices.IndexFunc(sessions.OpenAddresses(""),
		func(a sessions.Address) bool { return strings.HasSuffix(a.URL, fmt.Sprintf(":%d", port)) })
	if i < 0 {
		return "", err
	}
	return fmt.Sprintf("%d is forwarded to %s by devloop", port, sessions.OpenAddresses("")[i].Pod), nil
}
