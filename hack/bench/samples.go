package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// sample is a project to edit.
type sample struct {
	dir string
	// tool and goal are a person's command: "gradle", "build".
	tool, goal string
	// image, manifest and pod are what a person deploys.
	image, manifest, pod string
	// more are files that the copies have in addition, and plain those that a person and Skaffold need.
	more, plain map[string]string
	edits       []edit
}

// edit is a kind of edit. Each also changes an answer, which shows that the edit has arrived.
type edit struct {
	name    string
	page    string // whose answer changes
	changes []change
}

// change replaces the match in a file. TEXT in its replacement stands for the new answer, ROUND for the number of the
// edit. In odd rounds the replacement is odd, if there is one.
type change struct {
	file    string
	where   *regexp.Regexp
	to, odd string
}

const (
	controller = "src/main/java/com/example/AppController.java"
	static     = "src/main/resources/static/bench.txt"
	greeting   = "clinic-web/src/main/java/com/example/clinic/web/Greeting.java"
	person     = "clinic-core/src/main/java/com/example/clinic/model/Person.java"
	resources  = "clinic-web/src/main/resources/"
)

var samples = []sample{
	{
		dir: "samples/spring-server", tool: "gradle", goal: "build", image: "spring-server",
		manifest: "spring-pod.yaml", pod: "spring-pod",
		more: map[string]string{static: "nothing yet"},
		edits: append(inHome, replace("resource", "/bench.txt", static, `(?s)^.*$`, "TEXT"),
			edit{"dependency", "/", ofGradle}),
	},
	{
		dir: "samples/clinic", tool: "mvn", goal: "package", image: "bench-clinic", manifest: "pod.yaml", pod: "clinic",
		plain: map[string]string{
			"Dockerfile": "FROM openjdk:17-jdk\nCOPY clinic-web/target/*-SNAPSHOT.jar app.jar\nENTRYPOINT [\"java\", \"-jar\", \"/app.jar\"]\n",
			"pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: clinic\nspec:\n  containers:\n    - name: clinic\n      image: bench-clinic\n" +
				"      imagePullPolicy: IfNotPresent\n      ports:\n        - containerPort: 8080\n",
		},
		edits: append(inText,
			replace("body, other module", "/patients", person, `return this.firstName \+ "[^"]*"`,
				`return this.firstName + " TEXT "`),
			replace("template", "/", resources+"templates/home.html", `<main>(<p>[^<]*</p>)?`, "<main><p>TEXT</p>"),
			replace("property", "/", resources+"application.properties", `(?m)^clinic\.motto=.*$`, "clinic.motto=TEXT"),
			edit{"dependency", "/", []change{ofMaven, inText[0].changes[0]}}),
	},
}

var (
	inHome = methods(controller, "    ", "    @GetMapping(\"/\")\n    public String home() {\n        return ")
	inText = methods(greeting, "\t", "\tpublic String text() {\n\t\treturn salutation() + ")

	ofGradle = []change{library("build.gradle"), library("gradle/old-gradle.gradle"), inHome[0].changes[0]}
	ofMaven  = change{file: "clinic-web/pom.xml", where: regexp.MustCompile(`  <dependencies>\n(` + commonsLang + `)?`),
		to: "  <dependencies>\n" + commonsLang, odd: "  <dependencies>\n"}
)

const commonsLang = `    <dependency>
      <groupId>org.apache.commons</groupId>
      <artifactId>commons-lang3</artifactId>
    </dependency>
`

// replace returns an edit that changes one file.
func replace(name, page, file, where, to string) edit {
	return edit{name, page, []change{{file: file, where: regexp.MustCompile(where), to: to}}}
}

// library adds a library to a build file, and removes it in odd rounds. Which of the two files is used is up to the
// machine's Gradle.
func library(file string) change {
	return change{file: file,
		where: regexp.MustCompile(`(?m)^dependencies \{\n(    implementation 'org.apache.commons:.*\n)?`),
		to:    "dependencies {\n    implementation 'org.apache.commons:commons-lang3:3.17.0'\n",
		odd:   "dependencies {\n"}
}

// methods returns edits of the method that starts with head, which is followed by the text of the answer: of its body;
// of a private method that it calls, whose name changes, too; and of a public method beside it.
func methods(file, indent, head string) (edits []edit) {
	hidden := indent + "private String hiddenROUND() {\n" + indent + indent + "return \"TEXT\";\n" + indent + "}\n\n"
	open := indent + "public void openROUND() {\n" + indent + "}\n\n"
	any := func(text string) string {
		return strings.NewReplacer("TEXT", `[^"]*`, "ROUND", `\d+`).Replace(regexp.QuoteMeta(text))
	}
	where := regexp.MustCompile(
		"(" + any(hidden) + ")?(" + any(open) + ")?(" + any(head) + `)"[^"]*"( \+ hidden\d+\(\))?`)
	for _, e := range []struct{ name, to string }{
		{"body", `$1$2$3"! TEXT "`},
		{"private method", hidden + `$2$3"! " + hiddenROUND()`},
		{"public method", `$1` + open + `$3"! TEXT "`},
	} {
		edits = append(edits, edit{e.name, "/", []change{{file: file, where: where, to: e.to}}})
	}
	return edits
}

// chosen returns the samples in dir, or all.
func chosen(dir string) (list []sample, err error) {
	for _, s := range samples {
		if dir == "" || filepath.Clean(dir) == s.dir {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		err = fmt.Errorf("-sample=%s is not supported", dir)
	}
	return list, err
}

// thisRun makes the answers unique: a node that still has an image of an earlier run would be sent nothing.
var thisRun = time.Now().Unix()

// text is the application's answer after the edit of a round.
func (e edit) text(round int) string { return fmt.Sprintf("%s %d of %d", e.name, round, thisRun) }

// make changes the files in dir.
func (e edit) make(dir string, round int) error {
	fill := strings.NewReplacer("TEXT", e.text(round), "ROUND", fmt.Sprint(round))
	for _, c := range e.changes {
		path := filepath.Join(dir, c.file)
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !c.where.Match(source) {
			return fmt.Errorf("%s has no %s", path, c.where)
		}
		to := c.to
		if c.odd != "" && round%2 != 0 {
			to = c.odd
		}
		if err := os.WriteFile(path, c.where.ReplaceAll(source, []byte(fill.Replace(to))), 0o644); err != nil {
			return err
		}
	}
	return nil
}
