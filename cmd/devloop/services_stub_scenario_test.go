package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// These scenarios are about several services of one build, with the stub in place of Spring and Maven.

// newStubServices returns a build of a library, core, and of services that answer with a text of it and their name. The
// build tool writes how it is called into a file.
func newStubServices(t *testing.T, names ...string) *scenario {
	t.Helper()
	s := newStub(t, "spring-maven")
	s.port = ""
	s.write("core/src/main/java/com/example/core/Greeting.java",
		"package com.example.core;\n\npublic class Greeting {\n    public String of(String name) {\n        return \"Hello, \" + name;\n    }\n}\n")
	const parent = "<project><parent><artifactId>shop</artifactId></parent><artifactId>%s</artifactId></project>\n"
	s.write("core/pom.xml", fmt.Sprintf(parent, "core"))
	for _, name := range names {
		s.write(name+"/pom.xml", fmt.Sprintf(parent, name))
		for _, file := range []string{"SpringMavenApplication.java", "AppController.java"} {
			text := testfile.Read(t, filepath.Join(s.dir, javaDir+file))
			s.write(name+"/"+javaDir+file,
				strings.Replace(string(text), `"Hello, World"`, `new com.example.core.Greeting().of("`+name+`")`, 1))
		}
	}
	must.Do(t, os.RemoveAll(filepath.Join(s.dir, "src")))
	s.write("pom.xml", "<project><parent><artifactId>spring-boot-starter-parent</artifactId></parent><artifactId>shop</artifactId><packaging>pom</packaging>\n"+
		"<modules><module>core</module><module>"+strings.Join(names, "</module><module>")+"</module></modules>\n"+
		"<build><plugins><plugin><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build></project>\n")
	must.Do(t, os.Rename(filepath.Join(s.dir, "mvnw"), filepath.Join(s.dir, "stub.sh")))
	s.write("mvnw", "#!/bin/sh\necho \"$@\" >>../calls.log\nexec ./stub.sh \"$@\"\n")
	must.Do(t, os.Chmod(filepath.Join(s.dir, "mvnw"), 0o755))
	return s
}

// builds returns the modules that each build was for.
func (s *scenario) builds() (modules []string) {
	s.Helper()
	text := testfile.Read(s, filepath.Join(s.dir, "..", "calls.log"))
	for line := range strings.Lines(string(text)) {
		if _, rest, found := strings.Cut(line, " -pl "); found {
			modules = append(modules, strings.Fields(rest)[0])
		}
	}
	return modules
}

// firstServed reads events until the first cycle of each service has ended and its compiler is ready, and returns the
// addresses.
func (r *started) firstServed(names ...string) map[string]string {
	r.Helper()
	address, done, ready := map[string]string{}, map[string]bool{}, map[string]bool{}
	for len(done) < len(names) || len(ready) < len(names) {
		var e event.Event
		if err := r.stream.Decode(&e); err != nil {
			r.Fatalf("the stream ended: %v\n%s", err, r.stderr.String())
		}
		switch b := e.Body.(type) {
		case event.AppAnswered:
			address[e.Service] = b.URL
			if b.Text != "Hello, "+e.Service {
				r.Errorf("%s answers %q", e.Service, b.Text)
			}
		case event.CompilerReady:
			ready[e.Service] = true
		case event.CycleFinished:
			if b.Outcome != event.OK {
				r.Fatalf("%s: %s, %+v", e.Service, b.Outcome, b.Failure)
			}
			done[e.Service] = true
		}
	}
	return address
}

// TestScenarioServicesOfAStub runs three services, saves what concerns all and what concerns one, and ends them.
func TestScenarioServicesOfAStub(t *testing.T) {
	t.Parallel()
	takesOwnPorts(t)
	n := copies.Add(1)
	names := []string{fmt.Sprintf("billing-%d", n), fmt.Sprintf("catalog-%d", n), fmt.Sprintf("orders-%d", n)}
	s := newStubServices(t, names...)
	r := s.start("run", "--without", "archive", "--without", "spare")
	address := r.firstServed(names...)
	if len(address) != 3 || address[names[0]] == address[names[1]] || address[names[1]] == address[names[2]] {
		t.Fatalf("the addresses are %v", address)
	}
	if got := s.builds(); !slices.Equal(got, []string{strings.Join(names, ",")}) {
		t.Errorf("the builds at the start were for %q", got)
	}

	t.Log("a body of the library reaches all")
	s.replaceIn("core/src/main/java/com/example/core/Greeting.java", `"Hello, "`, `"Good day, "`)
	s.waits(0)
	for name, stages := range r.served(names...) {
		if stages != bySwap {
			t.Errorf("%s took %s", name, stages)
		}
	}
	for name, at := range address {
		if got, err := get(at); err != nil || got != "Good day, "+name {
			t.Errorf("%s answers %q, %v", name, got, err)
		}
	}

	t.Log("a method in one service restarts that one")
	const home = "@GetMapping(\"/\")\n    public String home() {\n        return "
	s.replaceIn(names[1]+"/"+javaDir+"AppController.java", home,
		"String more() {\n        return \"! \";\n    }\n\n    "+home+"more() + ")
	after := s.waits(0)
	r.served(names[1])
	if got, err := get(address[names[1]]); err != nil || got != "! Good day, "+names[1] || after[names[0]].Cycle != 2 ||
		after[names[2]].Cycle != 2 {
		t.Errorf("it answers %q, %v, after %+v", got, err, after)
	}
	if got := s.builds(); len(got) != 1 {
		t.Errorf("the builds were for %q", got)
	}

	t.Log("other terminals see all of them")
	r.seenFromElsewhere(names)

	t.Log("Ctrl+C ends them, and leaves nothing but the Pods")
	began := time.Now()
	r.quit()
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v to end", took)
	}
	for _, at := range address {
		r.leavesNothing(at)
	}
	if pods := s.pods(); len(pods) != 3 {
		t.Errorf("%d Pods are left", len(pods))
	}

	t.Log("deploy brings the next version of all")
	s.replaceIn("core/src/main/java/com/example/core/Greeting.java", `"Good day, "`, `"Bye, "`)
	deployed := map[string]string{}
	for _, a := range s.must("deploy").events {
		if b, is := a.Body.(event.AppAnswered); is {
			deployed[a.Service] = b.Text
		}
	}
	for i, name := range names {
		if want := strings.Repeat("! ", i%2) + "Bye, " + name; deployed[name] != want {
			t.Errorf("%s answers %q, want %q", name, deployed[name], want)
		}
	}
	if removed := all[event.ObjectRemoved](s.must("down")); len(removed) != 3 {
		t.Errorf("down removed %v", removed)
	}
}

// seenFromElsewhere looks at the session with the commands that ask it.
func (r *started) seenFromElsewhere(names []string) {
	r.Helper()
	if out, said, code := r.ask("stats"); code != 0 || !strings.Contains(out, "saves served") {
		r.Errorf("stats ended with %d: %s%s", code, out, said)
	}
	if first := r.firstEvent(); len(first.State.Services) != len(names) {
		r.Errorf("events begin with %+v", first)
	}
	if out, said, code := r.say("status"); code != 0 || strings.Count(out, "http://localhost:") != len(names) {
		r.Errorf("status ended with %d:\n%s%s", code, out, said)
	}
	before := r.pods()
	if _, said, code := r.ask("trigger", "--pod"); code != 0 {
		r.Errorf("trigger ended with %d: %s", code, said)
	}
	r.served(names...)
	r.waits(0)
	eventually(r.T, "the Pods from before to go, once their requests have finished", func() bool {
		for name, pod := range r.pods() {
			if pod.DeletionTimestamp == nil && before[name].UID == pod.UID {
				return false
			}
		}
		return true
	})
	a := r.assistant()
	for _, name := range names {
		if got := a.call("request", map[string]any{"service": name, "path": "/"}); !strings.HasSuffix(got.Body,
			"Good day, "+name) {
			r.Errorf("the assistant gets %+v of %s", got, name)
		}
		if got := a.call("explain", map[string]any{"service": name}); got.Path != "pod" {
			r.Errorf("the path of %s is %+v", name, got)
		}
	}
	_ = a.Close()
	printed, said, code := r.ask("open", "--ui", "--print")
	if code != 0 || !strings.HasPrefix(printed, "http://") {
		r.Errorf("open ended with %d: %s%s", code, printed, said)
	}
}

// firstEvent returns what `devloop events` begins with.
func (s *scenario) firstEvent() event.Snapshot {
	s.Helper()
	ctx, end := context.WithCancel(s.Context())
	cmd := exec.CommandContext(ctx, "devloop", "events", "--json")
	cmd.Dir = s.dir
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	var first event.Event
	if err == nil {
		err = json.NewDecoder(out).Decode(&first)
	}
	end()
	_ = cmd.Wait()
	snapshot, is := first.Body.(event.Snapshot)
	if !is {
		s.Errorf("events begin with %+v, %v", first, err)
	}
	return snapshot
}
