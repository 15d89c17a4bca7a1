package runner

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// relistPause is how long a watch that ended is left alone before the Pods are
// listed again, so that a server which ends each watch at once is not besieged, and the time
// between two calls of [podWatch.listed] while no Pod changes.
const relistPause = 250 * time.Millisecond

// podWatch follows Pods of a namespace: it lists them, watches from there, and
// lists again when the watch ends, which the API server does every few minutes and
// whenever it has forgotten the version that the watch began with.
type podWatch struct {
	r         *Runner
	namespace string
	options   metav1.ListOptions
	// known are the Pods seen last. One that vanished between two watches is
	// reported as gone like any other.
	known map[types.UID]*corev1.Pod
	// see is told of each state of each Pod; gone marks the last. Its done ends the
	// watch. It is nil safe to be called again with a state that it has seen.
	see func(pod *corev1.Pod, gone bool) (done bool, err error)
	// listed, where set, is called after each list, and now and then: it may wait for what no
	// Pod tells of, such as a controller's word that there is nothing to do.
	listed func() (done bool, err error)
	// patient goes on through an outage of the API server, however long: for what has to be
	// seen as long as a session lasts.
	patient bool
}

// lapsePause is how long a patient watch waits after a request that failed, which has been
// sent again for some seconds by then.
const lapsePause = time.Second

// lapseError wraps the error of a request, to tell it from one of podWatch.see.
type lapseError struct{ error }

func (e *lapseError) Unwrap() error { return e.error }

// goesOn says whether the watch begins again after an error. A user who may not watch Pods will
// not be allowed to later.
func (w *podWatch) goesOn(ctx context.Context, err error) bool {
	return w.patient && errors.As(err, new(*lapseError)) && !apierrors.IsForbidden(err) && !apierrors.IsUnauthorized(err) &&
		ctx.Err() == nil && pause(ctx, lapsePause)
}

// named selects the Pod of that name.
func named(name string) metav1.ListOptions {
	return metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", name).String()}
}

// run follows the Pods until see or listed say done, or something fails.
func (w *podWatch) run(ctx context.Context) error {
	if w.known == nil {
		w.known = map[types.UID]*corev1.Pod{}
	}
	for {
		done, version, err := w.list(ctx)
		if err == nil && !done {
			done, err = w.watch(ctx, version)
		}
		if err != nil && w.goesOn(ctx, err) {
			continue
		}
		if lapse, is := errors.AsType[*lapseError](err); is {
			err = lapse.error
		}
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(relistPause):
		}
	}
}

func (w *podWatch) list(ctx context.Context) (done bool, version string, err error) {
	pods, err := w.r.core.CoreV1().Pods(w.namespace).List(ctx, w.options)
	if err != nil {
		return false, "", &lapseError{w.r.failed(ctx, "list pods of", Object{Kind: "Namespace", Name: w.namespace}, err)}
	}
	there := map[types.UID]bool{}
	for i := range pods.Items {
		there[pods.Items[i].UID] = true
		if done, err := w.saw(&pods.Items[i], false); done || err != nil {
			return done, "", err
		}
	}
	for uid, pod := range w.known {
		if there[uid] {
			continue
		}
		if done, err := w.saw(pod, true); done || err != nil {
			return done, "", err
		}
	}
	if w.listed != nil {
		done, err = w.listed()
	}
	return done, pods.ResourceVersion, err
}

func (w *podWatch) saw(pod *corev1.Pod, gone bool) (bool, error) {
	if w.known[pod.UID] = pod; gone {
		delete(w.known, pod.UID)
	}
	return w.see(pod, gone)
}

// watch reports changes since version until the server ends the watch.
func (w *podWatch) watch(ctx context.Context, version string) (done bool, err error) {
	options := w.options
	options.ResourceVersion = version
	events, err := w.r.stream.CoreV1().Pods(w.namespace).Watch(ctx, options)
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return false, nil
	}
	if err != nil {
		return false, &lapseError{w.r.failed(ctx, "watch pods of", Object{Kind: "Namespace", Name: w.namespace}, err)}
	}
	defer events.Stop()
	var again <-chan time.Time
	if w.listed != nil {
		ticker := time.NewTicker(relistPause)
		defer ticker.Stop()
		again = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-again:
			if done, err := w.listed(); done || err != nil {
				return done, err
			}
		case event, open := <-events.ResultChan():
			if !open || event.Type == watch.Error {
				return false, nil
			}
			pod, ok := event.Object.(*corev1.Pod)
			if !ok {
				continue
			}
			if done, err := w.saw(pod, event.Type == watch.Deleted); done || err != nil {
				return done, err
			}
		}
	}
}

// gone waits until a Pod has left the cluster.
func (r *Runner) gone(ctx context.Context, pod *corev1.Pod, patient bool) error {
	w := podWatch{
		r: r, namespace: pod.Namespace, options: named(pod.Name), patient: patient,
		known: map[types.UID]*corev1.Pod{pod.UID: pod},
		see: func(p *corev1.Pod, gone bool) (bool, error) {
			return gone && p.UID == pod.UID, nil
		},
	}
	return w.run(ctx)
}

// isMissing says whether the API server knows no such object, or another one by
// now under that name: a delete by UID is then refused as a conflict.
func isMissing(err error) bool { return apierrors.IsNotFound(err) || apierrors.IsConflict(err) }

// errStopped is the cause of contexts that end because their work is done.
var errStopped = errors.New("stopped")
