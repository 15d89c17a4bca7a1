package buildmodel

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
)

func TestProcessors(t *testing.T) {
	dir := t.TempDir()
	jar := func(name, services, kinds string) string {
		return jartest.Write(t, filepath.Join(dir, name),
			[]jartest.File{{processorsPath, services}, {incrementalPath, kinds}})
	}
	plain := jartest.Write(t, filepath.Join(dir, "plain.jar"), []jartest.File{{"A.class", ""}})
	one := jar("one.jar", "# comment\ncom.One\n", "com.One,isolating\n")
	licensed := jar("licensed.jar", "# "+strings.Repeat("license ", 10_000)+"\ncom.One\n", "com.One,isolating\n")
	all := jar("all.jar", "com.All\n", "com.All,aggregating\n")
	settings := jar("settings.jar", configurationProcessor+"\n", configurationProcessor+",aggregating\n")
	plugin := jartest.Write(t, filepath.Join(dir, "plugin.jar"), []jartest.File{{pluginsPath, "com.Plugin\n"}})
	unknown := jar("unknown.jar", "com.Unknown # of old\n", "")
	for _, test := range []struct {
		jars []string
		want services
	}{
		{nil, services{}},
		{[]string{plain, dir}, services{}},
		{[]string{plain, one}, services{processors: true}},
		{[]string{licensed}, services{processors: true}},
		{[]string{one, all}, services{processors: true, whole: true, combined: true}},
		{[]string{unknown}, services{processors: true, whole: true, combined: true}},
		{[]string{settings}, services{processors: true, whole: true}},
		{[]string{plugin}, services{plugins: true}},
	} {
		if found, err := servicesOf(test.jars); err != nil || found != test.want {
			t.Errorf("%v: got %+v, %v", test.jars, found, err)
		}
	}
	if _, err := servicesOf([]string{filepath.Join(dir, "missing.jar")}); err == nil {
		t.Error("a jar that is not there is no jar without processors")
	}

	for want, c := range map[string]buildtool.Compiler{
		"-g -proc:none -processorpath ": {Plugin: "java", Options: []string{"-g"}, ClassPath: []string{all}},
		"-proc:none -processorpath ":    {Plugin: "maven-compiler-plugin", Options: []string{"-proc:none"}, ClassPath: []string{all}},
		"-X -proc:none":                 {Plugin: "maven-compiler-plugin", Options: []string{"-X"}, ClassPath: []string{plugin}},
		"-parameters":                   {Plugin: "maven-compiler-plugin", Options: []string{"-parameters"}, ClassPath: []string{all}},
		"-X -processorpath " + one + string(os.PathListSeparator) + plain: {Plugin: "java", Options: []string{"-X"}, ProcessorPath: []string{one, plain}},
	} {
		if options, _, err := processing(c); err != nil || strings.Join(options, " ") != want {
			t.Errorf("got %q, %v, want %q", options, err, want)
		}
	}
}

func TestOtherCompilersAreLeftToTheBuild(t *testing.T) {
	dir := t.TempDir()
	javac := buildtool.Compiler{Plugin: "java", Compiler: "javac", JavaHome: "/jdk"}
	kotlin := buildtool.Compiler{Plugin: "kotlin-maven-plugin", Compiler: "kotlinc", JavaHome: "/jdk",
		Program: []string{"kotlin.jar"}, Options: []string{"-jvm-target", "17"}}
	processed := kotlin
	processed.Options = []string{"-Xplugin=/m2/symbol-processing.jar"}
	for want, m := range map[string]buildtool.Module{
		"does not say how it makes the classes":            {Classes: []string{dir}},
		"not only run javac, but also kotlin-maven-plugin": {Classes: []string{dir}, Compilers: []buildtool.Compiler{{Plugin: "kotlin-maven-plugin"}, {Plugin: "maven-compiler-plugin", Compiler: "javac"}}},
		"on Kotlin, by kapt":                               {Classes: []string{dir}, Compilers: []buildtool.Compiler{kotlin}, Goals: []buildtool.Goal{{Goal: "kotlin-maven-plugin:kapt"}}},
		"on Kotlin, by KSP":                                {Classes: []string{dir}, Compilers: []buildtool.Compiler{processed}},
		"kotlinc and gmavenplus":                           {Classes: []string{dir}, Compilers: []buildtool.Compiler{javac, kotlin, {Plugin: "gmavenplus-plugin"}}},
		"but also eclipse":                                 {Classes: []string{dir}, Compilers: []buildtool.Compiler{{Plugin: "eclipse", Compiler: "eclipse"}}},
		"of its own choice":                                {Classes: []string{dir}, Compilers: []buildtool.Compiler{{Compiler: "javac", Forked: true}}},
		"in 2 directories":                                 {Classes: []string{dir, t.TempDir()}, Compilers: []buildtool.Compiler{javac}},
		"in 0 directories":                                 {Classes: []string{filepath.Join(dir, "none")}, Compilers: []buildtool.Compiler{javac}},
		"on Kotlin, by kapt ":                              {Classes: []string{dir}, Compilers: []buildtool.Compiler{javac, {Plugin: "kaptKotlin"}}}, // Gradle's tasks
		"on Kotlin, by KSP ":                               {Classes: []string{dir}, Compilers: []buildtool.Compiler{javac, {Plugin: "kspKotlin"}}},
	} {
		if _, _, err := Of(m); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	javac.Generated = "/generated"
	m := buildtool.Module{Classes: []string{dir, filepath.Join(dir, "none")}, Sources: []string{"/src", "/generated"},
		Compilers: []buildtool.Compiler{javac}}
	model, home, err := Of(m)
	if err != nil || home != "/jdk" || len(model.Sources) != 1 || model.Classes != dir {
		t.Errorf("got %+v, %s, %v", model, home, err)
	}
	m.Compilers = append(m.Compilers, kotlin)
	if model, home, err = Of(m); err != nil || home != "/jdk" || !model.Whole || model.Kotlin[0] != "kotlin.jar" ||
		model.Options[1] != "17" {
		t.Errorf("got %+v, %s, %v", model, home, err)
	}
}
