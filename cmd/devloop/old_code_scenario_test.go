package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// shop is an application of many small parts, each of which has a number that its
// answer tells. A number changes by an edit of one file; who uses that file has to be compiled
// with it, be started again, or found by Spring, which is where old code could stay.
type shop struct {
	body, constant, base, standard, service, field, lambda, structure, first, property, page int
	// pair says that the record has two components, extra that there is one more bean.
	pair, extra bool
}

// edits are the ways to change a shop to number n.
var edits = []func(s *shop, n int){
	func(s *shop, n int) { s.body = n }, func(s *shop, n int) { s.body = n },
	func(s *shop, n int) { s.service = n }, func(s *shop, n int) { s.service = n },
	func(s *shop, n int) { s.base = n }, func(s *shop, n int) { s.standard = n }, func(s *shop, n int) { s.lambda = n },
	func(s *shop, n int) { s.structure = n }, func(s *shop, n int) { s.structure = n },
	func(s *shop, n int) { s.structure = n },
	func(s *shop, n int) { s.page = n },
	func(s *shop, n int) { s.constant = n }, func(s *shop, n int) { s.field = n }, func(s *shop, n int) { s.first = n },
	func(s *shop, n int) { s.property = n },
	func(s *shop, n int) { s.pair = !s.pair }, func(s *shop, n int) { s.extra = !s.extra },
}

// structures are the ways in which a class makes a number, where # stands: of each kind of member that comes and goes.
var structures = []string{
	`int structure() { return #; }`,
	`int structure() { java.util.function.IntSupplier s = () -> #, t = () -> s.getAsInt(); return t.getAsInt(); }`,
	`int structure() { int n = service(); java.util.function.IntSupplier s = () -> service() - n + #; return s.getAsInt(); }`,
	`int structure() { return private#(); } private int private#() { java.util.function.IntSupplier s = () -> #; return s.getAsInt(); }`,
	`int structure() { java.util.function.IntSupplier s = this::referred; return s.getAsInt(); } private int referred() { return #; }`,
	`int structure() { java.util.function.IntSupplier s = Numbers::stated; return s.getAsInt(); } private static int stated() { return #; }`,
	`int structure() { return new Object() { int n() { return #; } }.n(); }`,
	`int structure() { class Local { int n() { return #; } } record Held(int n) { } return new Held(new Local().n()).n(); }`,
	`int structure() { return new Nested().n(); } static class Nested { int n() { java.util.function.IntSupplier s = () -> #; return s.getAsInt(); } }`,
	`int structure() { switch ("n" + #) { case "n#": return #; default: return -1; } }`,
	`int structure() { switch (Level.values()[# % 2]) { case LAST: return #; default: return # + 0; } }`,
	`int structure() { return HELD; } private static final int HELD = #;`,
	`int structure() { return stated(service()) - service(); } private static int stated(int n#) { return n# + OTHER; } private static final int OTHER = #;`,
	`int structure() { return Some.n(#); } enum Some { A; static int n(int n) { return n; } }`,
}

func (s shop) answer() string {
	pair, parts := "Pair[a=1]", "[one]"
	if s.pair {
		pair = "Pair[a=1, b=2]"
	}
	if s.extra {
		parts = "[extra, one]"
	}
	return fmt.Sprintf("200 body %d constant %d base %d standard %d service %d field %d lambda %d structure %d first L%d property %d %s %s",
		s.body, s.constant, s.base, s.standard, s.service, s.field, s.lambda, s.structure, s.first,
		s.property, pair, parts)
}

// files are the shop's own files by path.
func (s shop) files() map[string]string {
	files := map[string]string{
		"static/page.txt":        fmt.Sprintf("page %d\n", s.page),
		"application.properties": fmt.Sprintf("number=%d\n", s.property),
		"Words":                  fmt.Sprintf("interface Words { int CONSTANT = %d; }", s.constant),
		"Base":                   fmt.Sprintf("abstract class Base { int base() { return %d; } }", s.base),
		"Standard":               fmt.Sprintf("interface Standard { default int standard() { return %d; } }", s.standard),
		"Level":                  fmt.Sprintf("enum Level { L%d, LAST }", s.first),
		"Part":                   "interface Part { String name(); }",
		"One":                    `@org.springframework.stereotype.Component class One implements Part { public String name() { return "one"; } }`,
		"Numbers": fmt.Sprintf(`@org.springframework.stereotype.Service class Numbers implements Standard {
			final int field = Integer.parseInt("%d");
			int service() { return %d; }
			int lambda() { java.util.function.IntSupplier s = () -> %d; return s.getAsInt(); }
			%s
		}`, s.field, s.service, s.lambda, strings.ReplaceAll(structures[s.structure%len(structures)], "#", strconv.Itoa(s.structure))),
		"Pair": "record Pair(int a) { static Pair make() { return new Pair(1); } }",
	}
	if s.pair {
		files["Pair"] = "record Pair(int a, int b) { static Pair make() { return new Pair(1, 2); } }"
	}
	if s.extra {
		files["Extra"] = `@org.springframework.stereotype.Component class Extra implements Part { public String name() { return "extra"; } }`
	}
	files["AppController"] = fmt.Sprintf(`
		@org.springframework.web.bind.annotation.RestController
		public class AppController extends Base {
			private final Numbers numbers;
			private final java.util.List<Part> parts;
			private final int property;
			AppController(Numbers numbers, java.util.List<Part> parts, @org.springframework.beans.factory.annotation.Value("${number}") int property) {
				this.numbers = numbers;
				this.parts = parts;
				this.property = property;
			}
			@org.springframework.web.bind.annotation.GetMapping("/") public String home() {
				return "body %d constant " + Words.CONSTANT + " base " + base() + " standard " + numbers.standard() + " service " + numbers.service()
					+ " field " + numbers.field + " lambda " + numbers.lambda() + " structure " + numbers.structure() + " first " + Level.values()[0] + " property " + property
					+ " " + Pair.make() + " " + parts.stream().map(Part::name).sorted().toList();
			}
		}`, s.body)
	return inProject(files)
}

// inProject gives files their places: what has no extension is a class.
func inProject(files map[string]string) map[string]string {
	placed := map[string]string{}
	for name, text := range files {
		if filepath.Ext(name) == "" {
			placed["src/main/java/com/example/"+name+".java"] = "package com.example;\n" + text + "\n"
		} else {
			placed["src/main/resources/"+name] = text
		}
	}
	return placed
}

// save writes the files in which two shops differ.
func (s *scenario) save(before, after map[string]string) {
	s.Helper()
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if before[path] != after[path] {
			s.write(path, after[path])
		}
	}
	for path := range before {
		if _, is := after[path]; is {
			continue
		}
		must.Do(s, os.Remove(filepath.Join(s.dir, path)))
	}
}

// cycle waits until a cycle ends, and returns when it began, where the application answers, if that
// was said, and why it failed, nil for one that did not. Those that are cut off don't count.
func (r *started) cycle() (began time.Time, url string, failed *event.Failure) {
	r.Helper()
	for {
		var e event.Event
		if err := r.stream.Decode(&e); err != nil {
			r.Fatalf("the stream ended: %v", err)
		}
		switch b := e.Body.(type) {
		case event.CycleStarted:
			began = e.Time
		case event.AppAnswered:
			url = b.URL
		case event.CycleFinished:
			if b.Outcome != event.Cancelled && b.Outcome != event.Superseded {
				return began, url, b.Failure
			}
		}
	}
}

// TestScenarioNoAnswerIsOfOldCode makes random edits in a row: some of them while the one before is still on its way,
// some after one that does not compile; and sometimes the container ends. An answer of old code, once a cycle that
// began after the edit has ended, is a failure. DEVLOOP_EDITS says how many, fewer where each takes longer,
// DEVLOOP_SEED which. The short tier leaves out the projects with a Dockerfile.
func TestScenarioNoAnswerIsOfOldCode(t *testing.T) {
	t.Parallel()
	for _, project := range []struct {
		name, dockerfile, manifest string
		share                      int // one of how many edits
		long                       bool
	}{
		{"without a Dockerfile", "", "", 1, false},
		{"in a Deployment", "", fmt.Sprintf(deploymentManifest, ""), 2, false},
		{"one that is taken apart", "FROM maven AS build\nCOPY . .\nRUN mvn package\n" +
			"FROM openjdk:17-jdk\nCOPY --from=build target/*SNAPSHOT.jar app.jar\nENTRYPOINT [\"java\", \"-jar\", \"/app.jar\"]\n", "", 2, true},
		{"one that is not", "FROM openjdk:17-jdk AS jar\nCOPY target/*SNAPSHOT.jar app.jar\n" +
			"FROM openjdk:17-jdk\nCOPY --from=jar /app.jar /app.jar\nRUN ls /app.jar\nENTRYPOINT [\"java\", \"-jar\", \"/app.jar\"]\n", "", 4, true},
	} {
		t.Run(project.name, func(t *testing.T) {
			if project.long {
				real.Long(t)
			}
			t.Parallel()
			s := newStubOrSpring(t)
			if project.dockerfile != "" {
				s.write("Dockerfile", project.dockerfile)
			}
			if project.manifest != "" {
				s.write("k8s/web.yaml", project.manifest)
			}
			s.editAtRandom(number(t, "DEVLOOP_EDITS", map[bool]int{false: 9, true: 24}[real.LongTier()])/project.share,
				number(t, "DEVLOOP_SEED", 20261125))
		})
	}
}

// editAtRandom makes edits while devloop runs, and checks the answer after each.
func (s *scenario) editAtRandom(count, seed int) {
	s.patience += time.Duration(count) * 10 * time.Second
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	one := func(of int) bool { return random.IntN(of) == 0 }
	now := shop{}
	s.save(nil, now.files())
	r := s.start("run")
	_, url, failed := r.cycle()
	if failed != nil {
		s.Fatalf("the first cycle failed: %+v", failed)
	}
	for n := 1; n <= count; n++ {
		before := now.files()
		edits[random.IntN(len(edits))](&now, n)
		if one(6) { // another save comes before the first has arrived
			before = s.saveAndGoOn(before, now.files(), random)
			edits[random.IntN(len(edits)-2)](&now, n+count) // none that could take the first back
		}
		if one(10) { // one that does not compile
			broken := now.files()
			broken["src/main/java/com/example/Numbers.java"] += "}"
			before = s.saveAndGoOn(before, broken, random)
		}
		began := time.Now()
		s.save(before, now.files())
		r.serves(n, url, now, began)
		if one(count/2) && n < count {
			s.endContainers(n, url, now)
			began = time.Now()
			r.renew() // Kubernetes waits longer each time before it starts a container of one Pod again
			r.serves(n, url, now, began)
		}
	}
	r.quit()
}

// saveAndGoOn saves, and waits for less time than it takes to arrive, or a little more.
func (s *scenario) saveAndGoOn(before, after map[string]string, random *rand.Rand) map[string]string {
	s.save(before, after)
	time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
	return after
}

// serves waits until a cycle that began after an edit has ended, and checks what is answered then.
func (r *started) serves(n int, url string, now shop, edited time.Time) {
	r.Helper()
	saved := time.Now()
	for {
		began, _, failed := r.cycle()
		got := answers(url)
		if got == now.answers() && failed == nil && began.After(edited) {
			return
		}
		if began.After(saved) {
			r.Fatalf("edit %d: it answers %q, want %q; the cycle's failure is %+v", n, got, now.answers(), failed)
		}
	}
}

// endContainers ends the application in its Pods, as a crash would, and waits until others run in
// their place and answer: meanwhile nothing but the present code may.
func (s *scenario) endContainers(n int, url string, now shop) {
	s.Helper()
	before := s.running()
	if len(before) == 0 {
		s.Fatalf("edit %d: no container runs", n)
	}
	for _, pod := range before {
		s.say("exec", pod, "--", "sh", "-c", "kill 1")
	}
	s.Logf("edit %d: the container ends", n)
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		others := true
		for id := range s.running() {
			others = others && before[id] == ""
		}
		got := page(url, "text/plain")
		switch {
		case others && got == now.answer():
			return
		case strings.HasPrefix(got, "200 ") && got != now.answer():
			s.Fatalf("edit %d: after the container's end it answers %q, want %q", n, got, now.answer())
		case time.Now().After(deadline):
			s.Fatalf("edit %d: after the container's end it answers %q", n, got)
		}
	}
}

// running returns the Pods of the containers that run, by the container's ID.
func (s *scenario) running() map[string]string {
	s.Helper()
	containers := map[string]string{}
	for name, pod := range s.pods() {
		for _, c := range pod.Status.ContainerStatuses {
			if c.State.Running != nil && pod.DeletionTimestamp == nil {
				containers[c.ContainerID] = name
			}
		}
	}
	return containers
}

// answers are all that a shop answers.
func answers(url string) string {
	return page(url, "text/plain") + ", " + page(url+"/page.txt", "text/plain")
}

func (s shop) answers() string { return s.answer() + ", " + fmt.Sprintf("200 page %d\n", s.page) }

// number reads a setting of the test.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text, set := os.LookupEnv(name)
	if !set {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}
