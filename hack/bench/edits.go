package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// edit is a sort of edit. All change what the application answers, too: that is how it is
// seen that they have arrived.
type edit struct {
	name, what string
	make       func(dir, text string, round int) error
}

var edits = []edit{
	{"body", "what a method does", func(dir, text string, _ int) error { return say(dir, text) }},
	{"shape", "a method more, or another name for it", func(dir, text string, round int) error {
		return replaceIn(filepath.Join(dir, controller), []replacement{
			{answer, fmt.Sprintf("return %q", text)},
			{regexp.MustCompile(`(?m)^(    void benched\d+\(\) \{\}\n)?\}\s*\z`), fmt.Sprintf("    void benched%d() {}\n}\n", round)},
		})
	}},
	{"dependency", "a library more in build.gradle, or one less", depend},
}

// buildFiles are the sample's: which one is read depends on the machine's Gradle.
var buildFiles = []string{"build.gradle", "gradle/old-gradle.gradle"}

// depend adds a library, or takes it away again.
func depend(dir, text string, round int) error {
	library := ""
	if round%2 == 0 {
		library = "    implementation 'org.apache.commons:commons-lang3:3.17.0'\n"
	}
	for _, file := range buildFiles {
		err := replaceIn(filepath.Join(dir, file), []replacement{
			{regexp.MustCompile(`(?m)^dependencies \{\n(    implementation 'org.apache.commons:.*\n)?`), "dependencies {\n" + library}})
		if err != nil {
			return err
		}
	}
	return say(dir, text)
}

// controller is what answers, in the project's directory.
const controller = "src/main/java/com/example/AppController.java"

var answer = regexp.MustCompile(`return "Hello, World[^"]*"`)

// say changes the text that the controller answers.
func say(dir, text string) error {
	return replaceIn(filepath.Join(dir, controller), []replacement{{answer, fmt.Sprintf("return %q", text)}})
}

// thisRun tells its texts from those of the runs before: a node that still had the
// image of one of them would be sent nothing.
var thisRun = time.Now().Unix()

// text is what the application answers after the edit of a round.
func text(e edit, round int) string {
	return fmt.Sprintf("Hello, World: %s %d of %d", e.name, round, thisRun)
}

// replacement is a text for each place that matches.
type replacement struct {
	where *regexp.Regexp
	text  string
}

// replaceIn edits a file, once: whoever watches sees one save.
func replaceIn(path string, all []replacement) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, r := range all {
		if !r.where.Match(source) {
			return fmt.Errorf("%s has no %s", path, r.where)
		}
		source = r.where.ReplaceAllLiteral(source, []byte(r.text))
	}
	return os.WriteFile(path, source, 0o644)
}
