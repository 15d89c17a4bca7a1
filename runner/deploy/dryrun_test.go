package deploy

import (
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/golden"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/render"
)

// TestRealClusterChecksBeforeAnythingIsTouched shows what a person is told about
// mistakes that only the cluster finds: the golden files are meant to be read.
func TestRealClusterChecksBeforeAnythingIsTouched(t *testing.T) {
	real.Kind(t)
	paths, err := filepath.Glob("testdata/refused/*.yaml")
	if err != nil || len(paths) < 5 {
		t.Fatalf("found %d, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			r, ctx := realDeployer(t), t.Context()
			m, err := manifest.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, namespace := range []string{"to come", "there"} {
				if namespace == "there" {
					if err := (applier{r.client}).makeNamespace(ctx, r.client.Namespace(), render.Spec{Project: "refused"}); err != nil {
						t.Fatal(err)
					}
				}
				_, err = r.Replace(ctx, Spec{Spec: render.Spec{Project: "refused", Dir: "/projects/refused", Manifest: m}})
				var invalid *manifest.Error
				if !errors.As(err, &invalid) {
					t.Fatalf("namespace %s: got %v, want a *manifest.Error", namespace, err)
				}
				golden.Compare(t, strings.TrimSuffix(path, ".yaml")+".golden", golden.Report(invalid))
			}
			if removed, err := r.Down(ctx, "refused", r.client.Namespace(), nil); err != nil || slices.ContainsFunc(removed, func(o kube.Ref) bool { return o.Kind != "Namespace" }) {
				t.Errorf("it had made %v, %v", removed, err)
			}
		})
	}
}

func TestRefusalTouchesNothing(t *testing.T) {
	a, r := newAPI(t)
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.URL.Query().Get("dryRun") == "" {
			return false
		}
		fakeapi.Reply(w, 422, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Code: 422, Reason: metav1.StatusReasonInvalid,
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Field: "spec.containers[0].ports[0].containerPort", Message: "Invalid value: 8080: is not liked"}}}})
		return true
	}
	_, err := r.Replace(t.Context(), specOf(t, podText("web", "serve")))
	var invalid *manifest.Error
	if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Line != 12 || !strings.Contains(invalid.Problems[0].Source, "containerPort: 8080") {
		t.Fatalf("got %v", err)
	}
	if wrote := a.Wrote(); len(wrote) != 0 {
		t.Errorf("it wrote %v", wrote)
	}
}

const patchedPod = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 60
      containers:
        - name: app
          image: runner-app
          readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 5}
          startupProbe: {tcpSocket: {port: 8080}, failureThreshold: 12}
          livenessProbe: {tcpSocket: {port: 8080}, periodSeconds: 20}
`
