package main

import (
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/hack/real"
)

// spareReady waits until a JVM is ready for the next restart.
func (s *scenario) spareReady() {
	s.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		stdout, _, _ := s.say("status")
		if strings.Contains(strings.Join(strings.Fields(stdout), " "), "ready with ") { // a long line is wrapped
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("no JVM is ready for the next restart:\n%s", stdout)
		}
	}
}

// TestScenarioARestartRunsInTheSpareJVM restarts an application in a JVM that was started ahead, which
// then takes hot swaps and debuggers, and is left again where the application does not start in it.
func TestScenarioARestartRunsInTheSpareJVM(t *testing.T) {
	t.Parallel()
	real.Long(t)
	real.Maven(t)
	s := newScenario(t, "spring-maven")
	const main = "src/main/java/com/example/AppController.java"
	inSpare := `return new String(java.nio.file.Files.readAllBytes(java.nio.file.Path.of("/proc/self/cmdline"))).contains("devloop_cli.Spare")`
	said := func(text, members string) string {
		return strings.Replace(controller("", `String say() throws Exception { `+inSpare+` ? "spare `+text+`" : "new `+
			text+`"; }`+members), `String home()`, `String home() throws Exception`, 1)
	}
	s.write(main, said("start", ""))
	r := s.start("run", "--without", "archive", "--debug", "--debug-port", real.FreePort(t))
	address := r.debugged()
	url := r.answered("new start")
	r.took()
	answers := func(path, want string) {
		t.Helper()
		if took, why := r.tookBecause(); took != path {
			t.Errorf("%s: it took %s: %s", want, took, why)
		}
		if got := page(url, "text/plain"); got != "200 "+want {
			t.Errorf("it answers %q, want %q", got, want)
		}
	}
	const swap, restart = "compile swap forward", "compile restart ready forward"

	s.spareReady()
	s.write(main, said("one", `static int added = 1;`))
	answers(restart, "spare one")
	s.write(main, said("two", `static int added = 1;`))
	answers(swap, "spare two")

	t.Log("a debugger")
	j := real.StartJDB(t, address)
	j.Say("stop in "+home, "Set breakpoint "+home)
	stopped := request(url)
	j.Say("", "AppController.home()")
	j.Say("clear "+home, "Removed")
	j.Say("cont", "")
	s.answer(stopped, "spare two")
	j.Kill()

	t.Log("one spare after the other")
	s.spareReady()
	s.write(main, said("three", ""))
	answers(restart, "spare three")

	t.Log("an application that does not start")
	s.spareReady()
	s.write(main, said("four", `public AppController() { throw new IllegalStateException("broken"); }`))
	if _, _, failed := r.cycle(); failed == nil || failed.Code != "pod.crash" {
		t.Errorf("it failed with %+v", failed)
	}
	if got := page(url, "text/plain"); got != "200 new three" {
		t.Errorf("after the failure it answers %q", got)
	}

	t.Log("an application that sets up its JVM")
	s.write(main, said("five", `static { System.setProperty("a", "b"); }`))
	answers(restart, "new five")
	r.quit()
}
