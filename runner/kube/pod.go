package kube

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/internal/debugoption"
	"github.com/devloop-cli/devloop/internal/lists"
)

// Pod is a Pod of the cluster: which one it is, and what was known of it when it was read.
type Pod struct {
	Namespace, Name string
	UID             types.UID
	Image           string    // of the application's container, else of the first
	Images          []string  // of its other containers
	Ports           []int     // the TCP ports that its containers name
	Foreign         []int     // those of containers whose image is not devloop's, such as a database's
	Debug           []int     // those at which JVMs wait for debuggers
	Containers      []string  // their names, the application's first
	InitContainers  []string  // names of those that run before them
	Of              Ref       // the manifest's object that made it, a bare Pod itself
	Controller      types.UID // of what makes it again, "" for a bare Pod
	Index           int       // which of that object's Pods it is, from 0
	Generated       bool      // devloop wrote its manifest, not the user

	// Restarted says that the supervisor has restarted the application since. The kubelet does not know of that: until
	// its probe has failed, the Pod's readiness is that of the application before.
	Restarted bool

	Restarts int32  // of its containers, when it was read
	Changes  string // its [AnnotationChanges] then
	Applied  string // its [AnnotationApplied] then
}

// PodOf returns what p says of itself. The application's container comes first, wherever the manifest has it.
func PodOf(p *corev1.Pod) Pod {
	pod := Pod{Namespace: p.Namespace, Name: p.Name, UID: p.UID, Controller: ControllerOf(p),
		Changes: p.Annotations[AnnotationChanges], Applied: p.Annotations[AnnotationApplied]}
	for i, c := range applicationFirst(p) {
		if i == 0 {
			pod.Image = c.Image
		} else {
			pod.Images = append(pod.Images, c.Image)
		}
		pod.Containers = append(pod.Containers, c.Name)
		pod.Debug = append(pod.Debug, debugPorts(c)...)
		for _, port := range c.Ports {
			if port.Protocol == "" || port.Protocol == corev1.ProtocolTCP {
				pod.Ports = append(pod.Ports, int(port.ContainerPort))
				if !isOwnImage(c.Image) {
					pod.Foreign = append(pod.Foreign, int(port.ContainerPort))
				}
			}
		}
	}
	pod.InitContainers = lists.Map(p.Spec.InitContainers, func(c corev1.Container) string { return c.Name })
	for _, s := range p.Status.ContainerStatuses {
		pod.Restarts += s.RestartCount
	}
	return pod
}

// debugName matches names of ports for debuggers.
var debugName = regexp.MustCompile(`(?i)debug|jdwp`)

// debugPorts returns the ports at which a container's JVM waits for debuggers: by its options, by name, or the usual.
func debugPorts(c corev1.Container) (ports []int) {
	words := slices.Concat(c.Command, c.Args)
	for _, e := range c.Env {
		words = append(words, e.Value)
	}
	option := debugoption.Port(words...)
	for _, port := range c.Ports {
		number := int(port.ContainerPort)
		if number == option || debugName.MatchString(port.Name) || number == debugoption.Usual && len(c.Ports) > 1 {
			ports = append(ports, number)
		}
	}
	return ports
}

// TakesHTTP says whether a port may be sent a request: it is the project's, and not for debuggers.
func (p Pod) TakesHTTP(port int) bool {
	return !slices.Contains(p.Foreign, port) && !slices.Contains(p.Debug, port)
}

// isOwnImage recognizes the references of images that devloop made.
func isOwnImage(ref string) bool { return strings.Contains(ref, ":devloop-") }

// PodFrom converts an object that is a Pod.
func PodFrom(o *unstructured.Unstructured) (*corev1.Pod, error) {
	var pod corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &pod); err != nil {
		return nil, &APIError{Verb: "read", Object: RefOf(o), Err: err}
	}
	return &pod, nil
}

// PodRef returns the Pod that o is, with its identity alone.
func PodRef(o metav1.Object) Pod {
	return Pod{Namespace: o.GetNamespace(), Name: o.GetName(), UID: o.GetUID()}
}

// Container returns the Pod's container of that name, also one that runs before the others; nil for none.
func Container(p *corev1.Pod, name string) *corev1.Container {
	for _, list := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		if i := slices.IndexFunc(list, func(c corev1.Container) bool { return c.Name == name }); i >= 0 {
			return &list[i]
		}
	}
	return nil
}

// Statuses returns the statuses of all containers of the Pod, in the order in which they run.
func Statuses(p *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses)
}

// Status returns the status of the Pod's container of that name, nil for none.
func Status(p *corev1.Pod, name string) *corev1.ContainerStatus {
	all := Statuses(p)
	if i := slices.IndexFunc(all, func(s corev1.ContainerStatus) bool { return s.Name == name }); i >= 0 {
		return &all[i]
	}
	return nil
}

// Ref names the Pod.
func (p Pod) Ref() Ref { return Ref{"Pod", p.Namespace, p.Name} }

// IsKept says whether a controller makes another Pod if this one is gone.
func (p Pod) IsKept() bool {
	return slices.Contains([]string{"Deployment", "StatefulSet", "ReplicaSet", "DaemonSet"}, p.Of.Kind)
}

// Runs says whether a container of the Pod has an image.
func (p Pod) Runs(image string) bool { return p.Image == image || slices.Contains(p.Images, image) }

// ControllerOf returns the UID of the object that made o and would make it again, "" for none.
func ControllerOf(o metav1.Object) types.UID {
	if ref := metav1.GetControllerOf(o); ref != nil {
		return ref.UID
	}
	return ""
}

// AllRunning says whether every container of the Pod runs.
func AllRunning(p *corev1.Pod) bool {
	return len(p.Status.ContainerStatuses) > 0 &&
		!slices.ContainsFunc(p.Status.ContainerStatuses,
			func(s corev1.ContainerStatus) bool { return s.State.Running == nil })
}

// IsReady says whether every container of the Pod runs and passes its probes.
func IsReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && AllRunning(p)
		}
	}
	return false
}

// ManifestName returns what the manifest calls an object: a Pod that comes up beside a serving one has another name.
func ManifestName(o metav1.Object) string {
	return cmp.Or(o.GetAnnotations()[AnnotationName], o.GetName())
}

// Endpoint is a container port of a Pod, as the manifest knows it. It stays the same while Pods come and go: the Pods
// of a Deployment get new names at each change, and the second of them is the second.
type Endpoint struct {
	Of    Ref // the manifest's object
	Index int // which of its Pods, from 0
	Port  int // the container port
}

// Endpoints returns what the Pod offers.
func (p Pod) Endpoints() []Endpoint {
	return lists.Map(p.Ports, func(port int) Endpoint { return Endpoint{p.Of, p.Index, port} })
}

// ChangesVolume begins the names of the volumes where supervisors keep changes.
const ChangesVolume = "devloop-changes-"

// ApplicationContainer returns the name of the container whose log tells of the project's application: the one
// with a supervisor, else one whose image devloop made, else the first.
func ApplicationContainer(p *corev1.Pod) string {
	for _, is := range []func(corev1.Container) bool{
		func(c corev1.Container) bool { return IsSupervised(p, c.Name) },
		func(c corev1.Container) bool { return isOwnImage(c.Image) },
	} {
		if i := slices.IndexFunc(p.Spec.Containers, is); i >= 0 {
			return p.Spec.Containers[i].Name
		}
	}
	if len(p.Spec.Containers) == 0 {
		return ""
	}
	return p.Spec.Containers[0].Name
}

// applicationFirst returns the Pod's containers in their order, but for the application's, which becomes the first.
func applicationFirst(p *corev1.Pod) []corev1.Container {
	all, application := slices.Clone(p.Spec.Containers), ApplicationContainer(p)
	if i := slices.IndexFunc(all, func(c corev1.Container) bool { return c.Name == application }); i > 0 {
		all = slices.Insert(slices.Delete(all, i, i+1), 0, p.Spec.Containers[i])
	}
	return all
}

// IsSupervised says whether a supervisor may run in a container of the Pod.
func IsSupervised(p *corev1.Pod, container string) bool {
	return slices.ContainsFunc(p.Spec.Containers, func(c corev1.Container) bool {
		return c.Name == container && slices.ContainsFunc(c.VolumeMounts,
			func(m corev1.VolumeMount) bool { return strings.HasPrefix(m.Name, ChangesVolume) })
	})
}
