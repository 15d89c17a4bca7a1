package incremental

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/javac/javactest"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestMetadata(t *testing.T) {
	t.Parallel()
	const source = `package p;
import java.util.*;
/** What A is. */
@Entity @Table(name = "a)", indexes = { @Index(columnList = "x") })
class A {
    @lombok.Getter private int size = 1; // a comment
    /* no documentation */
    int f(@Nonnull String s) { return 10 / 5; }
}
`
	for name, test := range map[string]struct {
		from, to string
		same     bool
	}{
		"a body":                        {"10 / 5", "2", true},
		"a comment":                     {"a comment", "another", true},
		"an initial value":              {"size = 1", "size = 2", true},
		"an annotation's argument":      {`"x"`, `"y"`, false},
		"a parenthesis in an argument":  {`"a)"`, `"b)"`, false},
		"an annotation":                 {"@Entity", "@Embeddable", false},
		"what an annotation stands at":  {"int size", "int length", false},
		"the annotation of a parameter": {"@Nonnull", "@Nullable", false},
		"documentation":                 {"What A is", "What it is", false},
	} {
		changed := strings.Replace(source, test.from, test.to, 1)
		if got := metadata(source) == metadata(changed); got != test.same {
			t.Errorf("%s: the same is %t:\n%s", name, got, metadata(changed))
		}
	}
	for _, text := range []string{"", "@", "@A(", `@A("`, "@A('\\", "/**", "@A(x = \"y\")", "/"} {
		metadata(text)
	}
}

// processor writes a class beside each class with @Made, and a list of all of them.
const processor = `package processor;
import java.io.*; import java.util.*; import javax.annotation.processing.*; import javax.lang.model.element.*; import javax.tools.*;
@SupportedAnnotationTypes("*")
public class Processor extends AbstractProcessor {
  private final List<String> names = new ArrayList<>();
  @Override public javax.lang.model.SourceVersion getSupportedSourceVersion() { return javax.lang.model.SourceVersion.latest(); }
  @Override public boolean process(Set<? extends TypeElement> types, RoundEnvironment round) {
    try {
      for (TypeElement type : types) if (type.getSimpleName().contentEquals("Made"))
        for (Element e : round.getElementsAnnotatedWith(type)) {
          names.add(e.getSimpleName().toString());
          String members = "";
          for (Element m : e.getEnclosedElements()) if (m.getKind() == ElementKind.METHOD) members += " public static final String " + m.getSimpleName() + " = \"made\";";
          try (Writer w = processingEnv.getFiler().createSourceFile("p." + e.getSimpleName() + "Made", e).openWriter()) { w.write("package p; public class " + e.getSimpleName() + "Made {" + members + " }"); }
        }
      if (round.processingOver() && !names.isEmpty())
        try (Writer w = processingEnv.getFiler().createResource(StandardLocation.CLASS_OUTPUT, "", "META-INF/made").openWriter()) { Collections.sort(names); w.write(names.toString()); }
    } catch (IOException x) { throw new UncheckedIOException(x); }
    return false;
  }
}
`

// TestProcessors: a body is compiled alone, although a processor writes a file about all sources, and what
// processors see has them see all.
func TestProcessors(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	testfile.Write(t, path, "Processor.java", processor)
	javactest.Compile(t, path, nil, []string{filepath.Join(path, "Processor.java")})
	options := []string{"-g", "-parameters", "-encoding", "UTF-8", "-processorpath", path, "-processor",
		"processor.Processor"}

	p := &project{t: t, dir: t.TempDir(), options: options}
	for name, text := range map[string]string{
		"p/Made.java": class("@java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy.SOURCE) @interface Made { }"),
		"p/A.java":    class("@Made class A { int f() { return 1; } }"),
		"p/B.java":    class("@Made class B { int g() { return new A().f() + AMade.f.length(); } }"),
		"p/C.java":    class("class C { }"),
	} {
		p.write(name, text)
	}
	state := must.Get(Sources(Model{Sources: []string{p.src()}}))(t)
	p.module = New(Model{Sources: []string{p.src()}, Classes: p.built(), Options: options}, javactest.Shared(t),
		filepath.Join(p.dir, "kept"))
	must.Do(t, bootstrap(t, p.module, state))
	for _, edit := range []struct {
		name, text string
		want       int
	}{
		{"p/A.java", class("@Made class A { int f() { return 2; } }"), 1},
		{"p/C.java", class("class C { private int i; }"), 1},
		{"p/A.java", class("@Made class A { int f() { return 2; } void h() { } }"), 4},
		{"p/C.java", class("class C { private int i; int n() { return 1; } }"), 1},       // processors make nothing of it
		{"p/C.java", class("class C { private int i; int renamed() { return 1; } }"), 1}, // nor did they before
		{"p/B.java", class("@Made class B { int g() { return AMade.h.length(); } }"), 1},
		{"p/B.java", class("class B { int g() { return AMade.h.length(); } }"), 4},
		{"p/C.java", class("@Made class C { private int i; }"), 4},
		{"p/C.java", class("class C { private int i; }"), 4}, // what they made of it goes
		{"p/C.java", class("class C { private int i; int n; }"), 1},
		{"p/D.java", class("@Made class D { C c; }"), 5},
		{"p/C.java", class("class C { private int i; int o; }"), 5}, // they come to it from D
		{"p/A.java", class("@Made class A { int f() { return x; } void h() { } }"), -1},
		{"p/A.java", class("@Made class A { int f() { return 3; } void h() { } }"), 1},
		{"p/D.java", "", 4},
		{"combined", "", 0},
		{"p/C.java", class("class C { private int i; int o; int p; }"), 1},
		{"p/C.java", class("class C { private int i; int o; @Deprecated int p; }"), 4}, // beside another source it may mean something
	} {
		if edit.name == "combined" {
			p.module.model.Combined = true
			continue
		}
		p.write(edit.name, edit.text)
		r, err := p.module.Compile(t.Context(), nil, nil)
		if (err != nil) != (edit.want < 0) || err == nil && r.Sources != edit.want {
			t.Fatalf("%s %q: %+v, %v", edit.name, edit.text, r, err)
		}
		if err == nil {
			p.same()
		}
	}
	if err := p.module.compareWith(p.built()); err != nil {
		t.Error(err)
	}
}
