package loader

import (
	"context"
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

// readyWait is how long a new cluster's nodes may take to be ready.
const readyWait = 3 * time.Minute

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

// create makes the cluster and records that devloop did. kind's library takes no
// context: when ctx ends, the new containers are removed, which ends kind's work too.
func (k *Keeper) create(ctx context.Context) error {
	config, err := k.config(ctx)
	if err != nil {
		return err
	}
	if err := k.records.begin(k.Name, time.Now()); err != nil {
		return err
	}
	made := make(chan error, 1)
	go func() {
		made <- k.provider.Create(k.Name,
			cluster.CreateWithV1Alpha4Config(config), cluster.CreateWithKubeconfigPath(k.Kubeconfig),
			cluster.CreateWithWaitForReady(readyWait), cluster.CreateWithDisplayUsage(false), cluster.CreateWithDisplaySalutation(false))
	}()
	select {
	case err = <-made:
	case <-ctx.Done():
		k.abandon(context.WithoutCancel(ctx), made)
		return ctxCause(ctx)
	}
	if err != nil { // kind has removed what it had made
		_ = k.records.forget(k.Name)
		return k.failed("create the kind cluster %q", err)
	}
	containers, err := labelled(ctx, k.docker, kindClusterLabel, k.Name)
	if err != nil {
		return err
	}
	return k.records.finish(k.Name, containers)
}

// abandon removes the containers of a creation under way until kind has given up.
func (k *Keeper) abandon(ctx context.Context, made <-chan error) {
	tick := time.NewTicker(probePause)
	defer tick.Stop()
	for {
		containers, err := labelled(ctx, k.docker, kindClusterLabel, k.Name)
		if err == nil && k.records.own(k.Name, containers) {
			k.remove(ctx, containers)
		}
		select {
		case <-made:
			_ = k.provider.Delete(k.Name, k.Kubeconfig) // what is left, and the context
			_ = k.records.forget(k.Name)
			return
		case <-tick.C:
		}
	}
}

func (k *Keeper) remove(ctx context.Context, containers []container.Summary) {
	for _, c := range containers {
		_ = k.docker.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
	}
}

// recreate makes a cluster again that devloop made, and refuses any other.
func (k *Keeper) recreate(ctx context.Context, condition Condition) error {
	containers, err := labelled(ctx, k.docker, kindClusterLabel, k.Name)
	if err != nil {
		return err
	}
	if !k.records.own(k.Name, containers) {
		return &ClusterError{
			Name: k.Name, Word: "broken",
			Problem: fmt.Sprintf("bring back the kind cluster %q: it is %s, and devloop did not make it", k.Name, condition),
			Advice:  []string{fmt.Sprintf("remove it, if nobody needs it: kind delete cluster --name %s", k.Name), "or use another name: devloop setup --cluster NAME"},
		}
	}
	k.Progress(fmt.Sprintf("removing what is left of cluster %q", k.Name))
	if err := k.provider.Delete(k.Name, k.Kubeconfig); err != nil {
		return k.failed("remove the kind cluster %q", err)
	}
	return k.create(ctx)
}

// failed makes an error of kind's one; what kind's commands printed is its evidence.
func (k *Keeper) failed(doing string, err error) error {
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

// config says what kind should make: one node, with the image that can be had here.
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
	node := v1alpha4.Node{Role: v1alpha4.ControlPlaneRole, Image: ref}
	config := &v1alpha4.Cluster{
		TypeMeta: v1alpha4.TypeMeta{Kind: "Cluster", APIVersion: "kind.x-k8s.io/v1alpha4"},
		Name:     k.Name,
	}
	if info.CgroupVersion == "1" && minor(ref) >= failsOnCgroup1 {
		node.KubeadmConfigPatches = append(node.KubeadmConfigPatches, "kind: KubeletConfiguration\nfailCgroupV1: false\n")
	}
	if static {
		config.Networking = v1alpha4.Networking{DisableDefaultCNI: true, KubeProxyMode: noProxy}
		node.KubeadmConfigPatches = append(node.KubeadmConfigPatches,
			"kind: InitConfiguration\nskipPhases: [preflight, addon/coredns, addon/kube-proxy]\n",
			"kind: KubeletConfiguration\nfeatureGates: {KubeletInUserNamespace: true}\n")
	}
	config.Nodes = []v1alpha4.Node{node}
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
	if _, err := k.docker.ImageInspect(ctx, defaults.Image); err == nil {
		return defaults.Image, nil, nil
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
