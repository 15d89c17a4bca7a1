package main

import (
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/hack/real"
)

// podOf is a manifest with a word in the environment.
func podOf(word string) string {
	return `apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  containers:
  - {name: app, image: "spring-maven:latest", ports: [{containerPort: 8080}], env: [{name: WORD, value: ` + word + `}]}
`
}

// orders is a controller of what Lombok makes.
func orders(argument string) string {
	return `package com.example;
import org.springframework.web.bind.annotation.*;
@RestController
public class OrderController {
    @GetMapping("/order") public String order() { return new Order("` + argument + `").toString(); }
    @GetMapping("/word") public String word() { return System.getenv("WORD"); }
}
`
}

// TestScenarioEditsOfWhateverElseAProjectHas goes on with the table of paths: an annotation
// processor, a template, a library, a manifest.
func TestScenarioEditsOfWhateverElseAProjectHas(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	s := newScenario(t, "spring-maven")
	s.depend(ofBoot("spring-boot-starter-mustache", ""),
		"<dependency><groupId>org.projectlombok</groupId><artifactId>lombok</artifactId><optional>true</optional></dependency>")
	const java, page, pod = "src/main/java/com/example/", "src/main/resources/templates/page.mustache", "pod.yaml"
	s.write(java+"Order.java",
		"package com.example;\n@lombok.Data @lombok.AllArgsConstructor class Order { String name; }\n")
	s.write(java+"OrderController.java", orders("a"))
	s.write(java+"PageController.java", `package com.example;
@org.springframework.stereotype.Controller
public class PageController { @org.springframework.web.bind.annotation.GetMapping("/page") public String page() { return "page"; } }
`)
	s.write(page, "one")
	s.write(pod, podOf("one"))
	r := s.start("run", "--without", "archive,spare")
	url := r.answered("Hello, World")
	r.took()

	const swap, restart, newPod = "compile swap forward", "compile restart ready forward",
		"image load replace ready forward"
	for _, e := range []struct{ name, file, text, stages, why, path, answer string }{
		{"what Lombok makes", java + "Order.java", "package com.example;\n@lombok.Data @lombok.AllArgsConstructor class Order { String title; }\n", restart, "com.example.Order: ", "/order", "Order(title=a)"},
		{"a body beside Lombok", java + "OrderController.java", orders("b"), swap, "", "/order", "Order(title=b)"},
		{"a template", page, "two", "compile pages forward", "", "/page", "two"},
		{"a manifest, and what runs is in no image", pod, podOf("two"), newPod, "the manifest changed", "/word", "two"},
		{"a manifest", pod, podOf("three"), "replace ready forward", "", "/word", "three"},
		{"a library", "pom.xml", "", restart, "library commons-lang3-", "/order", "Order(title=b)"},
	} {
		if e.file == "pom.xml" {
			s.depend("<dependency><groupId>org.apache.commons</groupId><artifactId>commons-lang3</artifactId></dependency>")
		} else {
			s.write(e.file, e.text)
		}
		took, why := r.tookBecause()
		if took != e.stages || !strings.HasPrefix(why, e.why) || (why == "") != (e.why == "") {
			t.Errorf("%s: it took %s: %s", e.name, took, why)
		}
		if got, err := get(url + e.path); err != nil || got != e.answer {
			t.Errorf("%s: it answers %q, %v", e.name, got, err)
		}
	}

	t.Log("a fresh Pod answers the same")
	r.renew()
	r.took()
	for path, want := range map[string]string{"/order": "Order(title=b)", "/page": "two", "/word": "three"} {
		if got, err := get(url + path); err != nil || got != want {
			t.Errorf("the fresh Pod answers %q at %s, %v", got, path, err)
		}
	}
	r.quit()
}

// tookBecause waits until a cycle ends well, and returns the stages that it took, and why: by
// the decision, or by what refused it.
func (r *started) tookBecause() (stages, why string) {
	r.Helper()
	stages = r.stages(func(b event.Body) {
		switch b := b.(type) {
		case event.PathChosen:
			why = b.Why
		case event.StageFinished:
			if b.Outcome == event.Skipped && b.Stage == event.Swap {
				why = b.Why
			}
		}
	})
	return stages, why
}
