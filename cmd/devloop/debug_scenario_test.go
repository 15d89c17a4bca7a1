package main

import (
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
)

// These scenarios are about debuggers: jdb is the IDE.

// debugged waits until a debugger's address forwards to a Pod, and returns it.
func (r *started) debugged() string {
	r.Helper()
	return until(r.T, r.stream, func(event.DebugPortOpen) bool { return true }).Address
}

// request asks url, beside what follows.
func request(url string) <-chan string {
	got := make(chan string, 1)
	go func() { got <- page(url, "text/plain") }()
	return got
}

// answer waits for what a request got.
func (s *scenario) answer(of <-chan string, want string) {
	s.Helper()
	select {
	case got := <-of:
		if got != "200 "+want {
			s.Errorf("it answers %q, want %q", got, want)
		}
	case <-time.After(time.Minute):
		s.Fatalf("there is no answer, and %q was wanted", want)
	}
}

const home = "com.example.AppController.home"

func TestScenarioADebuggerStaysWhileBodiesAreSwappedAndComesBackAfterARestart(t *testing.T) {
	t.Parallel()
	for _, without := range []string{"", "hot-swap"} {
		t.Run("without "+without, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, "spring-maven")
			port := real.FreePort(t)
			args := []string{"--debug", "--debug-port", port, "--without", "archive"}
			if without != "" {
				args = append(args, "--without", without)
			}
			r := s.start("run", args...)
			address := r.debugged()
			if address != "localhost:"+port {
				t.Errorf("the debugger's address is %s", address)
			}
			url := r.answered("Hello, World")
			r.took()

			t.Log("an IDE attaches, and a request stands at its breakpoint")
			j := real.StartJDB(t, address)
			j.Say("stop in "+home, "Set breakpoint "+home)
			first := request(url)
			j.Say("", "AppController.home(), line=11")
			if where := j.Say("where", "[2]"); !strings.Contains(where, "AppController.java:11") {
				t.Errorf("it stands at %q", where)
			}
			j.Say("locals", "No local variables")

			t.Log("a save while it stands")
			s.replaceInSource(`return "Hello, World";`, "String said = \"Hello, debugger\";\n        return said;")
			if without != "" {
				if got := r.took(); got != "compile restart ready forward" {
					t.Errorf("it took %s", got)
				}
				s.answer(first, "Hello, World") // what stood was let go before the end
				j.Ended()
				r.quit()
				return
			}
			if got := r.took(); got != "compile swap forward" {
				t.Errorf("it took %s", got)
			}
			j.Say("cont", "> ")
			s.answer(first, "Hello, World")
			second := request(url)
			j.Say("", "Breakpoint hit")
			j.Say("", "[1] ")
			j.Say("cont", "> ")
			s.answer(second, "Hello, debugger")

			t.Log("another shape starts the application again: what stands is let go, and the address stays")
			third := request(url)
			j.Say("", "Breakpoint hit")
			s.replaceInSource("return said;\n    }",
				"return said + more();\n    }\n    String more() { return \"!\"; }")
			if got := r.took(); got != "compile restart ready forward" {
				t.Errorf("it took %s", got)
			}
			s.answer(third, "Hello, debugger")
			j.Ended()
			j = real.StartJDB(t, address)
			j.Say("stop in "+home, "Set breakpoint "+home)
			fourth := request(url)
			j.Say("", "Breakpoint hit")

			t.Log("an IDE that is gone leaves nothing behind")
			j.Kill()
			s.answer(fourth, "Hello, debugger!")
			s.answer(request(url), "Hello, debugger!")

			t.Log("a new Pod has the address, too, and status knows it")
			r.renew()
			if got := r.took(); !strings.Contains(got, "replace") {
				t.Errorf("it took %s", got)
			}
			j = real.StartJDB(t, address)
			j.Say("threads", "main")
			if text, _, _ := s.say("status"); !strings.Contains(text, "jdwp://"+address) {
				t.Errorf("status says %s", text)
			}
			r.quit()
			j.Ended()
		})
	}
}

func TestScenarioAJVMWaitsForItsDebugger(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-maven")
	r := s.start("run", "--suspend", "--debug-port", real.FreePort(t), "--without", "archive", "--timeout", "3s")
	address := r.debugged()
	until(t, r.stream, func(n event.Notice) bool { return n.Text == "waiting for a debugger on "+address })
	j := real.StartJDB(t, address)
	j.Say("", "VM Started")
	j.Say("", "[1] ") // a command before jdb has its prompt would meet it without a current thread
	j.Say("stop in com.example.SpringMavenApplication.main", "Deferring breakpoint")
	j.Say("cont", "Breakpoint hit")
	j.Say("", "[1] ")
	time.Sleep(4 * time.Second) // longer than --timeout
	j.Say("cont", "> ")
	if took := r.took(); !strings.HasSuffix(took, "ready forward") {
		t.Errorf("it took %s", took)
	}
	r.quit()
	j.Ended()
}

func TestScenarioADebuggerReachesTheJVMOfADockerfile(t *testing.T) {
	t.Parallel()
	s := newStub(t, "spring-server")
	s.write("spring-pod.yaml", `apiVersion: v1
kind: Pod
metadata:
  name: spring-pod
spec:
  containers:
    - name: spring-container
      image: spring-server
      env:
        - name: JAVA_TOOL_OPTIONS
          value: -Dword=kept
      ports:
        - containerPort: 8080
      livenessProbe:
        httpGet: {path: /, port: 8080}
        initialDelaySeconds: 30
        periodSeconds: 1
        timeoutSeconds: 1
        failureThreshold: 1
`)
	port := real.FreePort(t)
	r := s.start("run", "--without", "restart", "--debug", "--debug-port", port)
	until(t, r.stream,
		func(n event.Notice) bool { return strings.Contains(n.Text, "without liveness and startup probes") })
	address := r.debugged()
	url := r.answered("Hello, World")
	r.took()
	pod := s.pods()["spring-pod"].Spec.Containers[0]
	if pod.LivenessProbe != nil || len(pod.Env) != 2 || pod.Env[0].Value != "-Dword=kept" ||
		!strings.HasPrefix(pod.Env[1].Value, "-agentlib:jdwp=") {
		t.Errorf("the container is %+v", pod)
	}
	j := real.StartJDB(t, address)
	j.Say("stop in "+home, "Set breakpoint "+home)
	got := request(url)
	j.Say("", "Breakpoint hit")
	j.Say("", "[1] ") // it asks for a command
	j.Say("cont", "> ")
	s.answer(got, "Hello, World")

	t.Log("the JVM listens on the Pod's loopback address alone")
	sockets, stderr, code := s.say("exec", "spring-pod", "--", "cat", "/proc/net/tcp", "/proc/net/tcp6")
	if code != 0 {
		t.Fatalf("exec ended with %d: %s", code, stderr)
	}
	ends := 0
	for line := range strings.Lines(sockets) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasSuffix(fields[1], ":44F7") { // 17655
			ends++
			if !strings.HasSuffix(fields[1], "0100007F:44F7") { // of 127.0.0.1
				t.Errorf("the debug port is open at %s", fields[1])
			}
		}
	}
	if ends == 0 {
		t.Error("the kernel knows no debug port")
	}
	r.quit()
	j.Ended()
}

func TestScenarioADebuggerStaysWithImagesOfADockerfile(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"taken apart": nil, "as it is": {"--without", "restart"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, "spring-server")
			r := s.start("run", append(args, "--debug", "--debug-port", real.FreePort(t), "--without", "archive")...)
			address := r.debugged()
			url := r.answered("Hello, World")
			r.took()
			j := real.StartJDB(t, address)
			j.Say("stop in "+home, "Set breakpoint "+home)
			first := request(url)
			j.Say("", "Breakpoint hit")
			j.Say("", "[1] ")
			s.replaceInSource("Hello, World", "Hello, debugger")
			if got := r.took(); got != "compile swap forward" {
				t.Errorf("it took %s", got)
			}
			j.Say("cont", "> ")
			s.answer(first, "Hello, World")
			second := request(url)
			j.Say("", "Breakpoint hit")
			j.Kill()
			s.answer(second, "Hello, debugger")
			r.quit()
		})
	}
}
