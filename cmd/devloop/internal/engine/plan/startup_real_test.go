package plan

import (
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/builder/classfile"
	"github.com/devloop-cli/devloop/builder/javac/javactest"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// annotations stand in for those of frameworks: only their names count.
const annotations = `
@interface Bean { String initMethod() default ""; }
@interface Configuration {}
@interface RestController {}
@interface GetMapping { String value() default ""; }
@interface PostConstruct {}
@interface Value { String value(); }
@interface Cacheable {}
`

// compileJava compiles one file and returns its classes.
func compileJava(t *testing.T, source string) (classes [][]byte) {
	t.Helper()
	dir := t.TempDir()
	file := testfile.Write(t, dir, "A.java", source+annotations)
	javactest.Compile(t, dir, []string{"-g"}, []string{file})
	found := must.Get(filepath.Glob(filepath.Join(dir, "*.class")))(t)
	for _, path := range found {
		data := testfile.Read(t, path)
		classes = append(classes, data)
	}
	return classes
}

func TestStartupKnowsWhatMayHaveRun(t *testing.T) {
	t.Parallel()
	real.Java(t)
	var all []*classfile.Class
	for _, data := range compileJava(t, `import java.util.*;
@RestController class A {
    private final String name;
    private final Map<String, String> cache = new HashMap<>();
    private int hits;
    A() { name = fromConstructor(); Runnable r = () -> fromLambda(); r.run(); }
    String fromConstructor() { return deeper(); }
    String deeper() { return ""; }
    void fromLambda() {}
    @GetMapping String handler() { return helper(); }
    String helper() { return privately(); }
    private String privately() { return ""; }
    @GetMapping String counts() { hits++; return counted(); }
    String counted() { return ""; }
    @GetMapping String remembers() { return cache.computeIfAbsent("k", k -> remembered()); }
    String remembered() { return ""; }
    @GetMapping String stores() { if (!cache.containsKey("s")) cache.put("s", stored()); return cache.get("s"); }
    String stored() { return ""; }
    @GetMapping Map<String, String> answers() { Map<String, String> m = new HashMap<>(); m.put("a", answered()); return m; }
    String answered() { return ""; }
    @GetMapping String looks() { return cache.get("s") + looked(); }
    String looked() { return ""; }
    @PostConstruct void started() {}
    @Cacheable String cached() { return inCache(); }
    String inCache() { return ""; }
    @Value("#{a.told}") String field;
    String getTold() { return ""; }
    public String toString() { return "A"; }
    public static void main(String[] args) { }
}
@Configuration class B {
    @Bean(initMethod = "open") String bean() { return inBean(); }
    private String inBean() { return ""; }
    void plain() {}
    @GetMapping String request() { return ""; }
    private void untouched() {}
    void open() {}
}
class C implements Comparator<String> {
    public int compare(String a, String b) { return 0; }
}
abstract class Base implements Runnable {}
interface Own extends Runnable {}
interface Plain { String plainly(); }
@Configuration class Parent {}
class ByClass extends Base { public void run() { byClass(); } void byClass() {} }
class ByInterface implements Own { public void run() {} String byInterface() { return ""; } }
class ByAnnotation extends Parent { String byAnnotation() { return ""; } }
class ByOwn implements Plain { public String plainly() { return ""; } }
@Configuration class Namesake { public String label() { return ""; } }
@RestController class Labels { public String label() { return ""; } }`) {
		c, err := classfile.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	startup := newStartup(all)
	ran := map[string]string{}
	for _, c := range all {
		for _, m := range c.Methods {
			ran[m.Name] += startup.reason(c.Name, m)
		}
	}
	if label := (classfile.Member{Name: "label", Desc: "()Ljava/lang/String;"}); startup.reason("Labels",
		label) != "" || startup.reason("Namesake", label) == "" {
		t.Error("a method counts as called at start because of one of another class")
	}
	for _, name := range []string{"handler", "helper", "privately", "request", "untouched", "answers", "answered",
		"looks", "looked", "plainly"} {
		if ran[name] != "" {
			t.Errorf("%s: it ran at start, since %s; only requests call it", name, ran[name])
		}
	}
	for _, name := range []string{"<init>", "fromConstructor", "deeper", "fromLambda", "counts", "counted", "stores",
		"stored", "remembers", "remembered", "started", "cached", "inCache", "getTold", "toString", "main", "bean", "inBean", "plain", "open", "compare",
		"run", "byClass", "byInterface", "byAnnotation"} {
		if ran[name] == "" {
			t.Errorf("%s may have run at start", name)
		}
	}
}
