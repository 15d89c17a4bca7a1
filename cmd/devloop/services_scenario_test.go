package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/control"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// newServices returns a Maven build of a library, core, and of services that answer with a text of it and their name.
func newServices(t *testing.T, names ...string) *scenario {
	t.Helper()
	s := newProject(t, "shop")
	s.port = ""
	b := newBlueprint("maven", boot3)
	head := "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <modelVersion>4.0.0</modelVersion>\n"
	module := func(name, dependencies, build string) {
		s.write(name+"/pom.xml",
			head+"  <parent><groupId>com.example</groupId><artifactId>shop</artifactId><version>1</version></parent>\n"+
				"  <artifactId>"+name+"</artifactId>\n  <dependencies>"+dependencies+"</dependencies>\n  <build>"+build+
				"</build>\n</project>\n")
	}
	s.write("pom.xml", head+b.parent()+"  <groupId>com.example</groupId>\n  <artifactId>shop</artifactId>\n  <version>1</version>\n  <packaging>pom</packaging>\n"+
		"  <properties><java.version>17</java.version></properties>\n  <modules><module>core</module><module>"+
		strings.Join(names, "</module><module>")+"</module></modules>\n</project>\n")
	module("core", "", "")
	s.write("core/src/main/java/com/example/core/Greeting.java",
		"package com.example.core;\n\npublic class Greeting {\n\n\tpublic String of(String name) {\n\t\treturn \"Hello, \" + name;\n\t}\n\n}\n")
	for _, name := range names {
		module(name,
			"<dependency><groupId>com.example</groupId><artifactId>core</artifactId><version>1</version></dependency>"+
				ofBoot(b.web(), ""),
			"<plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins>")
		s.write(name+"/"+javaDir+"Application.java", b.files[javaDir+"Application.java"])
		s.write(name+"/"+javaDir+"AppController.java", `package com.example;

import com.example.core.Greeting;
import org.springframework.web.bind.annotation.*;

@RestController
public class AppController {

	@GetMapping("/")
	public String home() {
		return new Greeting().of("`+name+`");
	}

}
`)
	}
	return s
}

// served reads events until each of the services has served a save, and returns the stages of each.
func (r *started) served(names ...string) map[string]string {
	r.Helper()
	stages, served := map[string]string{}, map[string]bool{}
	for len(served) < len(names) {
		var e event.Event
		if err := r.stream.Decode(&e); err != nil {
			r.Fatalf("the stream ended before %v were served: %v", names, err)
		}
		switch b := e.Body.(type) {
		case event.StageFinished:
			if b.Outcome == event.OK {
				stages[e.Service] = strings.TrimSpace(stages[e.Service] + " " + string(b.Stage))
			}
		case event.CycleFinished:
			if b.Outcome == event.Failed {
				r.Fatalf("%s failed: %+v", e.Service, b.Failure)
			}
			if b.Outcome == event.OK {
				served[e.Service] = true
			}
		}
	}
	for name := range stages {
		if !slices.Contains(names, name) {
			r.Errorf("%s has stages: %s", name, stages[name])
		}
	}
	return stages
}

// waits runs devloop wait, and returns its answer by service.
func (s *scenario) waits(code int) map[string]control.Answer {
	s.Helper()
	out, said, got := s.ask("wait", "--json", "--timeout", "4m")
	var answer control.Answer
	if err := json.Unmarshal([]byte(out), &answer); err != nil || got != code {
		s.Fatalf("devloop wait ended with %d, want %d: %v\n%s%s", got, code, err, out, said)
	}
	by := map[string]control.Answer{}
	for _, a := range answer.Services {
		by[a.Service] = a
	}
	return by
}

// TestScenarioServices runs a build of two services and a library that both use.
func TestScenarioServices(t *testing.T) {
	t.Parallel()
	real.Long(t)
	real.Maven(t)
	takesOwnPorts(t)
	n := copies.Add(1)
	orders, customers := fmt.Sprintf("orders-%d", n), fmt.Sprintf("customers-%d", n)
	s := newServices(t, orders, customers)
	r := s.start("run", "--without", "archive", "--without", "spare")
	ready, deployed := map[string]bool{}, map[string]bool{}
	for len(ready) < 2 || len(deployed) < 2 {
		var e event.Event
		must.Do(t, r.stream.Decode(&e))
		switch b := e.Body.(type) {
		case event.CompilerReady:
			ready[e.Service] = true
		case event.CycleFinished:
			if b.Outcome == event.Failed {
				t.Fatalf("%s failed: %+v", e.Service, b.Failure)
			}
			deployed[e.Service] = true
		}
	}
	first := s.waits(0)
	url := map[string]string{}
	for _, name := range []string{orders, customers} {
		if len(first[name].Addresses) != 1 {
			t.Fatalf("the addresses are %+v", first)
		}
		url[name] = first[name].Addresses[0]
		if got := page(url[name], "text/plain"); got != "200 Hello, "+name {
			t.Errorf("%s answers %q", name, got)
		}
	}
	if url[orders] == url[customers] {
		t.Errorf("both are at %s", url[orders])
	}

	t.Log("a body of the library is swapped into both")
	s.replaceIn("core/src/main/java/com/example/core/Greeting.java", `"Hello, "`, `"Good day, "`)
	second := s.waits(0)
	if got := r.served(orders, customers); got[orders] != bySwap || got[customers] != bySwap {
		t.Errorf("it took %v", got)
	}
	for name, at := range url {
		if got := page(at, "text/plain"); got != "200 Good day, "+name || second[name].Cycle != 2 {
			t.Errorf("%s answers %q in cycle %d", name, got, second[name].Cycle)
		}
	}

	t.Log("a save in one service does not touch the other")
	s.replaceIn(orders+"/"+javaDir+"AppController.java", "return new", "return \"! \" + new")
	third := s.waits(0)
	if got := r.served(orders); got[orders] != bySwap {
		t.Errorf("it took %v", got)
	}
	if got := page(url[orders], "text/plain"); got != "200 ! Good day, "+orders || third[orders].Cycle != 3 ||
		third[customers].Cycle != 2 {
		t.Errorf("it answers %q, after %+v", got, third)
	}

	t.Log("a mistake in one leaves the other serving")
	s.replaceIn(orders+"/"+javaDir+"AppController.java", `"! " +`, `"! "`)
	broken := s.waits(10)
	if broken[orders].Failure == nil || broken[customers].Failure != nil {
		t.Errorf("got %+v", broken)
	}
	if got := page(url[customers], "text/plain"); got != "200 Good day, "+customers {
		t.Errorf("%s answers %q", customers, got)
	}
	s.replaceIn(orders+"/"+javaDir+"AppController.java", `"! "`, `"!! " +`)
	s.waits(0)

	t.Log("they share one compiler process")
	compilers := slices.DeleteFunc(r.processes(),
		func(line string) bool { return !strings.Contains(line, "io.github.devloop_cli.Javac") })
	if len(compilers) != 1 {
		t.Errorf("there are %d: %q", len(compilers), compilers)
	}
	r.quit()
	if pods := slices.Sorted(maps.Keys(s.pods())); len(pods) != 2 {
		t.Errorf("the Pods are %v", pods)
	}
	if removed := all[event.ObjectRemoved](s.must("down")); len(removed) != 2 {
		t.Errorf("down removed %v", removed)
	}
}
