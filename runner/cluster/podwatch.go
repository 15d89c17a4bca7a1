package cluster

import (
	"context"
	"errors"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/devloop-cli/devloop/internal/pause"
	"github.com/devloop-cli/devloop/runner/kube"
)

const (
	// relistPause is the time between the end of a watch and the next list, for servers that end
	// each watch at once. It is also the time between two calls of [PodWatch.Poll].
	relistPause = 250 * time.Millisecond
	// outagePause is the time between the requests of a patient watch. The transport has retried each for seconds.
	outagePause = time.Second
)

// PodWatch says which Pods to watch and what to do with them.
type PodWatch struct {
	Namespace string
	// Pod, where set, is the only Pod to watch. A later Pod of the same name is another one.
	Pod *kube.Pod
	// See gets each state of each Pod, perhaps twice; gone marks the last. The watch ends when it says so, or errs.
	See func(pod *corev1.Pod, gone bool) (done bool, err error)
	// Poll, where set, is called after each list and every quarter of a second. It may
	// wait for what no Pod shows, such as a controller that has nothing to do.
	Poll func() (done bool, err error)
	// Patient keeps the watch going through an outage of the API server, however long. See or Poll may meet it first.
	Patient bool
	// Away, where set, is told that the API server does not answer a patient watch, and that it does again.
	Away func(bool)
}

// WatchPods lists the Pods, watches them, and lists again whenever the server ends the watch, which it
// does every few minutes. It returns when See or Poll say so, when a request fails, or ctx's cause.
func (c *Client) WatchPods(ctx context.Context, o PodWatch) error {
	if o.Away == nil {
		o.Away = func(bool) {}
	}
	w := &podWatch{PodWatch: o, c: c, known: map[types.UID]*corev1.Pod{}}
	if o.Pod != nil {
		w.Namespace = o.Pod.Namespace
		w.options.FieldSelector = fields.OneTermEqualSelector("metadata.name", o.Pod.Name).String()
		w.known[o.Pod.UID] = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: o.Pod.Namespace, Name: o.Pod.Name,
			UID: o.Pod.UID}}
	}
	return w.run(ctx)
}

// WaitPodGone waits until the Pod has left the cluster, also through an outage of the API server.
func (c *Client) WaitPodGone(ctx context.Context, p kube.Pod) error {
	return c.WatchPods(ctx,
		PodWatch{Pod: &p, Patient: true, See: func(_ *corev1.Pod, gone bool) (bool, error) { return gone, nil }})
}

type podWatch struct {
	PodWatch
	c       *Client
	options metav1.ListOptions
	known   map[types.UID]*corev1.Pod // the Pods of the last list or event
}

// requestError tells the error of a request from one of See or Poll.
type requestError struct{ error }

func (e *requestError) Unwrap() error { return e.error }

func (w *podWatch) run(ctx context.Context) error {
	for {
		done, version, err := w.list(ctx)
		if err == nil && !done {
			done, err = w.watch(ctx, version)
		}
		if err != nil && w.retries(ctx, err) {
			continue
		}
		if failed, is := errors.AsType[*requestError](err); is {
			err = failed.error
		}
		if done || err != nil {
			return err
		}
		if !pause.For(ctx, relistPause) {
			return context.Cause(ctx)
		}
	}
}

// retries says whether to start over after an error, after a pause. A user who may not watch Pods now may not later.
func (w *podWatch) retries(ctx context.Context, err error) bool {
	passes := errors.As(err, new(*requestError)) && !apierrors.IsForbidden(err) && !apierrors.IsUnauthorized(err)
	if !w.Patient || !passes && !isOutage(err) || ctx.Err() != nil {
		return false
	}
	w.Away(true)
	return pause.For(ctx, outagePause)
}

// isOutage reports whether an error of See or Poll is that of a server that is away, or not all there yet.
func isOutage(err error) bool {
	status := apierrors.APIStatus(nil)
	return errors.As(err, new(*UnreachableError)) ||
		errors.As(err, &status) && status.Status().Code >= http.StatusInternalServerError
}

func (w *podWatch) requestError(ctx context.Context, verb string, err error) error {
	return &requestError{w.c.WrapError(ctx, verb, kube.Ref{Kind: "Namespace", Name: w.Namespace}, err)}
}

func (w *podWatch) list(ctx context.Context) (done bool, version string, err error) {
	pods, err := w.c.Core.CoreV1().Pods(w.Namespace).List(ctx, w.options)
	if err != nil {
		return false, "", w.requestError(ctx, "list pods of", err)
	}
	w.Away(false)
	listed := map[types.UID]bool{}
	for i := range pods.Items {
		listed[pods.Items[i].UID] = true
		if done, err := w.saw(&pods.Items[i], false); done || err != nil {
			return done, "", err
		}
	}
	for uid, pod := range w.known {
		if listed[uid] {
			continue
		}
		if done, err := w.saw(pod, true); done || err != nil {
			return done, "", err
		}
	}
	if w.Poll != nil {
		done, err = w.Poll()
	}
	return done, pods.ResourceVersion, err
}

func (w *podWatch) saw(pod *corev1.Pod, gone bool) (bool, error) {
	if w.known[pod.UID] = pod; gone {
		delete(w.known, pod.UID)
	}
	if w.Pod != nil && pod.UID != w.Pod.UID {
		return false, nil
	}
	return w.See(pod, gone)
}

// watch reports changes since version until the server ends the watch.
func (w *podWatch) watch(ctx context.Context, version string) (done bool, err error) {
	options := w.options
	options.ResourceVersion = version
	events, err := w.c.Stream.CoreV1().Pods(w.Namespace).Watch(ctx, options)
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return false, nil
	}
	if err != nil {
		return false, w.requestError(ctx, "watch pods of", err)
	}
	defer events.Stop()
	var poll <-chan time.Time
	if w.Poll != nil {
		ticker := time.NewTicker(relistPause)
		defer ticker.Stop()
		poll = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-poll:
			if done, err := w.Poll(); done || err != nil {
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
