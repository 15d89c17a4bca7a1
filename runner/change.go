package runner

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/tunnel"
)

// Change is what happens to a running application, by the supervisor that its image
// begins with.
type Change struct {
	// State names what the application consists of after the change, and must not be "".
	State string
	// Restart starts the application again with it.
	Restart bool
	// Files are the contents by path, below the application's classes and with slashes;
	// nil removes one.
	Files map[string][]byte
	// Summary says in a few words in what the application differs from its image then.
	Summary string
}

// ErrUnsupervised says that nothing in a Pod takes changes.
var ErrUnsupervised = errors.New("the Pod has no supervisor")

// Change makes a change in a Pod whose supervisor listens on port. With Restart, the
// application that ran has ended when it returns, and the next one starts: [Runner.Ready] tells,
// for the Pod that is returned, when it serves. A container that Kubernetes starts again has
// the change, too.
//
// It returns [ErrUnsupervised] where nobody listens, and what the supervisor says where
// it can't make the change: then all is as before, at most the application was started again.
func (r *Runner) Change(ctx context.Context, p Pod, port int, c Change) (Pod, error) {
	note, err := r.noteChange(ctx, p, c.Summary)
	if err != nil {
		return p, err
	}
	answer, err := r.tell(ctx, p, port, c)
	if err == nil && answer != "ok" {
		err = errors.New(answer)
	}
	if err != nil {
		return p, fmt.Errorf("change pod %q: %w", p.Name, err)
	}
	p.Restarts = kube.PodOf(note).Restarts
	return p, nil
}

// noteChange writes into the Pod that it is no longer what its image is, before that
// is so, and returns it as it is.
func (r *Runner) noteChange(ctx context.Context, p Pod, summary string) (*corev1.Pod, error) {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": p.UID, "annotations": map[string]string{kube.AnnotationChanges: summary}}})
	if err != nil {
		return nil, err
	}
	now, err := r.Core.CoreV1().Pods(p.Namespace).Patch(ctx, p.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: kube.FieldManager})
	if err != nil {
		return nil, r.WrapError(ctx, "change", p.Ref(), err)
	}
	return now, nil
}

// ErrRestarted says that a container of a Pod has started again, and holds what its image does.
var ErrRestarted = errors.New("its container has started again")

// Note writes into a Pod in what its application differs from its image, before that is so. It
// returns [ErrRestarted] where a container has started again since p.
func (r *Runner) Note(ctx context.Context, p Pod, summary string) error {
	now, err := r.noteChange(ctx, p, summary)
	if err == nil && (kube.PodOf(now).Restarts != p.Restarts || !kube.AllRunning(now)) {
		err = ErrRestarted
	}
	return err
}

// Restarted waits until a container of a Pod ends, or has started again since p, and returns the
// Pod with what is so now. It returns an error when the Pod is gone, or ctx ends.
func (r *Runner) Restarted(ctx context.Context, p Pod) (Pod, error) {
	ran, left := false, false
	before := p
	err := r.WatchPods(ctx, cluster.PodWatch{Pod: &before, Patient: true, See: func(o *corev1.Pod, gone bool) (bool, error) {
		if gone || o.DeletionTimestamp != nil {
			left = true
			return true, nil
		}
		ended := ran && !kube.AllRunning(o)
		ran = ran || kube.AllRunning(o)
		last := p.Restarts
		p.Restarts = kube.PodOf(o).Restarts
		return ended || p.Restarts != last, nil
	}})
	if err != nil {
		return p, err
	}
	if left {
		return p, fmt.Errorf("watch pod %q: it is gone", p.Name)
	}
	return p, nil
}

// wentBack begins the line that a supervisor writes into the log when an application did
// not survive its start with a change, and starts as it was before.
const wentBack = "devloop: the application ended with exit code "

// Prove says that the application in a Pod, started again with a change, serves: from then
// on its end is no longer taken for a start that failed.
//
// It returns a [*NotReadyError] where it has ended, and runs as it was before, when was said in
// what it differed from its image.
func (r *Runner) Prove(ctx context.Context, p Pod, port int, state, was string) error {
	answer, err := r.tell(ctx, p, port, Change{State: state})
	switch {
	case err == nil && answer == "ok":
		return nil
	case err == nil && answer == "gone back":
		if _, err := r.noteChange(ctx, p, was); err != nil {
			return err
		}
		return r.explain(ctx, p, nil, verdict{code: "pod.crash", why: "the application ended when it started with the change, and runs as it was before",
			container: p.Containers[0], ended: true, run: math.MaxInt32, wentBack: true})
	case err == nil:
		err = errors.New(answer)
	}
	return fmt.Errorf("ask pod %q whether it serves: %w", p.Name, err)
}

// State returns the name of what the application in a Pod consists of, "" for its image
// alone. It returns [ErrUnsupervised] where no supervisor listens on port.
func (r *Runner) State(ctx context.Context, p Pod, port int) (string, error) {
	state, err := r.tell(ctx, p, port, Change{})
	if err != nil {
		return "", fmt.Errorf("ask pod %q for its state: %w", p.Name, err)
	}
	return state, nil
}

// tell has a conversation with the supervisor.
func (r *Runner) tell(ctx context.Context, p Pod, port int, c Change) (string, error) {
	t, err := r.dial(ctx, p)
	if err != nil {
		return "", err
	}
	defer t.Close()
	defer context.AfterFunc(ctx, t.Close)()
	s, err := t.Open(port)
	if err != nil {
		return "", err
	}
	answer, err := exchange(s, c)
	end := s.End()
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case tunnel.IsRefused(end):
		return "", ErrUnsupervised
	case err != nil:
		return "", err
	}
	return answer, nil
}

// exchange sends a change and reads the answer.
func exchange(s tunnel.Stream, c Change) (string, error) {
	text, err := c.encode()
	if err != nil {
		return "", err
	}
	if _, err := s.Write(text); err != nil {
		return "", err
	}
	return readUTF(s)
}

// encode writes the change in the form of java.io.DataOutput, see Supervise.java.
func (c Change) encode() ([]byte, error) {
	var b bytes.Buffer
	if err := writeUTF(&b, c.State); err != nil {
		return nil, err
	}
	_ = binary.Write(&b, binary.BigEndian, c.Restart) // a buffer takes all
	_ = binary.Write(&b, binary.BigEndian, int32(len(c.Files)))
	for _, path := range slices.Sorted(maps.Keys(c.Files)) {
		if err := writeUTF(&b, path); err != nil {
			return nil, err
		}
		content, length := c.Files[path], int32(-1)
		if content != nil {
			length = int32(len(content))
		}
		_ = binary.Write(&b, binary.BigEndian, length)
		b.Write(content)
	}
	return b.Bytes(), nil
}

// writeUTF writes a text as DataOutput.writeUTF does, but for the characters that this
// has its own form for: they stand in no name that javac makes.
func writeUTF(to *bytes.Buffer, text string) error {
	if len(text) > 1<<16-1 {
		return fmt.Errorf("the name %.40q… is too long", text)
	}
	_ = binary.Write(to, binary.BigEndian, uint16(len(text)))
	to.WriteString(text)
	return nil
}

func readUTF(from io.Reader) (string, error) {
	var length uint16
	if err := binary.Read(from, binary.BigEndian, &length); err != nil {
		return "", err
	}
	text := make([]byte, length)
	_, err := io.ReadFull(from, text)
	return string(text), err
}

// changesVolume begins the names of the volumes that supervisors have.
const changesVolume = "devloop-changes-"

// supervised says whether a supervisor may run in a container.
func supervised(p *corev1.Pod, container string) bool {
	return slices.ContainsFunc(p.Spec.Containers, func(c corev1.Container) bool {
		return c.Name == container && slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return strings.HasPrefix(m.Name, changesVolume) })
	})
}

// keepChanges gives each container with the project's image a volume for what its
// supervisor is told: it outlives the container, and ends with the Pod.
func keepChanges(o *unstructured.Unstructured, s Spec) {
	spec := manifest.PodSpec(o)
	if spec == nil || s.ChangesDir == "" {
		return
	}
	for i, c := range manifest.MainContainersOf(o) {
		if manifest.Image(c) != s.Image {
			continue
		}
		name := changesVolume + strconv.Itoa(i)
		c["volumeMounts"] = added(c["volumeMounts"], map[string]any{"name": name, "mountPath": s.ChangesDir})
		spec["volumes"] = added(spec["volumes"], map[string]any{"name": name, "emptyDir": map[string]any{}})
	}
}

func added(field any, item map[string]any) []any {
	return append(slices.Clip(list(field)), item)
}
