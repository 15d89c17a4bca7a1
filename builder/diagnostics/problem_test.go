package diagnostics

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/testfile"
)

// Each file of testdata is what a tool printed, with the project's
// directory replaced by @DIR@.
func TestProblemsInRecordedOutput(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"gradle-4.4-syntax.txt": "src/main/java/com/example/AppController.java:11: ';' expected\n" +
			"        Strin greeting = \"Hello, World\"\n                                       ^",
		"gradle-4.4-symbol.txt": "src/main/java/com/example/AppController.java:11: cannot find symbol; symbol: class Strin\n" +
			"        Strin greeting = \"Hello, World\";\n        ^",
		"maven-syntax.txt": "src/main/java/com/example/AppController.java:11: ';' expected\n" +
			"\t\tline eleven", // the column counts tabs as javac expands them
		"maven-symbol.txt": "src/main/java/com/example/AppController.java:11: cannot find symbol; symbol: class Strin\n" +
			"\t\tline eleven\n\t\t      ^",
		"maven-kotlin.txt": "src/main/kotlin/App.kt:4: Initializer type mismatch: expected 'Int', actual 'String'.\n" +
			"src/main/kotlin/App.kt:5: Unresolved reference 'greetng'.",
		"maven-groovy.txt": "src/main/groovy/Demo.groovy:5: Unexpected input: '+'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			testfile.Write(t, dir, "src/main/java/com/example/AppController.java",
				strings.Repeat("\n", 10)+"\t\tline eleven\n")
			text := testfile.Read(t, filepath.Join("testdata", name))
			e := &CompileError{Problems: Parse(strings.ReplaceAll(string(text), "@DIR@", dir), dir)}
			got := strings.Join(e.Evidence(), "\n")
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestProblemsInEveryWording(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]Problem{
		"e: file:///p/src/App.kt:12:5 Unresolved reference 'x'.":       {"src/App.kt", 12, 5, "Unresolved reference 'x'.", ""},
		"e: file:///p/build.gradle.kts:3:1: Unresolved reference: foo": {"build.gradle.kts", 3, 1, "Unresolved reference: foo", ""},
		"e: file:///C:/p/src/App.kt:12:5 Unresolved reference 'x'.":    {filepath.FromSlash("C:/p/src/App.kt"), 12, 5, "Unresolved reference 'x'.", ""},
		"[ERROR] /C:/p/src/App.java:[12,30] ';' expected":              {filepath.FromSlash("C:/p/src/App.java"), 12, 30, "';' expected", ""},
		"e: /p/src/App.kt: (12, 5): Unresolved reference: x":           {"src/App.kt", 12, 5, "Unresolved reference: x", ""},
		"[ERROR] /p/src/App.kt: (12, 5) Unresolved reference: x":       {"src/App.kt", 12, 5, "Unresolved reference: x", ""},
		"[ERROR] file:///p/src/App.kt:12:5 Unresolved reference 'x'.":  {"src/App.kt", 12, 5, "Unresolved reference 'x'.", ""},
		"[ERROR] /p/src/App.java:[12,30] ';' expected":                 {"src/App.java", 12, 30, "';' expected", ""},
		"[ERROR] /p/src/App.java:[12,30] method a in class B cannot be applied to given types;\n[ERROR]   required: int\n[ERROR]   found: no arguments": {"src/App.java", 12, 30, "method a in class B cannot be applied to given types; required: int; found: no arguments", ""},
		"/p/src/App.groovy: 12: unexpected token: } @ line 12, column 5.":                                                                               {"src/App.groovy", 12, 5, "unexpected token: }", ""},
		"/elsewhere/Lib.java:3: error: class X is public":                                                                                               {"/elsewhere/Lib.java", 3, 0, "class X is public", ""},
		"/p/src/App.java:7: Fehler: ';' erwartet":                                                                                                       {"src/App.java", 7, 0, "';' erwartet", ""},
		":app:compileJava/p/src/App.java:11: error: cannot find symbol":                                                                                 {"src/App.java", 11, 0, "cannot find symbol", ""},
		"/p/src/App.java:7: warning: [deprecation] stop() in Thread has been deprecated":                                                                {},
		"	at com.example.App.main(App.java:7): error: this is a stack trace":                                                                            {},
		"[WARNING] /p/src/App.java:[12,30] unchecked call":                                                                                              {},
		"Note: /p/src/App.java uses unchecked or unsafe operations.":                                                                                    {},
		"w: file:///p/src/App.kt:12:5 Variable 'x' is never used":                                                                                       {},
		"Execution failed for task ':compileJava'. /p/src/App.java:[12,30] is not mentioned":                                                            {},
	} {
		found := Parse(line+"\n", "/p")
		switch {
		case want == Problem{} && len(found) > 0:
			t.Errorf("%s: got %+v, want none", line, found)
		case want != Problem{} && (len(found) != 1 || found[0] != want):
			t.Errorf("%s: got %+v", line, found)
		}
	}
}

func TestReasonIsTheExceptionOrTheLastLine(t *testing.T) {
	t.Parallel()
	for output, want := range map[string]string{
		"": "exit status 1",
		"Downloading\nException in thread \"main\" java.net.UnknownHostException: services.gradle.org\n\tat A.b(A.java:1)\n": "UnknownHostException: services.gradle.org",
		"Caused by: java.lang.OutOfMemoryError: Java heap space\nlater\n":                                                    "OutOfMemoryError: Java heap space",
		"one\ntwo\n\n": "two",
	} {
		if got := Reason(output, "exit status 1"); got != want {
			t.Errorf("%q: got %q, want %q", output, got, want)
		}
	}
}
