package javac_test

import (
	"reflect"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac"
	"github.com/devloop-cli/devloop/builder/javac/javactest"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// compilerOfKotlin stands for Kotlin's compiler: it says what that says of a file that it wrote, or of a mistake.
var compilerOfKotlin = map[string]string{
	"org/jetbrains/kotlin/config/Services.java": `package org.jetbrains.kotlin.config;
public class Services { public static final Services EMPTY = new Services(); }
`,
	"org/jetbrains/kotlin/cli/jvm/K2JVMCompiler.java": `package org.jetbrains.kotlin.cli.jvm;
public class K2JVMCompiler {
  static int calls;
  public String execAndOutputXml(java.io.PrintStream out, org.jetbrains.kotlin.config.Services services, String... args) {
    if (services == null || !args[2].equals("-Xreport-output-files")) return "INTERNAL_ERROR";
    String source = args[3];
    if (source.contains("Bad")) {
      out.print("<MESSAGES><WARNING path=\"" + source + "\" line=\"1\" column=\"1\">unused</WARNING>"
        + "<ERROR path=\"" + source + "\" line=\"3\" column=\"7\">expected &lt;T&gt;\n</ERROR></MESSAGES>");
      return "COMPILATION_ERROR";
    }
    out.print("<MESSAGES><output>Output:\n" + args[1] + "/p/A" + ++calls + ".class\nSources:\n" + source + "</output>\n"
      + "<output>Output:\n" + args[1] + "/META-INF/a.kotlin_module\nSources:\n" + source + "</output></MESSAGES>");
    return "OK";
  }
}
`,
}

func TestKotlin(t *testing.T) {
	t.Parallel()
	compiler, dir, jar := javactest.Shared(t), t.TempDir(), t.TempDir()
	var sources []string
	for name, text := range compilerOfKotlin {
		path := testfile.Write(t, dir, name, text)
		sources = append(sources, path)
	}
	javactest.Compile(t, jar, nil, sources)
	request := func(source string, kotlin ...string) javac.Request {
		return javac.Request{Options: []string{"-d", "/out"}, Sources: []string{source}, Kotlin: kotlin}
	}
	for _, class := range []string{"p/A1.class", "p/A2.class"} { // the compiler stays loaded
		want := javac.Answer{OK: true, Written: []javac.Written{{"class", "/src/A.kt", class},
			{"resource", "/src/A.kt", "META-INF/a.kotlin_module"}}}
		if got, err := compiler.Compile(t.Context(), request("/src/A.kt", jar)); err != nil ||
			!reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	want := javac.Answer{Diagnostics: []javac.Diagnostic{{Kind: "ERROR", File: "/src/Bad.kt", Line: 3, Column: 7,
		Text: "expected <T>"}}}
	if got, err := compiler.Compile(t.Context(), request("/src/Bad.kt", jar)); err != nil ||
		!reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := compiler.Compile(t.Context(), request("/src/A.kt", t.TempDir())); err == nil {
		t.Error("a compiler of other classes is no compiler of Kotlin")
	}
}
