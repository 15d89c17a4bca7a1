package main

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// workloadManifest is of a workload whose Pods may not run as root, and of which Kubernetes keeps two when it can
// choose; its placeholders are for the kind, for more of its spec, whether the root file system is read-only, and for
// other objects.
const workloadManifest = `apiVersion: apps/v1
kind: %s
metadata: {name: web}
spec:
  %s
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      securityContext: {runAsNonRoot: true, runAsUser: 1000}
      containers:
      - name: web
        image: spring-maven
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /, port: 8080}}
        securityContext: {readOnlyRootFilesystem: %t, allowPrivilegeEscalation: false}
        volumeMounts: [{name: tmp, mountPath: /tmp}]
      volumes: [{name: tmp, emptyDir: {}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
---
%s
`

// serveAll waits until so many Pods are ready, none of them about to go, and all answer with text.
func (s *scenario) serveAll(count int, text string) {
	s.Helper()
	eventually(s.T, fmt.Sprintf("%d Pods that answer %q", count, text), func() bool {
		ready := 0
		for name, p := range s.pods() {
			if p.DeletionTimestamp != nil {
				continue
			}
			body, err := s.cluster.CoreV1().RESTClient().Get().Namespace(s.namespace).Resource("pods").Name(name +
				":8080").SubResource("proxy").DoRaw(s.Context())
			if err != nil || string(body) != text {
				return false
			}
			ready++
		}
		return ready == count
	})
}

// scale has a Deployment have so many Pods, as kubectl scale and an autoscaler do.
func (s *scenario) scale(deployment string, replicas int32) {
	s.Helper()
	scale := must.Get(s.cluster.AppsV1().Deployments(s.namespace).GetScale(s.Context(), deployment,
		metav1.GetOptions{}))(s)
	scale.Spec.Replicas = replicas
	must.Get(s.cluster.AppsV1().Deployments(s.namespace).UpdateScale(s.Context(), deployment, scale,
		metav1.UpdateOptions{}))(s)
}

// TestScenarioPodsThatKubernetesMakesHaveTheCodeThatRuns scales a Deployment whose Pods were changed while they ran, by
// hand beside an autoscaler, and takes one of its Pods away. They may not write to their root file system.
func TestScenarioPodsThatKubernetesMakesHaveTheCodeThatRuns(t *testing.T) {
	real.Long(t)
	t.Parallel()
	s := newStub(t, "spring-maven")
	s.patience = 6 * time.Minute
	const scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {minReplicas: 2, maxReplicas: 4, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web},\n" +
		"  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}"
	s.write("k8s/web.yaml", fmt.Sprintf(workloadManifest, "Deployment", "replicas: 2", true, scaler))
	r := s.start("run")
	r.answered("Hello, World")
	r.finished(event.OK)
	s.serveAll(2, "Hello, World")

	t.Log("a change of the running Pods reaches both, and a third one that comes later")
	s.replaceInSource("Hello, World", "Hello, all")
	if got, why := r.tookBecause(); got != "compile swap forward" {
		t.Errorf("it took %s: %s", got, why)
	}
	s.serveAll(2, "Hello, all")
	s.scale("web", 3)
	r.answered("Hello, all")
	r.finished(event.OK)
	s.serveAll(3, "Hello, all")

	t.Log("fewer Pods need nothing, and take the next change while they run")
	s.scale("web", 2)
	eventually(t, "two Pods", func() bool { return len(s.pods()) == 2 })
	s.replaceInSource("Hello, all", "Hello, two")
	if got, why := r.tookBecause(); got != "compile swap forward" {
		t.Errorf("it took %s: %s", got, why)
	}
	s.serveAll(2, "Hello, two")

	t.Log("a Pod that is taken away is followed by the next one")
	for name := range s.pods() {
		must.Do(t, s.cluster.CoreV1().Pods(s.namespace).Delete(t.Context(), name, metav1.DeleteOptions{}))
		break
	}
	url := r.answered("Hello, two")
	r.finished(event.OK)
	s.serveAll(2, "Hello, two")
	if got := page(url, "text/plain"); got != "200 Hello, two" {
		t.Errorf("localhost says %q", got)
	}
	r.quit()
}

// TestScenarioAPartitionKeepsNoOldCode deploys a StatefulSet that would keep its first Pod as it is, and whose Pods may
// not write to their root file system.
func TestScenarioAPartitionKeepsNoOldCode(t *testing.T) {
	real.Long(t)
	t.Parallel()
	takesOwnPorts(t) // for its second Pod
	s := newStub(t, "spring-maven")
	s.write("k8s/web.yaml", fmt.Sprintf(workloadManifest, "StatefulSet",
		"replicas: 2\n  serviceName: web\n  updateStrategy: {rollingUpdate: {partition: 1}}", true, ""))
	if n := s.answers(s.must("deploy"), "Hello, World"); n != 2 {
		t.Errorf("%d answers, want 2", n)
	}
	s.replaceInSource("Hello, World", "Hello, all")
	if n := s.answers(s.must("deploy"), "Hello, all"); n != 2 {
		t.Errorf("%d answers, want 2", n)
	}
	s.serveAll(2, "Hello, all")
}
