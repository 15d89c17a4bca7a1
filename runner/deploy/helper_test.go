package deploy

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/internal/fakeapi"
	"github.com/devloop-cli/devloop/runner/kube"
	"github.com/devloop-cli/devloop/runner/manifest"
	"github.com/devloop-cli/devloop/runner/render"
)

const appImage = "runner-app:devloop-0123456789ab"

func newAPI(t *testing.T) (*fakeapi.API, *Deployer) {
	t.Helper()
	a, c := fakeapi.New(t)
	return a, New(c)
}

func read(t *testing.T, text string) manifest.Manifest {
	t.Helper()
	return must.Get(manifest.Load(testfile.Write(t, t.TempDir(), "pod.yaml", text)))(t)
}

// podText is the manifest of a Pod of the project that specOf is about.
func podText(name, mode string) string {
	return strings.NewReplacer("NAME", name, "MODE", mode).Replace(`
apiVersion: v1
kind: Pod
metadata:
  name: NAME
spec:
  containers:
    - name: app
      image: runner-app
      args: [MODE]
      ports:
        - containerPort: 8080
`)
}

func specOf(t *testing.T, text string) Spec {
	t.Helper()
	return Spec{Spec: render.Spec{Project: t.Name(), Dir: "/projects/app", Manifest: read(t, text), Image: appImage,
		Names: []string{"runner-app:latest"}}}
}

// realDeployer returns a deployer to the test cluster, for a namespace that does not exist yet and goes with the test.
func realDeployer(t *testing.T) *Deployer {
	t.Helper()
	c := must.Get(cluster.New(real.Kind(t), "kind-"+real.ClusterName, "deploy-"+strings.ToLower(rand.Text()[:8])))(t)
	t.Cleanup(func() {
		err := c.Core.CoreV1().Namespaces().Delete(context.Background(), c.Namespace(), metav1.DeleteOptions{})
		if err != nil && !kube.IsNotFoundOrReplaced(err) {
			t.Errorf("remove the test's namespace: %v", err)
		}
	})
	return New(c)
}
