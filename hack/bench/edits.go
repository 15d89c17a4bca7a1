package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// edit is a kind of edit. Each also changes the application's answer, which shows that the edit has
// arrived.
type edit struct {
	name, what string
	make       func(dir, text string, round int) error
}

var edits = []edit{
	{"body", "the body of a method", func(dir, text string, _ int) error { return say(dir, text) }},
	{"shape", "a new method, or a new name for it", func(dir, text string, round int) error {
		return replaceIn(filepath.Join(dir, controller), []replacement{
			{answer, fmt.Sprintf("return %q", text)},
			{regexp.MustCompile(`(?m)^(    void benched\d+\(\) \{\}\n)?\}\s*\z`), fmt.Sprintf("    void benched%d() {}\n}\n", round)},
		})
	}},
	{"dependency", "add a library to build.gradle, or remove it", depend},
}

// buildFiles are the sample's build files; the machine's Gradle decides which one is used.
var buildFiles = []string{"build.gradle", "gradle/old-gradle.gradle"}

// depend adds a library in even rounds and removes it in odd ones.
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

// controller is the source of the answer.
const controller = "src/main/java/com/example/AppController.java"

var answer = regexp.MustCompile(`return "Hello, World[^"]*"`)

// say changes the controller's answer.
func say(dir, text string) error {
	return replaceIn(filepath.Join(dir, controller), []replacement{{answer, fmt.Sprintf("return %q", text)}})
}

// thisRun makes the answers unique: a node that still has an image of an earlier run would be sent
// nothing.
var thisRun = time.Now().Unix()

// text is the application's answer after the edit of a round.
func text(e edit, round int) string {
	return fmt.Sprintf("Hello, World: %s %d of %d", e.name, round, thisRun)
}

// replacement replaces each match of a pattern.
type replacement struct {
	where *regexp.Regexp
	text  string
}

// replaceIn makes all replacements in one write, so that a watcher sees one save.
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
