package compiler

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/internal/buildtest"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// gradleProject writes a project that is built by a version of Gradle, "" for the one on the PATH, and has it compiled.
func gradleProject(t *testing.T, version string, files map[string]string) *Compiler {
	t.Helper()
	command, err := exec.LookPath("gradle")
	if version != "" {
		command = real.GradleVersion(t, version)
	} else if real.Gradle(t); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	testfile.Write(t, dir, "gradlew", fmt.Sprintf("#!/bin/sh\nexec '%s' \"$@\"\n", command))
	for file, text := range files {
		testfile.Write(t, dir, file, text)
	}
	p := must.Get(project.Open(t.Context(), dir, project.Options{CacheDir: t.TempDir(), Out: buildtest.Log{T: t}}))(t)
	p.JoinModules = true
	c := New(p, true)
	t.Cleanup(func() { _ = c.Close() })
	buildtest.Timed(t, "first build", func() { compile(t, c, nil) })
	return c
}

// TestRealComposite: a build that Gradle includes is a module as any other.
func TestRealComposite(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "7.6.4", "8.5"} {
		t.Run("Gradle "+version, func(t *testing.T) {
			t.Parallel()
			real.Tier(t, version != "8.5")
			const lib, app = "lib/src/main/java/lib/Lib.java", "src/main/java/app/App.java"
			c := gradleProject(t, version, map[string]string{
				"settings.gradle":     "rootProject.name = 'shop'\nincludeBuild 'lib'\n",
				"build.gradle":        "apply plugin: 'application'\nmainClassName = 'app.App'\ndependencies { implementation 'com.example:lib:1' }\n",
				app:                   "package app;\npublic class App { public static void main(String[] args) { System.out.println(lib.Lib.text()); } }\n",
				"lib/settings.gradle": "rootProject.name = 'lib'\n",
				"lib/build.gradle":    "apply plugin: 'java'\ngroup = 'com.example'\nversion = '1'\n",
				lib:                   "package lib;\npublic class Lib { public static String text() { return \"one\"; } }\n",
			})
			if why := c.bootstrap(t.Context()); why != "" || len(c.units) != 2 {
				t.Fatalf("it is not proven: %q, %d modules", why, len(c.units))
			}
			if got := c.units.own().model.Title(); got != "shop" {
				t.Errorf("messages call the root of the build %q", got)
			}
			for _, edit := range []struct {
				file, from, to string
				want           int
			}{{app, "println", "print", 1}, {lib, `"one"`, `"two"`, 1}, {lib, "String text", "CharSequence text", 2}} {
				buildtest.Change(t, c.dir, edit.file, edit.from, edit.to)
				got := compile(t, c, []string{edit.file})
				if want := incrementally + count(edit.want, "source"); got.CompiledBy != want {
					t.Errorf("%s: %s", edit.to, got.CompiledBy)
				}
				built := buildReal(t, c, "the same by gradle")
				got.Classes, built.Classes = append(got.Classes, got.Modules...),
					append(built.Classes, built.Modules...)
				sameClasses(t, got, built)
			}
		})
	}
}

// TestRealGroovyBesideJava: Gradle compiles Groovy and, where that names it, Java.
func TestRealGroovyBesideJava(t *testing.T) {
	t.Parallel()
	real.Long(t) // the short tier has an odd source beside Java in TestAnOddSource
	const app, names, groovy = "src/main/java/app/App.java", "src/main/java/app/Names.java",
		"src/main/groovy/app/Greeting.groovy"
	c := gradleProject(t, "", map[string]string{
		"settings.gradle": "rootProject.name = 'shop'\n",
		"build.gradle":    "apply plugin: 'groovy'\napply plugin: 'application'\nmainClassName = 'app.App'\ndependencies { implementation localGroovy() }\n",
		app:               "package app;\npublic class App { public static void main(String[] args) { System.out.println(new Names().name()); } }\n",
		names:             "package app;\npublic class Names { public String name() { return \"one\"; } }\n",
		groovy:            "package app\n@groovy.transform.CompileStatic class Greeting { String text() { 'Hello, ' + new Names().name() } }\n",
	})
	if why := c.bootstrap(t.Context()); !strings.HasPrefix(why, "each save of a source in Groovy runs gradle") {
		t.Fatalf("got %q", why)
	}
	for _, edit := range []struct{ file, from, to, want string }{
		{names, `"one"`, `"two"`, incrementally + "1 source"},
		{names, "String name", "CharSequence name", "by gradle, as only the build compiles Greeting.groovy"},
		{app, "println", "print", incrementally + "1 source"},
		{groovy, "Hello", "Good day", "by gradle, as " + groovy + " changed"},
		{app, "print", "println", incrementally + "1 source"},
	} {
		buildtest.Change(t, c.dir, edit.file, edit.from, edit.to)
		got := compile(t, c, []string{edit.file})
		if got.CompiledBy != edit.want {
			t.Errorf("%s: %s", edit.to, got.CompiledBy)
		}
		sameClasses(t, got, buildReal(t, c, "the same by gradle"))
		proves(t, c)
	}
}

// kotlinBuild is the build of an application with a version of Kotlin's own plugin. plugins and more are what else it
// has.
func kotlinBuild(version, plugins, more string) string {
	return fmt.Sprintf(`buildscript {
    repositories { mavenCentral() }
    dependencies { classpath 'org.jetbrains.kotlin:kotlin-gradle-plugin:%s'%s }
}
apply plugin: 'org.jetbrains.kotlin.jvm'
apply plugin: 'application'
application.mainClass = 'app.App'
repositories { mavenCentral() }
%s`, version, plugins, more)
}

// TestRealKotlinBesideJava: Gradle compiles Kotlin and, where that names it, Java. Java that names Kotlin sees what
// Gradle made last.
func TestRealKotlinBesideJava(t *testing.T) {
	t.Parallel()
	real.Long(t)
	const app, names, kotlin = "src/main/java/app/App.java", "src/main/java/app/Names.java",
		"src/main/kotlin/app/Greeting.kt"
	for gradle, plugin := range map[string]string{"7.6.4": "1.6.21", "8.5": "1.9.25"} {
		t.Run("Kotlin "+plugin, func(t *testing.T) {
			t.Parallel()
			c := gradleProject(t, gradle, map[string]string{
				"settings.gradle": "rootProject.name = 'shop'\n",
				"build.gradle":    kotlinBuild(plugin, "", ""),
				app:               "package app;\npublic class App { public static void main(String[] args) { System.out.println(new Greeting().text() + GreetingKt.END); } }\n",
				names:             "package app;\npublic class Names { public String name() { return \"one\"; } }\n",
				kotlin:            "package app\nconst val END = \".\"\nclass Greeting { fun text() = \"Hello, \" + Names().name() }\n",
			})
			if why := c.bootstrap(t.Context()); !strings.HasPrefix(why, "each save of a source in Kotlin runs gradle") {
				t.Fatalf("got %q", why)
			}
			const byBuild = "by gradle, as only the build compiles Greeting.kt"
			for _, edit := range []struct{ file, from, to, want string }{
				{names, `"one"`, `"two"`, incrementally + "1 source"},
				{names, "String name", "CharSequence name", byBuild},
				{app, "println", "print", incrementally + "1 source"},
				{kotlin, "Hello", "Good day", byBuild},
				{app, "print", "println", incrementally + "1 source"},
				{kotlin, `"."`, `"!"`, byBuild}, // App has it inlined
				{app, "println(", `println("> " + `, incrementally + "1 source"},
				{kotlin, "fun text", "fun more() = 1\nfun text", byBuild},
				{app, "text()", "more()", incrementally + "1 source"},
			} {
				buildtest.Change(t, c.dir, edit.file, edit.from, edit.to)
				var got springboot.App
				buildtest.Timed(t, edit.to, func() { got = compile(t, c, []string{edit.file}) })
				if got.CompiledBy != edit.want {
					t.Errorf("%s: %s", edit.to, got.CompiledBy)
				}
				sameClasses(t, got, buildReal(t, c, "the same by gradle"))
				proves(t, c)
			}
		})
	}
}

// TestRealKotlinOfAJavaLibrary: Gradle compiles the application, and Java in the module that it uses stays with the
// warm compiler.
func TestRealKotlinOfAJavaLibrary(t *testing.T) {
	t.Parallel()
	real.Long(t) // the short tier has TestAnUnsupportedApplication
	const app, lib = "src/main/kotlin/app/App.kt", "lib/src/main/java/lib/Lib.java"
	c := gradleProject(t, "8.5", map[string]string{
		"settings.gradle":  "rootProject.name = 'shop'\ninclude 'lib'\n",
		"build.gradle":     kotlinBuild("1.9.25", "", "dependencies { implementation project(':lib') }\n"),
		app:                "package app\nobject App { @JvmStatic fun main(args: Array<String>) { println(lib.Lib.text()) } }\n",
		"lib/build.gradle": "apply plugin: 'java'\n",
		lib:                "package lib;\npublic class Lib { public static String text() { return \"one\"; } }\n",
	})
	if why := c.bootstrap(t.Context()); why != "each save in the module shop runs gradle, not the incremental compiler: sources in Kotlin" {
		t.Fatalf("got %q", why)
	}
	for _, edit := range []struct{ file, from, to, want string }{
		{lib, `"one"`, `"two"`, incrementally + "1 source"},
		{app, "println", "print", "by gradle, as only the build compiles App.kt: sources in Kotlin"},
		{lib, `"two"`, `"three"`, incrementally + "1 source"},
		{lib, "String text", "CharSequence text", "by gradle, as the module shop, which only the build compiles, may depend on it"},
		{lib, `"three"`, `"four"`, incrementally + "1 source"},
	} {
		buildtest.Change(t, c.dir, edit.file, edit.from, edit.to)
		var got springboot.App
		buildtest.Timed(t, edit.to, func() { got = compile(t, c, []string{edit.file}) })
		if got.CompiledBy != edit.want {
			t.Errorf("%s: %s", edit.to, got.CompiledBy)
		}
		built := buildReal(t, c, "the same by gradle")
		got.Classes, built.Classes = append(got.Classes, got.Modules...), append(built.Classes, built.Modules...)
		sameClasses(t, got, built)
	}
}

// TestRealProcessorsOfKotlin: kapt and KSP may read Java, too, so that Gradle compiles each save.
func TestRealProcessorsOfKotlin(t *testing.T) {
	t.Parallel()
	real.Long(t)
	const app = "src/main/java/app/App.java"
	for name, test := range map[string]struct{ plugin, libraries, kotlin, made string }{
		"kapt": {"org.jetbrains.kotlin.kapt", "implementation 'org.mapstruct:mapstruct:1.6.3'\nkapt 'org.mapstruct:mapstruct-processor:1.6.3'",
			"class Tea(val leaf: String)\nclass Cup(val leaf: String)\n@org.mapstruct.Mapper interface TeaMapper { fun cup(tea: Tea): Cup }\n", "TeaMapperImpl"},
		"KSP": {"com.google.devtools.ksp", "implementation 'com.squareup.moshi:moshi:1.15.1'\nksp 'com.squareup.moshi:moshi-kotlin-codegen:1.15.1'",
			"@com.squareup.moshi.JsonClass(generateAdapter = true) class Tea(val leaf: String)\n", "TeaJsonAdapter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := gradleProject(t, "8.5", map[string]string{
				"settings.gradle":            "rootProject.name = 'shop'\n",
				"build.gradle":               kotlinBuild("1.9.25", ", 'com.google.devtools.ksp:symbol-processing-gradle-plugin:1.9.25-1.0.20'", "apply plugin: '"+test.plugin+"'\ndependencies { "+test.libraries+" }\n"),
				app:                          "package app;\npublic class App { public static void main(String[] args) { System.out.println(" + test.made + ".class); } }\n",
				"src/main/kotlin/app/Tea.kt": "package app\n" + test.kotlin,
			})
			reason := "the build runs annotation processors on Kotlin, by " + name
			if why := c.bootstrap(t.Context()); why != "each save runs gradle, not the incremental compiler: "+reason {
				t.Fatalf("got %q", why)
			}
			buildtest.Change(t, c.dir, app, "println", "print")
			got := compile(t, c, []string{app})
			if why := c.bootstrap(t.Context()); why != "" || got.CompiledBy != "by gradle, as "+reason {
				t.Errorf("%s, and then %q", got.CompiledBy, why)
			}
			if classTree(t, got.Classes)["/app/"+test.made+".class"] == nil {
				t.Errorf("no %s among the classes", test.made)
			}
		})
	}
}
