package deploy

import (
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/golden"
	"github.com/devloop-cli/devloop/internal/must"
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
					must.Do(t,
						(applier{r.client}).makeNamespace(ctx, r.client.Namespace(), render.Spec{Project: "refused"}))
				}
				_, err = r.Replace(ctx,
					Spec{Spec: render.Spec{Project: "refused", Dir: "/projects/refused", Manifest: m}})
				var invalid *manifest.Error
				if !errors.As(err, &invalid) {
					t.Fatalf("namespace %s: got %v, want a *manifest.Error", namespace, err)
				}
				golden.Compare(t, strings.TrimSuffix(path, ".yaml")+".golden", golden.Report(invalid))
			}
			if removed, err := r.Down(ctx, "refused", r.client.Namespace(), nil); err != nil ||
				slices.ContainsFunc(removed, func(o kube.Ref) bool { return o.Kind != "Namespace" }) {
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
		fakeapi.Reply(w, 422, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
			Status: "Failure", Code: 422, Reason: metav1.StatusReasonInvalid,
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Field: "spec.containers[0].ports[0].containerPort", Message: "Invalid value: 8080: is not liked"}}}})
		return true
	}
	_, err := r.Replace(t.Context(), specOf(t, podText("web", "serve")))
	var invalid *manifest.Error
	if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Line != 12 ||
		!strings.Contains(invalid.Problems[0].Source, "containerPort: 8080") {
		t.Fatalf("got %v", err)
	}
	if wrote := a.Wrote(); len(wrote) != 0 {
		t.Errorf("it wrote %v", wrote)
	}
}

// TestFieldsThatCannotChangeAreShownBeforeTheBuild: the server finds that out with the object that exists.
func TestFieldsThatCannotChangeAreShownBeforeTheBuild(t *testing.T) {
	a, r := newAPI(t)
	deployment := ownPod("web")
	deployment.SetKind("Deployment")
	deployment.SetAPIVersion("apps/v1")
	a.Put("deployments", deployment)
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.URL.Query().Get("dryRun") == "" || q.Method != http.MethodPatch {
			return false
		}
		fakeapi.Reply(w, 422, metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
			Status: "Failure", Code: 422, Reason: metav1.StatusReasonInvalid,
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Field: "spec.selector",
				Message: `Invalid value: {"matchLabels":{"app":"web"}}: field is immutable`}}}})
		return true
	}
	err := r.Claim(t.Context(), shop(t,
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n"+
			"  template:\n    metadata: {labels: {app: web}}\n    spec: {containers: [{name: app, image: shop}]}\n"))
	var invalid *manifest.Error
	if !errors.As(err, &invalid) || invalid.Problems[0].Line != 5 ||
		!strings.HasSuffix(invalid.Problems[0].Message, "field is immutable") ||
		!strings.Contains(invalid.Problems[0].Hint, "devloop delete deployment web -n default") {
		t.Errorf("got %v", err)
	}
}

// TestClusterDecidesWhichFieldsThereAre: one that is newer than devloop has more. If it does not have a field, either,
// the user is told what was meant.
func TestClusterDecidesWhichFieldsThereAre(t *testing.T) {
	text := strings.Replace(shopPod, "imagePullPolicy: Always, ports", "imagePullPolcy: Always, ports", 1)
	a, r := newAPI(t)
	if err := r.Claim(t.Context(), shop(t, text)); err != nil {
		t.Errorf("the cluster has the field: %v", err)
	}
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.URL.Query().Get("dryRun") == "" {
			return false
		}
		fakeapi.Refuse(w, 400, metav1.StatusReasonBadRequest, `Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].imagePullPolcy"`)
		return true
	}
	err := r.Claim(t.Context(), shop(t, text))
	var invalid *manifest.Error
	if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Line != 8 ||
		invalid.Problems[0].Hint != "did you mean `imagePullPolicy`?" {
		t.Errorf("got %v", err)
	}
}

// TestUnknownKindSaysWhatWasMeant, in a group of Kubernetes.
func TestUnknownKindSaysWhatWasMeant(t *testing.T) {
	_, r := newAPI(t)
	err := r.Claim(t.Context(), shop(t, shopPod+"---\napiVersion: v1\nkind: Servic\nmetadata: {name: web}\n"))
	var invalid *manifest.Error
	if !errors.As(err, &invalid) || !strings.Contains(invalid.Problems[0].Hint, "Service") {
		t.Errorf("got %v", err)
	}
}

// TestKindsOfMissingOperatorsAreLeftOut, and named, if there is anything else to deploy.
func TestKindsOfMissingOperatorsAreLeftOut(t *testing.T) {
	a, r := newAPI(t)
	monitor := "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: shop}\nspec: {endpoints: [{port: http}]}\n"
	var missing []kube.Ref
	spec := shop(t, monitor+"---"+shopPod)
	spec.LeftOut = func(refs []kube.Ref) { missing = refs }
	if _, err := r.Replace(t.Context(), spec); err != nil || len(missing) != 1 || missing[0].Kind != "ServiceMonitor" ||
		a.Get("pods/default/web") == nil {
		t.Errorf("left out %v, %v", missing, err)
	}
	alone := Spec{Spec: render.Spec{Project: "shop", Manifest: read(t, monitor)}}
	if _, err := r.Replace(t.Context(), alone); err == nil || !strings.Contains(err.Error(), "ServiceMonitor") {
		t.Errorf("nothing was deployed, and the error is %v", err)
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

// TestObjectsThatAreOneInTheClusterAreRefused has an object with the namespace that the other one gets.
func TestObjectsThatAreOneInTheClusterAreRefused(t *testing.T) {
	a, r := newAPI(t)
	spec := specOf(t, podText("web", "serve")+settings+
		strings.Replace(settings, "{name: settings}", "{name: settings, namespace: default}", 1))
	err := r.Claim(t.Context(), spec)
	var invalid *manifest.Error
	if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || !strings.Contains(invalid.Problems[0].Message,
		`another object of that name in namespace "default"`) || len(a.Wrote()) > 0 {
		t.Errorf("got %v after %v", err, a.Wrote())
	}
}

// TestManifestIsCheckedWhileItsNamespaceIsBeingRemoved: the server refuses all there before it looks at the values.
func TestManifestIsCheckedWhileItsNamespaceIsBeingRemoved(t *testing.T) {
	a, r := newAPI(t)
	tried := make(chan string, 10)
	a.Fault = func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method != http.MethodPost || q.URL.Query().Get("dryRun") == "" {
			return false
		}
		tried <- q.URL.Path
		if !strings.Contains(q.URL.Path, "/namespaces/new/") {
			return false
		}
		status := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "web",
			errors.New("it is being terminated")).Status()
		status.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
		status.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
		fakeapi.Reply(w, http.StatusForbidden, status)
		return true
	}
	if err := r.Claim(t.Context(),
		shop(t, strings.Replace(shopPod, "name: web", "name: web, namespace: new", 1))); err != nil {
		t.Error(err)
	}
	close(tried)
	var at []string
	for path := range tried {
		at = append(at, path)
	}
	at = slices.Compact(at) // the transport asks again what is forbidden
	if want := []string{"/api/v1/namespaces/new/pods", "/api/v1/namespaces/default/pods"}; !slices.Equal(at, want) {
		t.Errorf("tried %q, want %q", at, want)
	}
}
