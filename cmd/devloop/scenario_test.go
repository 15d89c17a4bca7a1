package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/hack/real/namespace"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// Scenarios run the command as its user does, on a real engine, a real cluster and a real Gradle. Each states an
// intent, takes steps, and looks at what can be observed from outside: events, exit codes, Pods, answers.

// patience bounds one run of the command: what hangs fails, and does not hang the tests.
const patience = 10 * time.Minute

// scenario is a project of its own in a namespace of its own.
type scenario struct {
	*testing.T
	dir, namespace      string
	name                string // the project's own, so that no other scenario's devloop moves the names of its images
	kubeconfig, context string
	cluster             kubernetes.Interface
	port                string        // the local one for the first container port, "" for devloop's choice
	patience            time.Duration // for each command
	env                 []string      // for each command, beside the test's own
}

// newScenario copies a sample and makes a namespace for it in the test cluster. What
// the scenario left in the cluster goes when it ends.
func newScenario(t *testing.T, sample string) *scenario {
	t.Helper()
	return scenarioIn(t, sample, real.Kind(t), real.Kubeconfig(), real.ClusterName)
}

// newProject is newScenario without a file, for a project of that name.
func newProject(t *testing.T, name string) *scenario {
	t.Helper()
	return emptyScenario(t, name, real.Kind(t), real.Kubeconfig(), real.ClusterName)
}

// scenarioIn is newScenario in a kind cluster.
func scenarioIn(t *testing.T, sample string, config *rest.Config, kubeconfig, cluster string) *scenario {
	t.Helper()
	s := emptyScenario(t, sample, config, kubeconfig, cluster)
	real.CopySources(t, filepath.Join("..", "..", "samples", sample), s.dir)
	if strings.HasPrefix(sample, "spring-") {
		s.rename(fmt.Sprintf("%s-%d", sample, copies.Add(1)))
	}
	return s
}

// emptyScenario makes the namespace of a scenario.
func emptyScenario(t *testing.T, name string, config *rest.Config, kubeconfig, cluster string) *scenario {
	t.Helper()
	clients := must.Get(kubernetes.NewForConfig(config))(t)
	s := &scenario{T: t, dir: filepath.Join(t.TempDir(), name), name: name, kubeconfig: kubeconfig,
		context: "kind-" + cluster, cluster: clients, patience: patience, port: real.FreePort(t)}
	s.namespace = namespace.New(t, config, "scenario-")
	return s
}

// copies counts the copies of samples.
var copies atomic.Int32

// rename gives the project another name, in the files of the build and in the manifests.
func (s *scenario) rename(name string) {
	s.Helper()
	old := s.name
	s.name = name
	files := must.Get(filepath.Glob(filepath.Join(s.dir, "*")))(s)
	for _, file := range files {
		if ext := filepath.Ext(file); ext != ".xml" && ext != ".yaml" && filepath.Base(file) != "settings.gradle" {
			continue
		}
		text := testfile.Read(s, file)
		named := strings.NewReplacer("<artifactId>"+old+"<", "<artifactId>"+name+"<", "'"+old+"'", "'"+name+"'",
			"image: "+old, "image: "+name).Replace(string(text))
		testfile.Write(s, "", file, named)
	}
}

// ownPorts is held by a scenario that takes 8080 and the ports after it, as users do.
var ownPorts sync.Mutex

// takesOwnPorts makes t the only scenario that does.
func takesOwnPorts(t *testing.T) {
	ownPorts.Lock()
	t.Cleanup(ownPorts.Unlock)
}

// result is what a run of the command left to look at.
type result struct {
	code   int
	events []event.Event
	stderr string
}

// command prepares devloop with the cluster's flags.
func (s *scenario) command(name string, args ...string) *exec.Cmd {
	flags := []string{name, "--json", "--kubeconfig", s.kubeconfig, "--context", s.context, "--namespace", s.namespace}
	ctx, cancel := context.WithTimeout(s.Context(), s.patience)
	s.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "devloop", append(flags, args...)...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), s.env...)
	if s.port != "" {
		cmd.Env = append(cmd.Env, "DEVLOOP_PORT="+s.port)
	}
	return cmd
}

// run runs devloop to its end and reads its events.
func (s *scenario) run(name string, args ...string) result {
	s.Helper()
	var stdout, stderr bytes.Buffer
	cmd := s.command(name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	exit, ended := errors.AsType[*exec.ExitError](err)
	if err != nil && !ended {
		s.Fatalf("devloop %s: %v", name, err)
	}
	r := result{stderr: stderr.String()}
	if ended {
		r.code = exit.ExitCode()
	}
	for line := range bytes.Lines(stdout.Bytes()) {
		var e event.Event
		if err := json.Unmarshal(line, &e); err != nil {
			s.Fatalf("devloop %s: %v\n%s", name, err, line)
		}
		r.events = append(r.events, e)
	}
	return r
}

// must runs devloop and wants success.
func (s *scenario) must(name string, args ...string) result {
	s.Helper()
	r := s.run(name, args...)
	if r.code != 0 {
		s.Fatalf("devloop %s ended with %d:\n%s", name, r.code, r.stderr)
	}
	return r
}

// all returns the events of one type.
func all[T event.Body](r result) (list []T) {
	for _, e := range r.events {
		if b, ok := e.Body.(T); ok {
			list = append(list, b)
		}
	}
	return list
}

// loads returns what each node was sent, and wants one node at least.
func (s *scenario) loads(r result) []event.NodeLoaded {
	s.Helper()
	loads := all[event.NodeLoaded](r)
	if len(loads) == 0 {
		s.Errorf("no node was loaded:\n%s", r.stderr)
	}
	return loads
}

// replaceInSource edits the controller.
func (s *scenario) replaceInSource(before, after string) {
	s.Helper()
	path := filepath.Join(s.dir, "src/main/java/com/example/AppController.java")
	source := testfile.Read(s, path)
	if !bytes.Contains(source, []byte(before)) {
		s.Fatalf("%s has no %q", path, before)
	}
	testfile.Write(s, "", path, strings.ReplaceAll(string(source), before, after))
}

// pods returns the namespace's Pods, by name.
func (s *scenario) pods() map[string]corev1.Pod {
	s.Helper()
	list := must.Get(s.cluster.CoreV1().Pods(s.namespace).List(s.Context(), metav1.ListOptions{}))(s)
	pods := map[string]corev1.Pod{}
	for _, p := range list.Items {
		pods[p.Name] = p
	}
	return pods
}

// answers checks that some Pod answered, and each of them text, and returns how many did.
func (s *scenario) answers(r result, text string) int {
	s.Helper()
	answered := all[event.AppAnswered](r)
	if len(answered) == 0 {
		s.Errorf("nothing answered, want %q:\n%s", text, r.stderr)
	}
	for _, a := range answered {
		if a.Status != 200 || a.Text != text {
			s.Errorf("%s answered %d %q, want 200 %q", a.Pod, a.Status, a.Text, text)
		}
	}
	return len(answered)
}

func TestScenarioAnEditIsDeployedAndACompileErrorIsNot(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-server")

	t.Log("the first deploy takes every stage and answers")
	first := s.must("deploy")
	if n := s.answers(first, "Hello, World"); n != 1 {
		t.Fatalf("%d answers, want 1\n%s", n, first.stderr)
	}
	if got := len(all[event.StageFinished](first)); got != 6 {
		t.Errorf("%d stages, want 6", got)
	}
	before := s.pods()["spring-pod"]
	container := before.Spec.Containers[0]
	if container.ImagePullPolicy != corev1.PullIfNotPresent || !strings.HasPrefix(container.Image, s.name+":devloop-") {
		t.Errorf("the container has image %q, pull policy %q", container.Image, container.ImagePullPolicy)
	}

	t.Log("an edit makes another image and another Pod, and sends the nodes little")
	s.replaceInSource("Hello, World", "Hello, devloop")
	second := s.must("deploy")
	s.answers(second, "Hello, devloop")
	after := s.pods()["spring-pod"]
	if after.UID == before.UID || after.Spec.Containers[0].Image == container.Image {
		t.Errorf("the Pod was not replaced: %s, %s", after.UID, after.Spec.Containers[0].Image)
	}
	for _, n := range s.loads(second) {
		if n.Skipped < n.Sent {
			t.Errorf("node %s was sent %d bytes and had only %d", n.Node, n.Sent, n.Skipped)
		}
	}

	t.Log("the same again: the nodes have it, nothing is sent")
	for _, n := range s.loads(s.must("deploy")) {
		if n.Sent != 0 {
			t.Errorf("node %s was sent %d bytes of an image that it had", n.Node, n.Sent)
		}
	}

	t.Log("a compile error names file and line, and the old Pod stays")
	running := s.pods()["spring-pod"].UID
	s.replaceInSource(`"Hello, devloop";`, `"Hello, devloop"`)
	broken := s.run("deploy")
	if broken.code != 10 || !strings.Contains(broken.stderr, "src/main/java/com/example/AppController.java:") {
		t.Errorf("exit code %d:\n%s", broken.code, broken.stderr)
	}
	if got := s.pods()["spring-pod"].UID; got != running {
		t.Errorf("the Pod was replaced although nothing compiled")
	}

	t.Log("down removes the Pod, and then there is nothing to remove")
	if removed := all[event.ObjectRemoved](s.must("down")); len(removed) != 1 {
		t.Errorf("removed %v, want one Pod", removed)
	}
	if removed := all[event.ObjectRemoved](s.must("down")); len(removed) != 0 {
		t.Errorf("removed %v a second time", removed)
	}
	if pods := s.pods(); len(pods) != 0 {
		t.Errorf("%d Pods left", len(pods))
	}
}

func TestScenarioThreePodsOfOneImage(t *testing.T) {
	t.Parallel()
	takesOwnPorts(t)
	s := newStub(t, "spring-pods")

	r := s.must("deploy")
	if n := s.answers(r, "Hello, World"); n != 3 {
		t.Errorf("%d answers, want 3", n)
	}
	urls := map[string]bool{}
	for _, f := range all[event.PortForwarded](r) {
		urls[f.URL] = true
	}
	if len(urls) != 3 {
		t.Errorf("local addresses %v, want three", urls)
	}
	for _, name := range []string{"spring-pod-1", "spring-pod-2", "spring-pod-3"} {
		if _, there := s.pods()[name]; !there {
			t.Errorf("no Pod %s", name)
		}
	}
}

func TestScenarioMavenProjectWithoutDockerfileAndManifest(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	s := newScenario(t, "spring-maven")

	first := s.must("deploy", "--without", "archive") // another test may make one meanwhile
	s.answers(first, "Hello, World")
	s.replaceInSource("Hello, World", "Hello, Maven")
	second := s.must("deploy", "--without", "archive")
	s.answers(second, "Hello, Maven")
	for _, n := range s.loads(second) {
		if n.Sent > 100_000 {
			t.Errorf("one class changed, and node %s was sent %d bytes", n.Node, n.Sent)
		}
	}
}

func TestScenarioForeignPodIsNotTouched(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-server")
	foreign, err := s.cluster.CoreV1().Pods(s.namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "spring-pod"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "theirs", Image: "theirs:1", ImagePullPolicy: corev1.PullNever}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}

	if r := s.run("deploy"); r.code != 13 || !strings.Contains(r.stderr, "--adopt") {
		t.Errorf("exit code %d:\n%s", r.code, r.stderr)
	}
	s.must("down")
	if got := s.pods()["spring-pod"].UID; got != foreign.UID {
		t.Errorf("the Pod that devloop did not make is gone")
	}
	s.answers(s.must("deploy", "--adopt"), "Hello, World")
}

func TestScenarioApplicationThatDoesNotStartIsExplained(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-server")
	s.replaceInSource("class AppController {", `class AppController {
    AppController() { throw new IllegalStateException("the database is not there"); }
`)
	r := s.run("deploy")
	if r.code != 14 || !strings.Contains(r.stderr, "the database is not there") {
		t.Errorf("exit code %d:\n%s", r.code, r.stderr)
	}
}

func TestScenarioForwardStaysUntilInterrupted(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-server")
	cmd := s.command("deploy", "--forward")
	stdout := must.Get(cmd.StdoutPipe())(t)
	must.Do(t, cmd.Start())
	url := until(t, &eventStream{Decoder: json.NewDecoder(stdout)}, func(event.PortForwarded) bool { return true }).URL
	for range 20 {
		if got, err := get(url); err != nil || got != "Hello, World" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	interrupted := time.Now()
	must.Do(t, cmd.Process.Signal(syscall.SIGINT))
	if err := cmd.Wait(); err != nil {
		t.Errorf("Ctrl+C on a forward that works is how it ends, got %v", err)
	}
	if took := time.Since(interrupted); took > 10*time.Second {
		t.Errorf("it took %s to end", took)
	}
	if got, err := get(url); err == nil {
		t.Errorf("%s still answers %q", url, got)
	}
}

// until reads events up to the first one that is wanted.
func until[T event.Body](t *testing.T, stream *eventStream, wanted func(T) bool) T {
	t.Helper()
	var last string
	for {
		var e event.Event
		if err := stream.Decode(&e); err != nil {
			t.Fatalf("the stream ended before the wanted %T: %v\nafter %s", *new(T), err, last)
		}
		if line, err := json.Marshal(e); err == nil {
			last = string(line)
		}
		if b, ok := e.Body.(T); ok && wanted(b) {
			return b
		}
	}
}

// get fetches url and returns the body.
func get(url string) (string, error) { return getIn(url, "") }

// getIn asks for a page in a language, "" for any.
func getIn(url, language string) (string, error) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	q, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	q.Header.Set("Accept-Language", language)
	response, err := client.Do(q)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		return "", err
	}
	return body.String(), nil
}

// eventually waits until done says so.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
