// Package diagnostics reads from a build tool's output why a build failed.
//
//	problems := diagnostics.Parse(output, dir) // src/App.java:12: ';' expected
//	hints := diagnostics.Hints(output, "export MAVEN_OPTS=-Xmx2g")
//	return &diagnostics.CompileError{Tool: "maven", Problems: problems, Advice: hints, Err: err}
//
// It knows the wording of javac, kotlinc, Groovy, Gradle 4 to 9, Maven 3 and 4, and the JVM.
package diagnostics

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/internal/paths"
)

// MaxLines is how many lines of a tool's output an error carries at most.
const MaxLines = 30

// Problem is a compiler's complaint about a source file.
type Problem struct {
	// File is relative to the project's directory, or absolute if it lies outside.
	File string
	// Line and Column count from one; Column is 0 if the compiler named none.
	Line, Column int
	// Text is the compiler's message in one line.
	Text string
	// Source is the source line, "" if it could not be read.
	Source string
}

// New returns a problem of a file, made relative to dir. The first line of text is the message, javac's details follow.
func New(dir, file string, line, column int, text string) Problem {
	lines := strings.Split(text, "\n")
	p := Problem{File: paths.Relative(filepath.FromSlash(file), dir), Line: line, Column: column,
		Text: strings.TrimSpace(lines[0])}
	p.parseContinuation(lines[1:])
	p.readSource(dir)
	return p
}

// String returns "file:line: text".
func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text) }

// excerpt returns the problem, its source line and a caret below the column.
func (p Problem) excerpt() []string {
	lines := []string{p.String()}
	if p.Source == "" {
		return lines
	}
	lines = append(lines, p.Source)
	if before := []rune(p.Source); p.Column > 0 && p.Column <= len(before)+1 {
		lines = append(lines, indent(string(before[:p.Column-1]))+"^")
	}
	return lines
}

// indent replaces all but tabs by spaces.
func indent(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, s)
}

// patterns are the formats of compiler errors: file, line, perhaps column, text. The first that matches a line counts.
var patterns = []*regexp.Regexp{
	// kotlinc since 1.8, alone or by Maven: e: file:///src/App.kt:12:5 Unresolved reference
	regexp.MustCompile(`^(?:e: |\[ERROR\] )(?:file://)(?P<file>/.+?\.kts?):(?P<line>\d+):(?P<column>\d+):? (?P<text>.+)$`),
	// kotlinc before: e: /src/App.kt: (12, 5): Unresolved reference
	regexp.MustCompile(`^(?:e: |\[ERROR\] )(?P<file>.+?\.kts?): \((?P<line>\d+), (?P<column>\d+)\):? (?P<text>.+)$`),
	// Maven's javac, kotlinc and Groovy: [ERROR] /src/App.java:[12,30] ';' expected
	regexp.MustCompile(`^\[ERROR\] (?:file:)?(?P<file>.+?\.(?:java|kts?|groovy)):\[(?P<line>\d+),(?P<column>\d+)\] (?:error: )?(?P<text>.+)$`),
	// Groovy, alone or by Maven: /src/App.groovy: 12: unexpected token: } @ line 12, column 5.
	regexp.MustCompile(`^(?:\[ERROR\] )?(?P<file>.+?\.groovy): (?P<line>\d+): (?P<text>.+?) ?@ line \d+, column (?P<column>\d+)\.?$`),
	// Gradle of its scripts in Groovy: build file '/shop/build.gradle': 18: Ambiguous expression @ line 18, column 16.
	regexp.MustCompile(`^\s*\w+ (?:file|script) '(?P<file>.+?)': (?P<line>\d+): (?P<text>.+?)(?: ?@ line \d+, column (?P<column>\d+)\.)?$`),
	// Maven: [FATAL] Non-parseable POM /shop/pom.xml: Unrecognised tag: 'a' (position: …) @ line 14, column 17
	regexp.MustCompile(`^\[(?:FATAL|ERROR)\] +(?:Non-parseable|Non-readable|Malformed) POM (?P<file>.+?pom\.xml): (?P<text>.+?)(?: \(position: .*\))?\s+@ (?:.+, )?line (?P<line>\d+), column (?P<column>\d+)`),
	// javac in the languages that JDKs have: /src/App.java:12: error: ';' expected
	// An old Gradle puts it behind the task's name without a space: ":compileJava/src/App.java:12: …".
	regexp.MustCompile(`^(?::[\w:.-]*\w)?(?P<file>(?:/|[A-Za-z]:[/\\]).+?\.java):(?P<line>\d+): (?:error|Fehler|エラー|错误): (?P<text>.+)$`),
}

// drive matches the beginning of a path in a file's address on Windows: file:///C:/src/App.kt.
var drive = regexp.MustCompile(`^/([A-Za-z]:/)`)

// detail matches the lines that javac prints below "cannot find symbol" and the like.
var detail = regexp.MustCompile(`^(?:\[ERROR\] )?\s+(symbol|required|found):\s+(.+)$`)

// Parse returns the problems in a tool's output, each once, in order. Files below dir become relative to it.
func Parse(output, dir string) []Problem {
	var found []Problem
	seen := map[string]bool{}
	lines := strings.Split(output, "\n")
	for i, line := range lines {
		p, ok := parseProblem(line)
		if !ok {
			continue
		}
		p.parseContinuation(lines[i+1:])
		p.File = paths.Relative(filepath.FromSlash(p.File), dir)
		if key := fmt.Sprint(p.File, p.Line, p.Text); !seen[key] {
			seen[key] = true
			p.readSource(dir)
			found = append(found, p)
		}
	}
	return found
}

func parseProblem(line string) (Problem, bool) {
	for _, w := range patterns {
		m := w.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		file := drive.ReplaceAllString(m[w.SubexpIndex("file")], "$1")
		p := Problem{File: file, Text: strings.TrimSpace(m[w.SubexpIndex("text")])}
		p.Line, _ = strconv.Atoi(m[w.SubexpIndex("line")])
		if i := w.SubexpIndex("column"); i > 0 {
			p.Column, _ = strconv.Atoi(m[i])
		}
		return p, true
	}
	return Problem{}, false
}

// parseContinuation reads the lines after a problem's first: javac's source line with the caret below, and details.
func (p *Problem) parseContinuation(lines []string) {
	if p.Column == 0 && len(lines) > 1 && strings.TrimSpace(lines[1]) == "^" {
		p.Source, p.Column = lines[0], strings.IndexByte(lines[1], '^')+1
		lines = lines[2:]
	}
	for _, line := range lines[:min(len(lines), 3)] {
		m := detail.FindStringSubmatch(line)
		if m == nil {
			return
		}
		p.Text = strings.TrimSuffix(p.Text, ";") +
			fmt.Sprintf("; %s: %s", m[1], strings.Join(strings.Fields(m[2]), " "))
	}
}

// readSource reads the source line from the file, unless the compiler has shown it.
func (p *Problem) readSource(dir string) {
	if p.Source != "" {
		return
	}
	path := p.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	text, _ := os.ReadFile(path) // without it there is no excerpt
	if lines := strings.Split(string(text), "\n"); p.Line > 0 && p.Line <= len(lines) {
		p.Source = strings.TrimSuffix(lines[p.Line-1], "\r")
	}
}

// Tail returns the last lines of text, MaxLines at most, without empty ones at the end.
func Tail(text string) []string {
	lines := strings.Split(strings.TrimRight(text, "\n "), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines[max(0, len(lines)-MaxLines):]
}

// exception matches the line in which a JVM reports an uncaught exception.
var exception = regexp.MustCompile(`^(?:Exception in thread "[^"]*" |Caused by: )?(?:[\w$]+\.)+(\w*(?:Exception|Error)): (.+)`)

// Reason returns the line of a JVM's output that says why it failed: its exception, else the last, else otherwise.
func Reason(output, otherwise string) string {
	for line := range strings.Lines(output) {
		if m := exception.FindStringSubmatch(line); m != nil {
			return m[1] + ": " + strings.TrimSpace(m[2])
		}
		if s := strings.TrimSpace(line); s != "" {
			otherwise = s
		}
	}
	return otherwise
}
