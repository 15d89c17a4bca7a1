package main

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
)

// deploymentManifest is of one Pod that Kubernetes keeps until the next one is ready; its
// placeholder is for more of the container.
const deploymentManifest = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: spring-maven
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /, port: 8080}}
        %s
`

// onePod waits until the scenario's namespace has one Pod that is not about to go: a Deployment's controller ends the
// ones before when the next one is ready, in its own time.
func (s *scenario) onePod() (one corev1.Pod) {
	s.Helper()
	eventually(s.T, "one Pod", func() bool {
		living := 0
		for _, pod := range s.pods() {
			if pod.DeletionTimestamp == nil {
				living++
				one = pod
			}
		}
		return living == 1
	})
	return one
}

// TestScenarioADeploymentServesUntilItsNextPodDoes has a Deployment's next Pod fail: localhost
// answers all the time, with the code of before.
func TestScenarioADeploymentServesUntilItsNextPodDoes(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	s.write("k8s/web.yaml", fmt.Sprintf(deploymentManifest, ""))
	r := s.start("run", "--keep-serving")
	url := r.answered("Hello, World")
	r.finished(event.OK)

	t.Log("an application that does not start takes nothing away")
	s.write("k8s/web.yaml", fmt.Sprintf(deploymentManifest, "env: [{name: SERVER_PORT, value: none}]"))
	if f := r.finished(event.Failed); f.Code != "pod.crash" {
		t.Errorf("it failed with %+v", f)
	}
	if got := page(url, "text/plain"); got != "200 Hello, World" {
		t.Errorf("localhost says %q", got)
	}

	t.Log("nor does an edit while it does not, nor the next one that is right")
	s.replaceInSource("Hello, World", "Hello, once more")
	r.finished(event.Failed)
	if got := page(url, "text/plain"); got != "200 Hello, World" {
		t.Errorf("localhost says %q", got)
	}
	s.write("k8s/web.yaml", fmt.Sprintf(deploymentManifest, ""))
	r.answered("Hello, once more")
	r.finished(event.OK)

	t.Log("the Pod is changed while it runs, and the Deployment keeps to its one Pod")
	s.replaceInSource("Hello, once more", "Hello, end")
	if got := r.took(); got != "compile swap forward" {
		t.Errorf("a body took %s", got)
	}

	t.Log("Enter makes a new Pod of it all, and once more where nothing has changed")
	r.renew()
	r.answered("Hello, end")
	r.finished(event.OK)
	before := s.onePod()
	r.renew()
	r.answered("Hello, end")
	r.finished(event.OK)
	r.quit()
	if after := s.onePod(); after.UID == before.UID {
		t.Errorf("Pod %q stayed", after.Name)
	}
}

// TestScenarioADeploymentOfTheSameImageHasNoChangesOfBefore changes a Deployment's Pod while it runs, and
// deploys the image that it was made with: the Deployment is as it was, and its Pod must not be.
func TestScenarioADeploymentOfTheSameImageHasNoChangesOfBefore(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	s.write("k8s/web.yaml", fmt.Sprintf(deploymentManifest, ""))
	var images []string
	for _, edited := range []string{`return "Hello, more";`,
		"return more();\n    }\n    String more() {\n        return \"Hello, more\";"} {
		r := s.start("run")
		r.answered("Hello, World")
		r.finished(event.OK)
		images = append(images, s.onePod().Spec.Containers[0].Image)
		s.replaceInSource(`return "Hello, World";`, edited)
		r.answered("Hello, more")
		r.finished(event.OK)
		r.quit()
		s.replaceInSource(edited, `return "Hello, World";`)
	}
	if images[0] != images[1] {
		t.Errorf("the Pods were made of %q, not of one image", images)
	}
	if n := s.answers(s.must("deploy"), "Hello, World"); n != 1 {
		t.Errorf("%d answers, want 1", n)
	}
}

// TestScenarioAnEditedConfigMapReachesTheApplication edits what a Deployment's Pods read when they
// start, and nothing of the Deployment itself.
func TestScenarioAnEditedConfigMapReachesTheApplication(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	s.write("k8s/web.yaml", fmt.Sprintf(deploymentManifest, "envFrom: [{configMapRef: {name: words}}]"))
	s.replaceInSource(`return "Hello, World";`, `return System.getenv("GREETING");`)
	const words = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {GREETING: %s}\n"
	s.write("k8s/words.yaml", fmt.Sprintf(words, "one"))
	r := s.start("run")
	r.answered("one")
	r.finished(event.OK)
	s.write("k8s/words.yaml", fmt.Sprintf(words, "two"))
	r.answered("two")
	r.finished(event.OK)
	r.quit()
	s.write("k8s/words.yaml", fmt.Sprintf(words, "three"))
	if n := s.answers(s.must("deploy"), "three"); n != 1 {
		t.Errorf("%d answers, want 1", n)
	}
}
