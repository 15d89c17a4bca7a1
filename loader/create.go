package loader

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
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"sigs.k8s.io/kind/pkg/apis/config/defaults"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
	"sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/exec"
)

// Labels of node images that were made locally, where kindest/node can't be pulled.
const (
	standInLabel = "devloop-cli.github.io/stand-in"
	cniLabel     = "devloop-cli.github.io/cni"

	nodeRepository = "kindest/node"
	staticCNI      = "static"
)

// noProxy makes kind leave out kube-proxy
// (https://kind.sigs.k8s.io/docs/user/configuration/#kube-proxy-mode).
const noProxy v1alpha4.ProxyMode = "none"

// create makes the cluster, waits until it is ready, and records that devloop made it.
// What was made is removed again when it fails or ctx ends.
func (k *Keeper) create(ctx context.Context) error {
	config, err := k.config(ctx)
	if err != nil {
		return err
	}
	if err := k.pull(ctx, config.Nodes[0].Image); err != nil {
		return err
	}
	if err := k.records.begin(k.Name, time.Now()); err != nil {
		return err
	}
	err = k.make(ctx, config)
	if err == nil {
		err = k.noteEnd(ctx)
	}
	if err != nil {
		return errors.Join(k.explain(ctx, err), k.discard(context.WithoutCancel(ctx)))
	}
	return nil
}

// make lets kind make the cluster. kind's library takes no context: when ctx ends, the
// new containers are removed, and kind's next command fails. It must not wait for
// the nodes itself, since it would go on waiting for nodes that are gone.
func (k *Keeper) make(ctx context.Context, config *v1alpha4.Cluster) error {
	made := make(chan error, 1)
	go func() {
		made <- k.provider.Create(k.Name,
			cluster.CreateWithV1Alpha4Config(config), cluster.CreateWithKubeconfigPath(k.Kubeconfig), cluster.CreateWithRetain(true))
	}()
	select {
	case err := <-made:
		if err != nil {
			return err
		}
		return k.waitReady(ctx)
	case <-ctx.Done():
		k.abandon(context.WithoutCancel(ctx), made)
		return ctxCause(ctx)
	}
}

// abandon removes the containers of a creation under way until kind has given up.
func (k *Keeper) abandon(ctx context.Context, made <-chan error) {
	tick := time.NewTicker(probePause)
	defer tick.Stop()
	for {
		_ = k.removeOwn(ctx)
		select {
		case <-made:
			return
		case <-tick.C:
		}
	}
}

// explain makes an error of what went wrong in a creation; what the kubelet said last
// is evidence.
func (k *Keeper) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctxCause(ctx)
	}
	e := k.failed("create the kind cluster %q", err)
	e.Lines = append(e.Lines, k.kubeletLog(ctx)...)
	return e
}

// kubeletLog returns the last things that the control plane's kubelet complained of.
func (k *Keeper) kubeletLog(ctx context.Context) []string {
	containers, err := labelled(ctx, k.docker, kindClusterLabel, k.Name)
	i := slices.IndexFunc(containers, isControlPlane)
	if err != nil || i < 0 {
		return nil
	}
	out, err := output(ctx, k.docker, containers[i].ID, "sh", "-c",
		`journalctl --no-pager -u kubelet -n 400 -o cat | grep -E '^E|rror|ailed' | tail -n 8`)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(out), "\n")
}

// removeOwn removes the cluster's containers if devloop made all of them.
func (k *Keeper) removeOwn(ctx context.Context) error {
	containers, err := labelled(ctx, k.docker, kindClusterLabel, k.Name)
	if err != nil || len(containers) == 0 {
		return err
	}
	if !k.records.own(k.Name, containers) {
		return k.foreign("remove")
	}
	var errs []error
	for _, c := range containers {
		err := k.docker.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
		errs = append(errs, engineError(ctx, fmt.Sprintf("remove node %q", nameOf(c)), err))
	}
	return errors.Join(errs...)
}

// discard removes the cluster, its context in the kubeconfig, and its record.
func (k *Keeper) discard(ctx context.Context) error {
	if err := k.removeOwn(ctx); err != nil {
		return err
	}
	if err := k.provider.Delete(k.Name, k.Kubeconfig); err != nil { // no node is left: only the context
		return k.failed("remove the context of cluster %q from the kubeconfig", err)
	}
	return k.records.forget(k.Name)
}

// Delete removes the cluster, if devloop made it, and its context from the kubeconfig. It
// reports whether there was one. Any other cluster is left as it is, with a
// [*ClusterError]; that there is none is no error.
func (k *Keeper) Delete(ctx context.Context) (deleted bool, err error) {
	release, err := k.records.lock(ctx, k.Name)
	if err != nil {
		return false, err
	}
	defer release()
	containers, err := labelled(ctx, k.docker, kindClusterLabel, k.Name)
	if err != nil {
		return false, err
	}
	return len(containers) > 0, k.discard(ctx)
}

// recreate makes a cluster again that devloop made, and refuses any other.
func (k *Keeper) recreate(ctx context.Context, condition Condition) error {
	k.Progress(fmt.Sprintf("removing cluster %q, which is %s", k.Name, condition))
	if err := k.discard(ctx); err != nil {
		return err
	}
	return k.create(ctx)
}

func (k *Keeper) foreign(doing string) *ClusterError {
	return &ClusterError{
		Name: k.Name, Word: "broken",
		Problem: fmt.Sprintf("%s the kind cluster %q: devloop did not make it", doing, k.Name),
		Advice: []string{
			fmt.Sprintf("remove it, if nobody needs it: kind delete cluster --name %s", k.Name),
			"or use another name: devloop setup --cluster NAME",
		},
	}
}

// failed makes an error of kind's one; what kind's commands printed is its evidence.
func (k *Keeper) failed(doing string, err error) *ClusterError {
	e := &ClusterError{Name: k.Name, Word: "failed", Problem: fmt.Sprintf(doing, k.Name), Err: err}
	if run := exec.RunErrorForError(err); run != nil {
		e.Lines = decisive(string(run.Output))
	}
	return e
}

// traceLine matches what kubeadm prints beside its error: klog's informative lines,
// and the stack trace.
var traceLine = regexp.MustCompile(`^(I\d{4} |\s|\S+\.\S+(\(.*\))?$)`)

// decisive returns the last lines of a command's output that say what went wrong.
func decisive(output string) []string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.TrimSpace(line) == "" || traceLine.MatchString(line) })
	return lines[max(0, len(lines)-20):]
}

// config says what kind should make, with the node image that can be had here.
func (k *Keeper) config(ctx context.Context) (*v1alpha4.Cluster, error) {
	ref, labels, err := k.nodeImage(ctx)
	if err != nil {
		return nil, err
	}
	info, err := k.docker.Info(ctx)
	if err != nil {
		return nil, engineError(ctx, "ask the engine about this machine", err)
	}
	static := labels[cniLabel] == staticCNI
	config := &v1alpha4.Cluster{
		TypeMeta: v1alpha4.TypeMeta{Kind: "Cluster", APIVersion: "kind.x-k8s.io/v1alpha4"},
		Name:     k.Name,
	}
	if info.CgroupVersion == "1" && minor(ref) >= failsOnCgroup1 {
		config.KubeadmConfigPatches = append(config.KubeadmConfigPatches, "kind: KubeletConfiguration\nfailCgroupV1: false\n")
	}
	if static {
		config.Networking = v1alpha4.Networking{DisableDefaultCNI: true, KubeProxyMode: noProxy}
		config.KubeadmConfigPatches = append(config.KubeadmConfigPatches,
			"kind: InitConfiguration\nskipPhases: [preflight, addon/coredns, addon/kube-proxy]\n",
			"kind: KubeletConfiguration\nfeatureGates: {KubeletInUserNamespace: true}\n")
	}
	config.Nodes = []v1alpha4.Node{{Role: v1alpha4.ControlPlaneRole, Image: ref}}
	for range k.Nodes - 1 {
		config.Nodes = append(config.Nodes, v1alpha4.Node{Role: v1alpha4.WorkerRole, Image: ref})
	}
	return config, nil
}

// failsOnCgroup1 is the minor version of Kubernetes since which a kubelet refuses to
// start on a host with cgroup v1 unless told otherwise
// (https://kubernetes.io/docs/concepts/architecture/cgroups/).
const failsOnCgroup1 = 35

// minor returns the minor version of a node image by its tag: 37 for
// "kindest/node:v1.37.0@sha256:…". An unknown one counts as new.
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

// nodeImage chooses the node image. One that is on the engine is preferred to a pull:
// kind's default, then the newest kindest/node, then a local stand-in. Only where
// there is none, kind pulls its default.
func (k *Keeper) nodeImage(ctx context.Context) (string, map[string]string, error) {
	for _, ref := range slices.DeleteFunc([]string{k.NodeImage, defaults.Image}, func(s string) bool { return s == "" }) {
		if found, err := k.docker.ImageInspect(ctx, ref); err == nil && found.Config != nil {
			return ref, found.Config.Labels, nil
		}
		if ref == k.NodeImage {
			return ref, nil, nil // to be pulled
		}
	}
	images, err := k.docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", nodeRepository))})
	if err != nil {
		return "", nil, engineError(ctx, "list node images", err)
	}
	standIns, err := k.docker.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", standInLabel+"="+nodeRepository))})
	if err != nil {
		return "", nil, engineError(ctx, "list node images", err)
	}
	for _, list := range [][]image.Summary{images, standIns} {
		slices.SortFunc(list, func(a, b image.Summary) int { return int(b.Created - a.Created) })
		for _, i := range list {
			if len(i.RepoTags) > 0 && i.RepoTags[0] != "<none>:<none>" {
				return i.RepoTags[0], i.Labels, nil
			}
		}
	}
	return defaults.Image, nil, nil
}
