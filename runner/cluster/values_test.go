package cluster_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/kube"
)

func TestValuesOfConfigMapsAndSecrets(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/api/v1/namespaces/team/configmaps/jvm":
			_, _ = io.WriteString(w,
				`{"kind": "ConfigMap", "apiVersion": "v1", "data": {"JAVA_TOOL_OPTIONS": "-XX:+UseG1GC"}}`)
		case "/api/v1/namespaces/team/secrets/jvm":
			_, _ = io.WriteString(w, `{"kind": "Secret", "apiVersion": "v1", "data": {"JDK_JAVA_OPTIONS": "LVhteDFn"}}`)
		case "/api/v1/namespaces/team/configmaps/empty":
			_, _ = io.WriteString(w, `{"kind": "ConfigMap", "apiVersion": "v1"}`)
		case "/api/v1/namespaces/team/secrets/hidden":
			w.WriteHeader(http.StatusForbidden)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	c := must.Get(cluster.New(&rest.Config{Host: server.URL}, "one", "team"))(t)
	of := func(kind, name string) kube.Ref { return kube.Ref{Kind: kind, Namespace: "team", Name: name} }
	got, failed := c.Values(t.Context(), of("ConfigMap", "jvm"), of("Secret", "jvm"), of("Secret", "hidden"),
		of("ConfigMap", "none"), of("ConfigMap", "empty"))
	want := map[kube.Ref]map[string]string{of("ConfigMap", "jvm"): {"JAVA_TOOL_OPTIONS": "-XX:+UseG1GC"},
		of("Secret", "jvm"): {"JDK_JAVA_OPTIONS": "-Xmx1g"}, of("ConfigMap", "empty"): {}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(failed) != 1 || failed[of("Secret", "hidden")] == nil {
		t.Errorf("not read: %v", failed)
	}
}

func TestServerThatIsAwayIsNotAskedForEachValue(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c := must.Get(cluster.New(&rest.Config{Host: server.URL}, "one", "team"))(t)
	one, other := kube.Ref{Kind: "ConfigMap", Namespace: "team", Name: "one"},
		kube.Ref{Kind: "ConfigMap", Namespace: "team", Name: "other"}
	got, failed := c.Values(t.Context(), one, other)
	if len(got) > 0 || len(failed) != 2 || failed[other] != failed[one] ||
		!errors.As(failed[one], new(*cluster.UnreachableError)) {
		t.Errorf("got %v, %v", got, failed)
	}
}
