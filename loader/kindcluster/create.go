package kindcluster

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/exec"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/loader/internal/load"
	"github.com/devloop-cli/devloop/loader/internal/nodeexec"
)

// Labels of node images that were built locally because kindest/node cannot be pulled.
const (
	standInLabel = "devloop-cli.github.io/stand-in"
	cniLabel     = "devloop-cli.github.io/cni"

	nodeRepository = "kindest/node"
	staticCNI      = "static"
)

// noProxy makes kind leave out kube-proxy (https://kind.sigs.k8s.io/docs/user/configuration/#kube-proxy-mode).
const noProxy v1alpha4.ProxyMode = "none"

// create creates the cluster, waits until it is ready, and records it. If it fails or ctx ends, nothing is left.
func (m *Manager) create(ctx context.Context) error {
	config, began, err := m.config(ctx)
	if err != nil {
		return err
	}
	if err := PullNodeImage(ctx, m.docker, config.Nodes[0].Image, m.Progress); err != nil {
		return err
	}
	if err := m.records.begin(m.Name, began); err != nil {
		return err
	}
	err = m.runKind(ctx, config)
	if err == nil {
		err = m.finishRecord(ctx)
	}
	if err != nil {
		failure := m.explain(ctx, err)
		limited, cancel := cleanUp(ctx)
		defer cancel()
		return errors.Join(failure, m.discard(limited))
	}
	return nil
}

// runKind lets kind create the cluster. kind's library takes no context: when ctx ends, the new containers are removed,
// and kind's next command fails. kind must not wait for nodes: it would go on when those are gone.
func (m *Manager) runKind(ctx context.Context, config *v1alpha4.Cluster) error {
	created := make(chan error, 1)
	go func() {
		created <- m.provider.Create(m.Name,
			cluster.CreateWithV1Alpha4Config(config), cluster.CreateWithKubeconfigPath(m.Kubeconfig),
			cluster.CreateWithRetain(true))
	}()
	select {
	case err := <-created:
		if err != nil {
			return err
		}
		return m.waitReady(ctx)
	case <-ctx.Done():
		limited, cancel := cleanUp(ctx)
		defer cancel()
		m.abandon(limited, created)
		return ctxCause(ctx)
	}
}

// cleanUp returns the context in which what was created is removed, also after an interrupt, but within a limit.
func cleanUp(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(context.WithoutCancel(ctx), cleanUpTimeout,
		fmt.Errorf("the engine has not removed it within %v", cleanUpTimeout))
}

// abandon removes the containers of a creation in progress until kind has given up, or ctx ends.
func (m *Manager) abandon(ctx context.Context, created <-chan error) {
	tick := time.NewTicker(probePause)
	defer tick.Stop()
	for {
		_ = m.removeOwn(ctx)
		select {
		case <-created:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// explain makes the error of a creation that failed, with the kubelet's last errors as evidence.
func (m *Manager) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctxCause(ctx)
	}
	e := m.failed("create the kind cluster %q", err)
	e.Evidence = append(e.Evidence, m.kubeletLog(ctx)...)
	return e
}

// kubeletLog returns the last errors in the log of the control plane's kubelet.
func (m *Manager) kubeletLog(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	containers, err := m.containers(ctx)
	i := slices.IndexFunc(containers, load.IsKindControlPlane)
	if err != nil || i < 0 {
		return nil
	}
	out, err := nodeexec.Output(ctx, m.docker, containers[i].ID, "sh", "-c",
		`journalctl --no-pager -u kubelet -n 400 -o cat | grep -E '^E|rror|ailed' | tail -n 8`)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(out), "\n")
}

// removeOwn removes the cluster's containers if devloop created all of them.
func (m *Manager) removeOwn(ctx context.Context) error {
	containers, err := m.own(ctx, "remove")
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range containers {
		err := m.docker.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
		errs = append(errs, dockerapi.Error(ctx, fmt.Sprintf("remove node %q", load.ContainerName(c)), err))
	}
	return errors.Join(errs...)
}

// discard removes the cluster, its context in the kubeconfig, and its record.
func (m *Manager) discard(ctx context.Context) error {
	if err := m.removeOwn(ctx); err != nil {
		return err
	}
	if err := m.provider.Delete(m.Name, m.Kubeconfig); err != nil { // no node is left: only the context
		return m.failed("remove the context of cluster %q from the kubeconfig", err)
	}
	return m.records.forget(m.Name)
}

// Delete removes the cluster and its context from the kubeconfig, if devloop created it. It reports whether there was
// one. For any other cluster the error is cluster.broken; that it does not exist is no error.
func (m *Manager) Delete(ctx context.Context) (deleted bool, err error) {
	release, err := m.lock(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	containers, err := m.containers(ctx)
	if err != nil {
		return false, err
	}
	return len(containers) > 0, m.discard(ctx)
}

// recreate removes and creates a cluster that devloop created, and refuses any other.
func (m *Manager) recreate(ctx context.Context, state State) error {
	m.Progress(fmt.Sprintf("removing cluster %q, which is %s", m.Name, state))
	if err := m.discard(ctx); err != nil {
		return err
	}
	return m.create(ctx)
}

// own returns the cluster's containers, running or not, or an error if devloop did not create all of them.
func (m *Manager) own(ctx context.Context, verb string) ([]container.Summary, error) {
	containers, err := m.containers(ctx)
	if err != nil || len(containers) == 0 || m.records.own(m.Name, containers) {
		return containers, err
	}
	return nil, &fault.Error{
		Code: "cluster.broken",
		Op:   fmt.Sprintf("%s the kind cluster %q: devloop did not create it", verb, m.Name),
		Hints: []string{
			fmt.Sprintf("remove it if you don't need it: kind delete cluster --name %s", m.Name),
			"or use another name: devloop setup --cluster NAME",
		},
	}
}

// failed is the error of something that kind could not do, with its output. op is a format for the cluster's name.
func (m *Manager) failed(op string, err error) *fault.Error {
	e := &fault.Error{Code: "cluster.failed", Op: fmt.Sprintf(op, m.Name), Err: err}
	if run := exec.RunErrorForError(err); run != nil {
		e.Evidence = decisiveLines(string(run.Output))
	}
	return e
}

// traceLine matches what kubeadm prints in addition to its error: klog's informative lines and the stack trace.
var traceLine = regexp.MustCompile(`^(I\d{4} |\s|\S+\.\S+(\(.*\))?$)`)

// decisiveLines returns the last lines of a command's output that say what went wrong.
func decisiveLines(output string) []string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	lines = slices.DeleteFunc(lines,
		func(line string) bool { return strings.TrimSpace(line) == "" || traceLine.MatchString(line) })
	return lines[max(0, len(lines)-20):]
}

// config returns what kind should create, with the node image that is available, and the time
// by the engine's clock: in a virtual machine that may differ from this machine's.
func (m *Manager) config(ctx context.Context) (*v1alpha4.Cluster, time.Time, error) {
	ref, labels, err := nodeImage(ctx, m.docker)
	if err != nil {
		return nil, time.Time{}, err
	}
	info, err := m.docker.Info(ctx)
	if err != nil {
		return nil, time.Time{}, dockerapi.Error(ctx, "ask the engine about this machine", err)
	}
	now, err := time.Parse(time.RFC3339Nano, info.SystemTime)
	if err != nil {
		now = time.Now()
	}
	static := labels[cniLabel] == staticCNI
	config := &v1alpha4.Cluster{
		TypeMeta: v1alpha4.TypeMeta{Kind: "Cluster", APIVersion: "kind.x-k8s.io/v1alpha4"},
		Name:     m.Name,
	}
	if info.CgroupVersion == "1" && minor(ref) >= failsOnCgroup1 {
		config.KubeadmConfigPatches = append(config.KubeadmConfigPatches,
			"kind: KubeletConfiguration\nfailCgroupV1: false\n")
	}
	if static {
		config.Networking = v1alpha4.Networking{DisableDefaultCNI: true, KubeProxyMode: noProxy}
		config.KubeadmConfigPatches = append(config.KubeadmConfigPatches,
			"kind: InitConfiguration\nskipPhases: [preflight, addon/coredns, addon/kube-proxy]\n",
			"kind: KubeletConfiguration\nfeatureGates: {KubeletInUserNamespace: true}\n")
	}
	config.Nodes = []v1alpha4.Node{{Role: v1alpha4.ControlPlaneRole, Image: ref}}
	for range m.Nodes - 1 {
		config.Nodes = append(config.Nodes, v1alpha4.Node{Role: v1alpha4.WorkerRole, Image: ref})
	}
	return config, now, nil
}

// failsOnCgroup1 is the minor version of Kubernetes since which a kubelet refuses to start on a host with cgroup v1
// unless told otherwise (https://kubernetes.io/docs/concepts/architecture/cgroups/).
const failsOnCgroup1 = 35

// minor returns the minor version of a node image by its tag: 37 for "kindest/node:v1.37.0@sha256:…". Others are new.
func minor(ref string) int {
	_, rest, found := strings.Cut(ref, ":v1.")
	if !found {
		return failsOnCgroup1
	}
	digits, _, _ := strings.Cut(rest, ".")
	n, err := strconv.Atoi(digits)
	if err != nil {
		return failsOnCgroup1
	}
	return n
}
