package builder

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/incremental"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/atomicfile"
)

func TestProcessors(t *testing.T) {
	dir := t.TempDir()
	jar := func(name, services, kinds string) string {
		return jarOf(t, filepath.Join(dir, name), []file{{processorsPath, services}, {incrementalPath, kinds}})
	}
	plain := jarOf(t, filepath.Join(dir, "plain.jar"), []file{{"A.class", ""}})
	one := jar("one.jar", "# comment\ncom.One\n", "com.One,isolating\n")
	all := jar("all.jar", "com.All\n", "com.All,aggregating\n")
	unknown := jar("unknown.jar", "com.Unknown # of old\n", "")
	for _, test := range []struct {
		jars        []string
		some, whole bool
	}{
		{nil, false, false},
		{[]string{plain, dir}, false, false},
		{[]string{plain, one}, true, false},
		{[]string{one, all}, true, true},
		{[]string{unknown}, true, true},
	} {
		some, whole, err := processors(test.jars)
		if err != nil || some != test.some || whole != test.whole {
			t.Errorf("%v: got %v, %v, %v", test.jars, some, whole, err)
		}
	}
	if _, _, err := processors([]string{filepath.Join(dir, "missing.jar")}); err == nil {
		t.Error("a jar that is not there is no jar without processors")
	}

	for want, c := range map[string]compiler{
		"-g -proc:none": {Plugin: "java", Options: []string{"-g"}, ClassPath: []string{all}},
		"-proc:none":    {Plugin: "maven-compiler-plugin", Options: []string{"-proc:none"}, ClassPath: []string{all}},
		"-parameters":   {Plugin: "maven-compiler-plugin", Options: []string{"-parameters"}, ClassPath: []string{all}},
		"-X -processorpath " + one + string(os.PathListSeparator) + plain: {Plugin: "java", Options: []string{"-X"}, ProcessorPath: []string{one, plain}},
	} {
		if options, _, err := c.processing(); err != nil || strings.Join(options, " ") != want {
			t.Errorf("got %q, %v, want %q", options, err, want)
		}
	}
}

func TestJavacModelIsOfJavacAlone(t *testing.T) {
	dir := t.TempDir()
	javac := compiler{Plugin: "java", Compiler: "javac", JavaHome: "/jdk"}
	for want, m := range map[string]module{
		"nothing that is known":                         {Classes: []string{dir}},
		"kotlin-maven-plugin and maven-compiler-plugin": {Classes: []string{dir}, Compilers: []compiler{{Plugin: "kotlin-maven-plugin"}, {Plugin: "maven-compiler-plugin", Compiler: "javac"}}},
		"has eclipse make":                              {Classes: []string{dir}, Compilers: []compiler{{Plugin: "eclipse", Compiler: "eclipse"}}},
		"of its own choice":                             {Classes: []string{dir}, Compilers: []compiler{{Compiler: "javac", Forked: true}}},
		"in 2 directories":                              {Classes: []string{dir, t.TempDir()}, Compilers: []compiler{javac}},
		"in 0 directories":                              {Classes: []string{filepath.Join(dir, "none")}, Compilers: []compiler{javac}},
	} {
		if _, _, err := m.javacModel(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	javac.Generated = "/generated"
	m := module{Classes: []string{dir, filepath.Join(dir, "none")}, Sources: []string{"/src", "/generated"}, Compilers: []compiler{javac}}
	model, home, err := m.javacModel()
	if err != nil || home != "/jdk" || len(model.Sources) != 1 || model.Classes != dir {
		t.Errorf("got %+v, %s, %v", model, home, err)
	}
}

func TestWhyTheBuildHasToCompile(t *testing.T) {
	dir := t.TempDir()
	src := filepath.Join(dir, "src/main/java")
	ready := func() *Compiler {
		c := NewCompiler(&Project{Dir: dir, root: dir, cache: t.TempDir(), Tool: Tool{Name: "gradle"}}, true)
		c.model = module{Directory: dir, Sources: []string{src}, ResourceSources: []string{filepath.Join(dir, "src/main/resources")}}
		c.app = App{Dir: dir, Exploded: &springboot.Exploded{}}
		c.module = incremental.New(incremental.Model{}, nil, t.TempDir())
		c.process = &javacProcess{libraries: c.model.libraries()}
		if err := atomicfile.WriteJSON(filepath.Join(c.project.modelDir(), "model.json"), model{Inputs: c.project.inputs(nil)}); err != nil {
			t.Fatal(err)
		}
		return c
	}
	java := []string{"src/main/java/A.java", "src/test/java/ATest.java", "README.md"}
	for _, test := range []struct {
		want    string
		changed []string
		prepare func(c *Compiler)
	}{
		{"", java, nil},
		{"all may have changed", nil, nil},
		{"src/main/resources/a.md changed", []string{"src/main/resources/a.md"}, nil},
		{"src/main/java/A.kt changed", []string{"src/main/java/A.kt"}, nil},
		{"../lib/src/main/java/A.java changed", []string{"../lib/src/main/java/A.java"}, nil},
		{"build.gradle changed", []string{"src/main/java/A.java", "build.gradle"}, nil},
		{"a file of the build changed", java, func(c *Compiler) { write(t, dir, "settings.gradle", "// new") }},
		{"the kept compiler is not ready", java, func(c *Compiler) { c.module = nil }},
		{"a library changed", java, func(c *Compiler) { c.process.libraries = "others" }},
		{"the image is made of what it packs", java, func(c *Compiler) { c.app.Exploded = nil }},
		{firstTime, nil, func(c *Compiler) { c.app = App{} }},
		{"it was not asked for", java, func(c *Compiler) { c.off = NewCompiler(c.project, false).off }},
	} {
		c := ready()
		if test.prepare != nil {
			test.prepare(c)
		}
		if got := c.needsBuild(test.changed); got != test.want {
			t.Errorf("%v: got %q, want %q", test.changed, got, test.want)
		}
	}
}
