package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
)

// controller is the sample's controller: what stands before the class, and in it. Its answer is what say returns.
func controller(before, members string) string {
	return fmt.Sprintf(`package com.example;
import java.util.*;
import java.util.function.*;
import org.springframework.web.bind.annotation.*;
%s
@RestController
public class AppController {
    @GetMapping("/") public String home() { return say(); }
    %s
}
`, before, members)
}

// inShort are the rows of the table that run in the short tier: one of each kind. Package plan tests
// all decisions with the compiler alone. A row goes on from the one before it.
var inShort = []string{"body", "private method", "body of the called", "constant added", "constant changed",
	"field added", "initial value", "constructor", "called by the constructor", "no fields", "lambda", "second lambda",
	"nested class", "record", "body in the record", "method added", "annotation"}

// TestScenarioTheCheapestPathGivesWhatAFreshPodWould makes edit after edit of a running
// application, and looks at the path that each takes and at the answer. The short tier has the rows
// that inShort names, with the stub; the long tier has all, with Spring Boot.
func TestScenarioTheCheapestPathGivesWhatAFreshPodWould(t *testing.T) {
	t.Parallel()
	s := newStubOrSpring(t)
	const main = "src/main/java/com/example/AppController.java"
	s.write(main, controller("", `String say() { return "start"; }`))
	r := s.start("run", "--without", "archive")
	url := r.answered("start")
	r.took()
	const swap, restart = "swap", "restart"
	say := func(body string) string { return "String say() { " + body + " }\n" }
	for _, e := range []struct{ name, path, before, members, answer string }{
		{"body", swap, "", say(`return "one";`), "one"},
		{"two statements", swap, "", say(`String s = "t"; return s + "wo";`), "two"},
		{"switch over texts", swap, "", say(`switch ("a" + 1) { case "a1": return "switched"; default: return "no"; }`), "switched"},
		{"loop", swap, "", say(`int n = 0; for (int i = 0; i < 4; i++) n += i; return "sum " + n;`), "sum 6"},
		{"try", swap, "", say(`try { return "n" + Integer.parseInt("x"); } catch (NumberFormatException e) { return "caught"; }`), "caught"},
		{"long and double", swap, "", say(`long l = 1L << 40; double d = 1.5; return l + " " + d;`), "1099511627776 1.5"},
		{"private method", swap, "", say(`return more();`) + `private String more() { return "more"; }`, "more"},
		{"body of the called", swap, "", say(`return more();`) + `private String more() { return "even more"; }`, "even more"},
		{"signature", swap, "", say(`return more(2);`) + `private String more(int n) { return "more " + n; }`, "more 2"},
		{"argument", swap, "", say(`return more(3);`) + `private String more(int n) { return "more " + n; }`, "more 3"},
		{"private constant", swap, "", `private static final String NAME = "p";` + say(`return NAME;`), "p"},
		{"value of the private constant", swap, "", `private static final String NAME = "q";` + say(`return NAME;`), "q"},
		{"no private constant", swap, "", say(`return "r";`), "r"},
		{"constant added", restart, "", `static final String NAME = "a";` + say(`return NAME;`), "a"},
		{"constant changed", restart, "", `static final String NAME = "b";` + say(`return NAME;`), "b"},
		{"field added", restart, "", `String name = "c".trim();` + say(`return name;`), "c"},
		{"initial value", restart, "", `String name = "d".trim();` + say(`return name;`), "d"},
		{"static initialiser", restart, "", `static String name; static { name = "e"; }` + say(`return name;`), "e"},
		{"in the static initialiser", restart, "", `static String name; static { name = "f"; }` + say(`return name;`), "f"},
		{"constructor", restart, "", `final String name; AppController() { name = make(); } static String make() { return "g"; }` + say(`return name;`), "g"},
		{"called by the constructor", restart, "", `final String name; AppController() { name = make(); } static String make() { return "h"; }` + say(`return name;`), "h"},
		{"counter", restart, "", `int n;` + say(`n++; return "count " + n;`), "count 2"},
		{"body that counts", restart, "", `int n;` + say(`n += 10; return "count " + n;`), "count 20"},
		{"kept in a map", restart, "", `Map<String, String> m = new HashMap<>();` + say(`return m.computeIfAbsent("k", k -> made());`) + `String made() { return "first"; }`, "first"},
		{"what the map keeps", restart, "", `Map<String, String> m = new HashMap<>();` + say(`return m.computeIfAbsent("k", k -> made());`) + `String made() { return "second"; }`, "second"},
		{"no fields", restart, "", say(`return "w";`), "w"},
		{"lambda", swap, "", say(`Supplier<String> s = () -> "x"; return s.get();`), "x"},
		{"body of the lambda", swap, "", say(`Supplier<String> s = () -> "y"; return s.get();`), "y"},
		{"second lambda", swap, "", say(`Supplier<String> t = () -> "z"; Supplier<String> s = () -> "y"; return s.get() + t.get();`), "yz"},
		{"method reference", swap, "", say(`Supplier<String> s = this::more; return s.get();`) + `private String more() { Supplier<String> t = () -> "referred"; return t.get(); }`, "referred"},
		{"nested class", swap, "", say(`return new Inner().say();`) + `static class Inner { String say() { return "in"; } }`, "in"},
		{"body in the nested class", swap, "", say(`return new Inner().say();`) + `static class Inner { String say() { return "inner"; } }`, "inner"},
		{"anonymous class", swap, "", say(`return new Object() { String say() { return "anonymous"; } }.say();`), "anonymous"},
		{"private field in an anonymous class", restart, "", `private String name = "s".trim();` + say(`return new Object() { String say() { return "private" + name; } }.say();`), "privates"},
		{"no fields again", restart, "", say(`return "w";`), "w"},
		{"record", swap, "", `record Point(int x, int y) { String say() { return "at " + x; } }` + say(`return new Point(1, 2).say();`), "at 1"},
		{"body in the record", swap, "", `record Point(int x, int y) { String say() { return "at " + y; } }` + say(`return new Point(1, 2).say();`), "at 2"},
		{"record component", restart, "", `record Point(int x, int y, int z) { String say() { return "at " + z; } }` + say(`return new Point(1, 2, 3).say();`), "at 3"},
		{"enum", swap, "", `enum Colour { RED, GREEN }` + say(`return "" + Colour.values().length;`), "2"},
		{"enum constant", restart, "", `enum Colour { RED, GREEN, BLUE }` + say(`return "" + Colour.values().length;`), "3"},
		{"interface with a default", restart, "interface Word { default String word() { return \"default\"; } }", `static class W implements Word {}` + say(`return new W().word();`), "default"},
		{"body of the default", swap, "interface Word { default String word() { return \"other\"; } }", `static class W implements Word {}` + say(`return new W().word();`), "other"},
		{"method added", restart, "", say(`return added();`) + `String added() { return "added"; }`, "added"},
		{"annotation", restart, "@CrossOrigin", say(`return "annotated";`), "annotated"},
		{"annotation gone", restart, "", say(`return "plain";`), "plain"},
		{"request mapping", restart, "", say(`return "mapped";`) + `@GetMapping("/more") String more() { return say(); }`, "mapped"},
		{"generic method", restart, "", say(`return first(List.of("g"));`) + `<T> T first(List<T> list) { return list.get(0); }`, "g"},
		{"in the generic method", swap, "", say(`return first(List.of("g", "h"));`) + `<T> T first(List<T> list) { return list.get(list.size() - 1); }`, "h"},
	} {
		if !real.LongTier() && !slices.Contains(inShort, e.name) {
			continue
		}
		s.write(main, controller(e.before, e.members))
		took, why := r.tookBecause()
		for name, path := range map[string]string{swap: "compile swap forward",
			restart: "compile restart ready forward"} {
			if e.path == name && took != path {
				t.Errorf("%s: it took %s: %s", e.name, took, why)
			}
		}
		// The first request was devloop's own.
		if got := page(url, "text/plain"); got != "200 "+e.answer {
			t.Errorf("%s: it answers %q, want %q", e.name, got, e.answer)
		}
	}

	if real.LongTier() {
		t.Log("a class is swapped that Spring has loaded, as an answer, and nothing has used")
		for _, text := range []string{"old", "new"} {
			s.write(main, controller("", say(`return "unused";`)+`@GetMapping("/answer") Answer answer() { return new Answer(); }
				static class Answer { public String getText() { return "`+text+`"; } }`))
			if took := r.took(); text == "new" && took != "compile swap forward" {
				t.Errorf("it took %s", took)
			}
		}
		if got := page(url+"/answer", "application/json"); got != `200 {"text":"new"}` {
			t.Errorf("it answers %q", got)
		}
	}

	t.Log("pages are read at the request, in whatever way they change")
	for _, text := range []string{"body {}", "body { color: red }"} {
		s.write("src/main/resources/static/app.css", text)
		if took := r.took(); took != "compile pages forward" {
			t.Errorf("a page: it took %s", took)
		}
		if got := page(url+"/app.css", "text/css"); got != "200 "+text {
			t.Errorf("a page: it is %q", got)
		}
	}

	t.Log("settings are read at start")
	s.write(main, controller("", `String word = AppController.class.getResource("/application.properties") == null ? "none" : ResourceBundle.getBundle("application").getString("word");`+say(`return word;`)))
	r.took()
	s.write("src/main/resources/application.properties", "word=set\n")
	if took := r.took(); took != "compile restart ready forward" {
		t.Errorf("settings: it took %s", took)
	}
	if got := page(url, "text/plain"); got != "200 set" {
		t.Errorf("settings: it answers %q", got)
	}

	t.Log("a fresh Pod answers the same")
	r.renew()
	if took := r.took(); !strings.Contains(took, "replace") {
		t.Errorf("Enter: it took %s", took)
	}
	if got := page(url, "text/plain"); got != "200 set" {
		t.Errorf("the fresh Pod answers %q", got)
	}
	r.quit()
}

// TestScenarioThePathIsAsTheUserSays makes edits under each rule, and looks at the path and at the reason.
func TestScenarioThePathIsAsTheUserSays(t *testing.T) {
	t.Parallel()
	const main = "src/main/java/com/example/AppController.java"
	kept := func(text string) string { // by what the constructor made
		return controller("", `final String name; AppController() { name = make(); } static String make() { return "`+
			text+`"; } String say() { return name + make(); }`)
	}
	for _, c := range []struct{ rule, answer, stages, why string }{
		{"restart", "bb", "compile restart ready forward", "asked for by --path"},
		{"pod", "bb", "compile image load replace ready forward", "asked for by --path"},
		{"swap", "ab", "compile swap forward", ""}, // not what a new Pod would answer
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, "spring-maven")
			s.write(main, kept("a"))
			r := s.start("run", "--without", "archive", "--path", c.rule)
			url := r.answered("aa")
			r.took()
			s.write(main, kept("b"))
			if chosen := until(t, r.stream, func(event.PathChosen) bool { return true }); chosen.Why != c.why {
				t.Errorf("it says %q", chosen.Why)
			}
			if took := "compile " + r.took(); took != c.stages {
				t.Errorf("it took %s", took)
			}
			if got := page(url, "text/plain"); got != "200 "+c.answer {
				t.Errorf("it answers %q, want %q", got, c.answer)
			}
			r.quit()
		})
	}
}
