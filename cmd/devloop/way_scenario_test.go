package main

import (
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// spareName is a kind cluster whose parts may be killed. It goes with the test.
const spareName = "devloop-spare"

// spare makes the spare cluster, as a user would, and a scenario in it.
func spare(t *testing.T, sample string) *scenario {
	t.Helper()
	real.Kind(t) // where it can't be had, the spare one can't either
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	t.Cleanup(func() {
		if out, err := exec.Command("docker", "rm", "--force", "--volumes",
			spareName+"-control-plane").CombinedOutput(); err != nil {
			t.Errorf("remove the spare cluster: %v: %s", err, out)
		}
	})
	if out, err := exec.CommandContext(t.Context(), "devloop", "setup", "--yes", "--cluster", spareName, "--kubeconfig",
		kubeconfig).CombinedOutput(); err != nil {
		t.Fatalf("make the spare cluster: %v\n%s", err, out)
	}
	config := must.Get(clientcmd.BuildConfigFromFlags("", kubeconfig))(t)
	return scenarioIn(t, sample, config, kubeconfig, spareName)
}

// kill ends a process of the spare cluster's node, as a crash would.
func (s *scenario) kill(process string) {
	s.Helper()
	out, err := exec.CommandContext(s.Context(), "docker", "exec", spareName+"-control-plane", "pkill", "-KILL", "-x",
		process).CombinedOutput()
	if err != nil {
		s.Fatalf("kill %s: %v: %s", process, err, out)
	}
}

// TestScenarioRunOutlivesThePartsOfItsCluster kills them while nothing else happens and asks localhost, then while a
// save makes a new Pod, and then all at once.
func TestScenarioRunOutlivesThePartsOfItsCluster(t *testing.T) {
	real.Long(t)
	real.Java(t)
	t.Parallel()
	s := spare(t, "spring-maven")
	s.stub()
	r := s.start("run", "--path=pod")
	url := r.answered("Hello, World")
	r.finished(event.OK)

	for _, process := range []string{"kubelet", "kube-apiserver"} {
		s.kill(process)
		began := time.Now()
		if got := page(url, "text/plain"); got != "200 Hello, World" {
			t.Errorf("after the death of the %s: %s", process, got)
		}
		t.Logf("after the death of the %s a request waited %v", process, time.Since(began).Round(time.Millisecond))
	}

	text := "Hello, World"
	for _, c := range []struct {
		process string
		stage   event.Stage
	}{{"containerd", event.Load}, {"kube-apiserver", event.Replace}, {"kubelet", event.Ready},
		{"containerd", event.Ready}} {
		// the API server dies for the second time: the kubelet waits ten seconds
		t.Logf("the %s dies as the stage %s begins, and the save is served all the same", c.process, c.stage)
		s.replaceInSource(text, text+"!")
		text += "!"
		until(t, r.stream, func(b event.StageStarted) bool { return b.Stage == c.stage })
		s.kill(c.process)
		r.answered(text)
		r.finished(event.OK)
	}

	t.Log("the node dies, as with the engine, and comes back")
	for _, args := range [][]string{{"kill", spareName + "-control-plane"}, {"start", spareName + "-control-plane"}} {
		if out, err := exec.CommandContext(t.Context(), "docker", args...).CombinedOutput(); err != nil {
			t.Fatalf("docker %q: %v: %s", args, err, out)
		}
	}
	began := time.Now()
	eventually(t, "an answer of the node that came back", func() bool { return page(url, "text/plain") == "200 "+text })
	t.Logf("after the death of the node it took %v", time.Since(began).Round(time.Millisecond))
	s.replaceInSource(text, "Hello, again")
	r.answered("Hello, again")
	r.finished(event.OK)
	r.quit()
}

func TestScenarioAPodThatSomebodyRemovedIsMissedAndBroughtBack(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	r := s.start("run")
	url := r.answered("Hello, World")
	r.finished(event.OK)
	must.Do(t, s.cluster.CoreV1().Pods(s.namespace).Delete(t.Context(), s.name, metav1.DeleteOptions{}))
	until(t, r.stream, func(n event.Notice) bool { return strings.Contains(n.Text, "was deleted") })
	if got := page(url, "text/plain"); !strings.HasPrefix(got, "503 ") || !strings.Contains(got, "press r") {
		t.Errorf("localhost says %s", got)
	}
	must.Get(io.WriteString(r.keys, "r\n"))(t)
	r.answered("Hello, World")
	r.quit()
}
