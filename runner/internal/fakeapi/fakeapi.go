// Package fakeapi is an API server of a few hundred lines for tests: they go through the real client and its wire.
package fakeapi

//lint:file-ignore SA1019 client-go 0.37 still deals in apimachinery's httpstream: its spdy.Negotiate returns one

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/rest"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/cluster"
)

// API is the server. It lists, watches, creates, applies and deletes objects of the served kinds, and has hooks.
type API struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	objects  map[string]*unstructured.Unstructured // by "pods/namespace/name"
	dropped  []*unstructured.Unstructured          // with the version of their end
	version  int
	watchers map[*watcher]bool
	writes   []string // what changed anything: "POST pods/default/web"

	// Fault, where set, may answer a request itself.
	Fault func(w http.ResponseWriter, r *http.Request) bool
	// Starting, where set, says whether the server has not read its roles yet.
	Starting func() bool
	// Ahead is how far the server's clock is ahead of this machine's.
	Ahead time.Duration
	// Deleted is told of an object to delete, instead of its going at once.
	Deleted func(key string, options metav1.DeleteOptions)
	// Logs are what the log requests get, one after the other.
	Logs []string
	// Forward serves a conversation with a port; its error goes to the problem stream.
	Forward func(port int, data httpstream.Stream) error
}

type watcher struct {
	match  func(*unstructured.Unstructured) bool
	events chan []byte
	cut    chan struct{}
}

// New returns a server that ends with the test, and a client for it.
func New(t *testing.T) (*API, *cluster.Client) {
	t.Helper()
	a := &API{t: t, objects: map[string]*unstructured.Unstructured{}, watchers: map[*watcher]bool{}}
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(func() { a.CutWatches(); a.CloseClientConnections(); a.Close() })
	a.Put("serviceaccounts", Object("v1", "ServiceAccount", "default"))
	json := rest.ContentConfig{ContentType: "application/json", AcceptContentTypes: "application/json"}
	c := must.Get(cluster.New(&rest.Config{Host: a.URL, ContentConfig: json}, "test", "default"))(t)
	return a, c
}

// Put stores an object and tells the watchers.
func (a *API) Put(resource string, o *unstructured.Unstructured) *unstructured.Unstructured {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := strings.Join([]string{resource, o.GetNamespace(), o.GetName()}, "/")
	kind := "MODIFIED"
	if a.objects[key] == nil {
		kind = "ADDED"
	}
	a.version++
	o = o.DeepCopy()
	if o.GetUID() == "" {
		o.SetUID(UID(a.version))
	}
	o.SetResourceVersion(strconv.Itoa(a.version))
	a.objects[key] = o
	a.tell(kind, o)
	return o
}

// Drop removes an object and tells the watchers.
func (a *API) Drop(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if o := a.objects[key]; o != nil {
		delete(a.objects, key)
		a.version++
		o = o.DeepCopy()
		o.SetResourceVersion(strconv.Itoa(a.version))
		a.dropped = append(a.dropped, o)
		a.tell("DELETED", o)
	}
}

func (a *API) tell(kind string, o *unstructured.Unstructured) {
	for w := range a.watchers {
		w.tell(kind, o)
	}
}

func (w *watcher) tell(kind string, o *unstructured.Unstructured) {
	if !w.match(o) {
		return
	}
	line, err := json.Marshal(map[string]any{"type": kind, "object": o.Object})
	if err != nil {
		panic(err) // it came as JSON
	}
	w.events <- line
}

// Watched reports whether a client watches o.
func (a *API) Watched(o *unstructured.Unstructured) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for w := range a.watchers {
		if w.match(o) {
			return true
		}
	}
	return false
}

// CutWatches breaks all watches off.
func (a *API) CutWatches() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for w := range a.watchers {
		close(w.cut)
		delete(a.watchers, w)
	}
}

// Get returns an object by "pods/namespace/name", nil if it does not exist.
func (a *API) Get(key string) *unstructured.Unstructured {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.objects[key]
}

// Wrote returns the requests that changed anything: "POST pods/default/web".
func (a *API) Wrote() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.writes)
}

func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", a.Now().UTC().Format(http.TimeFormat))
	if r.URL.Path == "/readyz" {
		if a.Starting != nil && a.Starting() {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return
	}
	if a.Fault != nil && a.Fault(w, r) {
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/api":
		Reply(w, 200, metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
	case r.URL.Path == "/apis":
		list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList"}}
		for _, name := range a.groups() {
			version := metav1.GroupVersionForDiscovery{GroupVersion: name + "/v1", Version: "v1"}
			list.Groups = append(list.Groups, metav1.APIGroup{Name: name,
				Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version})
		}
		Reply(w, 200, list)
	case r.URL.Path == "/api/v1", parts[0] == "apis" && len(parts) == 3:
		a.resources(w, groupVersion(r))
	case parts[0] == "api":
		a.resource(w, r, parts[2:])
	default:
		a.resource(w, r, parts[3:])
	}
}

// groups returns the API groups, that of the widgets only once they are defined.
func (a *API) groups() []string {
	groups := []string{"apps", "batch", "rbac.authorization.k8s.io", "apiextensions.k8s.io"}
	if a.Get("customresourcedefinitions//widgets.example.com") != nil {
		groups = append(groups, "example.com")
	}
	return groups
}

func (a *API) resources(w http.ResponseWriter, version string) {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList"}, GroupVersion: version}
	for _, r := range served {
		if strings.TrimPrefix(r.Group+"/v1", "/") == version {
			list.APIResources = append(list.APIResources, r)
		}
	}
	Reply(w, 200, list)
}

// Now returns the time by the server's clock.
func (a *API) Now() time.Time { return time.Now().Add(a.Ahead) }

// Reply answers with v as JSON.
func Reply(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // a client that is gone
}

// Refuse answers as the API server does when it does not do something.
func Refuse(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	Reply(w, code, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure",
		Code: int32(code), Reason: reason, Message: message})
}

// resource serves [namespaces NS] RESOURCE [NAME [SUB]].
func (a *API) resource(w http.ResponseWriter, r *http.Request, path []string) {
	namespace := ""
	if path[0] == "namespaces" && len(path) > 2 {
		namespace, path = path[1], path[2:]
	}
	resource := path[0]
	if len(path) == 1 && r.Method == http.MethodGet {
		a.list(w, r, resource, namespace)
		return
	}
	name := ""
	if len(path) > 1 {
		name = path[1]
	}
	key := strings.Join([]string{resource, namespace, name}, "/")
	switch {
	case len(path) > 2 && path[2] == "log":
		a.log(w)
	case len(path) > 2 && path[2] == "portforward":
		a.portForward(w, r)
	case r.Method == http.MethodGet:
		if o := a.Get(key); o != nil {
			Reply(w, 200, o)
			return
		}
		Refuse(w, 404, metav1.StatusReasonNotFound, key+" not found")
	case r.Method == http.MethodDelete:
		a.delete(w, r, key)
	default:
		a.Write(w, r, resource, namespace)
	}
}

// Write serves a request that creates or applies an object.
func (a *API) Write(w http.ResponseWriter, r *http.Request, resource, namespace string) {
	o := &unstructured.Unstructured{}
	if err := json.NewDecoder(r.Body).Decode(o); err != nil {
		Refuse(w, 400, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	o.SetNamespace(namespace)
	key := strings.Join([]string{resource, namespace, o.GetName()}, "/")
	old := a.Get(key)
	if old != nil && r.Method == http.MethodPost {
		Refuse(w, 409, metav1.StatusReasonAlreadyExists, key+" already exists")
		return
	}
	if r.URL.Query().Get("dryRun") != "" {
		Reply(w, 201, o)
		return
	}
	if old != nil {
		o.SetUID(old.GetUID())
	}
	a.mu.Lock()
	a.writes = append(a.writes, r.Method+" "+key)
	a.mu.Unlock()
	Reply(w, 200, a.Put(resource, o))
}

func (a *API) delete(w http.ResponseWriter, r *http.Request, key string) {
	var options metav1.DeleteOptions
	if err := json.NewDecoder(r.Body).Decode(&options); err != nil {
		a.t.Error(err)
	}
	o := a.Get(key)
	if o == nil {
		Refuse(w, 404, metav1.StatusReasonNotFound, key+" not found")
		return
	}
	if options.Preconditions == nil || *options.Preconditions.UID != o.GetUID() {
		Refuse(w, 409, metav1.StatusReasonConflict, key+" has another uid")
		return
	}
	a.mu.Lock()
	a.writes = append(a.writes, "DELETE "+key)
	a.mu.Unlock()
	if a.Deleted != nil {
		a.Deleted(key, options)
	} else {
		a.Drop(key)
	}
	Reply(w, 200, o)
}

func (a *API) list(w http.ResponseWriter, r *http.Request, resource, namespace string) {
	query := r.URL.Query()
	selector, err := labels.Parse(query.Get("labelSelector"))
	if err != nil {
		Refuse(w, 400, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	name, byName := strings.CutPrefix(query.Get("fieldSelector"), "metadata.name=")
	match := func(o *unstructured.Unstructured) bool {
		return strings.EqualFold(o.GetKind()+"s", resource) && (namespace == "" || o.GetNamespace() == namespace) &&
			selector.Matches(labels.Set(o.GetLabels())) && (!byName || o.GetName() == name)
	}
	a.mu.Lock()
	items := []any{}
	for _, key := range slices.Sorted(maps.Keys(a.objects)) {
		if o := a.objects[key]; match(o) {
			items = append(items, o.Object)
		}
	}
	if query.Get("watch") == "" {
		version := a.version
		a.mu.Unlock()
		Reply(w, 200, map[string]any{"kind": kindOf(resource) + "List", "apiVersion": groupVersion(r), "items": items,
			"metadata": map[string]any{"resourceVersion": strconv.Itoa(version)}})
		return
	}
	watch := &watcher{match: match, events: make(chan []byte, 100), cut: make(chan struct{})}
	a.watchers[watch] = true
	since, _ := strconv.Atoi(query.Get("resourceVersion"))
	watch.catchUp(items, a.dropped, since)
	a.mu.Unlock()
	a.stream(w, r, watch)
}

// catchUp tells what changed after a version: between the client's list and its watch.
func (w *watcher) catchUp(items []any, dropped []*unstructured.Unstructured, since int) {
	for _, o := range items {
		if object := (&unstructured.Unstructured{Object: o.(map[string]any)}); version(object) > since {
			w.tell("MODIFIED", object)
		}
	}
	for _, o := range dropped {
		if version(o) > since {
			w.tell("DELETED", o)
		}
	}
}

func groupVersion(r *http.Request) string {
	if parts := strings.Split(r.URL.Path, "/"); len(parts) > 3 && parts[1] == "apis" {
		return parts[2] + "/" + parts[3]
	}
	return "v1"
}

// kindOf: a typed client takes a list of another kind for an empty one.
func kindOf(resource string) string {
	return served[slices.IndexFunc(served, func(r metav1.APIResource) bool { return r.Name == resource })].Kind
}

func version(o *unstructured.Unstructured) int {
	v, _ := strconv.Atoi(o.GetResourceVersion())
	return v
}

// Eventually waits until a condition holds that something else brings about.
func Eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// Once has the next request of a kind fail; a watch is one that GET does not stand for.
func Once(a *API, request string, fault func(http.ResponseWriter)) *atomic.Bool {
	failed := &atomic.Bool{}
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		kind := q.Method
		if q.URL.Query().Get("watch") != "" {
			kind = "watch"
		}
		if kind != request || !strings.Contains(q.URL.Path, "/namespaces/") || !failed.CompareAndSwap(false, true) {
			return false
		}
		fault(w)
		return true
	}
	return failed
}
