package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// depend adds dependencies of Spring Boot's to the project's pom.xml.
func (s *scenario) depend(xml ...string) {
	s.Helper()
	s.replaceIn("pom.xml", "<dependencies>", "<dependencies>"+strings.Join(xml, ""))
}

// replaceIn edits a file of the project.
func (s *scenario) replaceIn(path, before, after string) {
	s.Helper()
	text := testfile.Read(s, filepath.Join(s.dir, path))
	if !strings.Contains(string(text), before) {
		s.Fatalf("%s has no %q", path, before)
	}
	s.write(path, strings.Replace(string(text), before, after, 1))
}

// ofBoot is a dependency whose version Spring Boot knows.
func ofBoot(artifact, more string) string {
	return "<dependency><groupId>org.springframework.boot</groupId><artifactId>" + artifact + "</artifactId>" + more +
		"</dependency>"
}

// TestScenarioTemplatesOfEachEngineAreReadAtTheRequest edits templates of all engines that
// Spring Boot sets up, and texts in languages, in a project that has spring-boot-devtools in its jar, too.
func TestScenarioTemplatesOfEachEngineAreReadAtTheRequest(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	s := newScenario(t, "spring-maven")
	s.depend(ofBoot("spring-boot-starter-thymeleaf", ""), ofBoot("spring-boot-starter-freemarker", ""),
		ofBoot("spring-boot-starter-mustache", ""),
		ofBoot("spring-boot-starter-groovy-templates", ""), ofBoot("spring-boot-devtools", ""))
	s.replaceIn("pom.xml", "<artifactId>spring-boot-maven-plugin</artifactId>",
		"<artifactId>spring-boot-maven-plugin</artifactId><configuration><excludeDevtools>false</excludeDevtools></configuration>")
	// else it takes all views for its own
	s.write("src/main/resources/application.properties", "spring.thymeleaf.view-names=thyme\n")
	s.write("src/main/resources/messages.properties", "word=first\n")
	s.write("src/main/java/com/example/PageController.java", `package com.example;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.*;
@Controller
public class PageController {
    @GetMapping("/page/{name}") public String page(@PathVariable String name) { return name; }
}
`)
	const dir = "src/main/resources/templates/"
	engines := []struct{ view, file, before, after, more string }{
		{"thyme", "thyme.html", "<p>", "</p>", `<p th:text="#{word}"></p>`},
		{"free", "free.ftlh", "<p>", "</p>", ""},
		{"must", "must.mustache", "<p>", "</p>", ""},
		{"groovy", "groovy.tpl", "p('", "')", ""},
	}
	for _, e := range engines {
		s.write(dir+e.file, e.before+"zero"+e.after+e.more)
	}
	r := s.start("run", "--without", "archive")
	url := r.answered("Hello, World")
	r.took()

	for _, e := range engines {
		for _, word := range []string{"one", "two"} { // the second within a second
			s.write(dir+e.file, e.before+word+e.after+e.more)
			if took := r.took(); took != "compile pages forward" {
				t.Errorf("%s: it took %s", e.file, took)
			}
			if got, err := get(url + "/page/" + e.view); err != nil || !strings.Contains(got, "<p>"+word+"</p>") {
				t.Errorf("%s: it is %q, %v", e.file, got, err)
			}
		}
	}

	t.Log("a template that comes is there")
	s.write(dir+"late.mustache", "late")
	r.took()
	if got, err := get(url + "/page/late"); err != nil || got != "late" {
		t.Errorf("the new one is %q, %v", got, err)
	}

	t.Log("texts of a language come, change and go")
	const texts = "src/main/resources/messages"
	page := url + "/page/thyme"
	reading, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	readers.Go(func() { // a request that comes while a file is written must not keep what was there before
		for reading.Err() == nil {
			_, _ = getIn(page, "en")
		}
	})
	const pages, restart = "compile pages forward", "compile restart ready forward"
	for _, c := range []struct{ file, text, want, path string }{
		{texts + ".properties", "word=second", "second", pages},
		{texts + ".properties", "word=other\nother=x", "other", pages},
		{texts + ".properties", "word=another", "another", pages},
		{texts + ".properties", "word=third", "third", pages},
		{texts + "_en.properties", "word=english", "english", pages},
		{texts + "_en.properties", "word=British", "British", pages},
		{texts + "_en.properties", "", "third", restart},
	} {
		if c.text == "" {
			if err := os.Remove(filepath.Join(s.dir, c.file)); err != nil {
				t.Fatal(err)
			}
		} else {
			s.write(c.file, c.text)
		}
		if took := r.took(); took != c.path {
			t.Errorf("%s: it took %s", c.want, took)
		}
		if got, err := getIn(page, "en"); err != nil || !strings.Contains(got, "<p>"+c.want+"</p>") {
			t.Errorf("%s: it is %q, %v", c.want, got, err)
		}
	}

	stop()
	readers.Wait()

	t.Log("only devloop changes classes, although devtools are there")
	s.replaceInSource("Hello, World", "Hello, swap")
	r.tookUntil(url, "Hello, swap", "compile swap forward")
	if log, _, _ := s.say("logs", s.name); !strings.Contains(log, "[           main]") ||
		strings.Contains(log, "restartedMain") {
		t.Errorf("devtools run the application:\n%s", log)
	}
	r.quit()
}
