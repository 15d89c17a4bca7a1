package builder

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// evidenceLines is how many lines of a tool's output an error carries at most.
const evidenceLines = 30

// Problem is what a compiler found in a source file.
type Problem struct {
	// File is relative to the project's directory, or absolute if it lies outside.
	File string
	// Line and Column count from one; Column is 0 where the compiler named none.
	Line, Column int
	// Text is the compiler's message in one line.
	Text string
	// Source is the line itself, "" if it could not be read.
	Source string
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
		lines = append(lines, blank(string(before[:p.Column-1]))+"^")
	}
	return lines
}

// blank replaces all but tabs by spaces, so that what follows stands below.
func blank(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, s)
}

// wordings are the forms in which compilers tell of an error: file, line, column
// if there is one, text. The first that matches a line counts.
var wordings = []*regexp.Regexp{
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

// detail matches what javac says below a "cannot find symbol" and its like.
var detail = regexp.MustCompile(`^(?:\[ERROR\] )?\s+(symbol|required|found):\s+(.+)$`)

// findProblems returns the problems in a tool's output, each once, in order.
func findProblems(text, dir string) []Problem {
	var found []Problem
	seen := map[string]bool{}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		p, ok := parseProblem(line)
		if !ok {
			continue
		}
		p.readOn(lines[i+1:])
		p.File = relative(filepath.FromSlash(p.File), dir)
		if key := fmt.Sprint(p.File, p.Line, p.Text); !seen[key] {
			seen[key] = true
			p.readSource(dir)
			found = append(found, p)
		}
	}
	return found
}

func parseProblem(line string) (Problem, bool) {
	for _, w := range wordings {
		m := w.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		p := Problem{File: m[w.SubexpIndex("file")], Text: strings.TrimSpace(m[w.SubexpIndex("text")])}
		p.Line, _ = strconv.Atoi(m[w.SubexpIndex("line")])
		if i := w.SubexpIndex("column"); i > 0 {
			p.Column, _ = strconv.Atoi(m[i])
		}
		return p, true
	}
	return Problem{}, false
}

// readOn takes what follows a problem's first line: javac's source line with the
// caret below it, and details, until the next problem.
func (p *Problem) readOn(lines []string) {
	if p.Column == 0 && len(lines) > 1 && strings.TrimSpace(lines[1]) == "^" {
		p.Source, p.Column = lines[0], strings.IndexByte(lines[1], '^')+1
		lines = lines[2:]
	}
	for _, line := range lines[:min(len(lines), 3)] {
		m := detail.FindStringSubmatch(line)
		if m == nil {
			return
		}
		p.Text += fmt.Sprintf("; %s: %s", m[1], strings.Join(strings.Fields(m[2]), " "))
	}
}

// readSource reads the line from the file, unless the compiler has shown it.
func (p *Problem) readSource(dir string) {
	if p.Source != "" {
		return
	}
	path := p.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer func() { _ = file.Close() }()
	scanner := bufio.NewScanner(file)
	for n := 1; scanner.Scan(); n++ {
		if n == p.Line {
			p.Source = scanner.Text()
			return
		}
	}
}

// relative returns path relative to dir if it lies inside, else as it is.
func relative(path, dir string) string {
	for _, d := range []string{dir, realPath(dir)} {
		if rel, err := filepath.Rel(d, path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return path
}

// realPath resolves symbolic links: tools tell of files by their real names.
func realPath(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		return real
	}
	return dir
}

// tail returns the last n lines of text, without empty ones at the end.
func tail(text string, n int) []string {
	lines := strings.Split(strings.TrimRight(text, "\n "), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines[max(0, len(lines)-n):]
}
