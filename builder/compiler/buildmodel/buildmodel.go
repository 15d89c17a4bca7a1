// Package buildmodel translates what a build says of a module into what package incremental compiles.
//
//	model, javaHome, err := buildmodel.Of(module) // err says why only the build can compile it
//
// It compares nothing: whether the result has the build's bytes, package incremental proves.
package buildmodel

import (
	"archive/zip"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/incremental"
	"github.com/devloop-cli/devloop/internal/paths"
)

// Of returns how a module has to be compiled, and with which JDK. It returns an [incremental.UnsupportedError] if the
// build runs other compilers than javac and those of Kotlin, Groovy and Scala, or more than one of a kind.
func Of(m buildtool.Module) (incremental.Model, string, error) {
	for _, c := range m.Compilers {
		switch why := processedKotlin(m, c); {
		case why != "":
			return incremental.Model{}, "", &incremental.UnsupportedError{Reason: why}
		case c.Compiler == "kotlinc" && !hasJava(m.Sources):
			return kotlinModel(m, c)
		}
	}
	return javacModel(m)
}

// processedKotlin says that annotation processors read Kotlin, "" if none does. They may read what is beside it in
// Java, too.
func processedKotlin(m buildtool.Module, c buildtool.Compiler) string {
	kotlinc := c.Compiler == "kotlinc" // else a task of Gradle
	switch {
	case c.Plugin == "kaptKotlin",
		kotlinc && slices.ContainsFunc(m.Goals, func(g buildtool.Goal) bool { return g.Goal == c.Plugin+":kapt" }):
		return "the build runs annotation processors on Kotlin, by kapt"
	case c.Plugin == "kspKotlin", kotlinc && slices.ContainsFunc(c.Options,
		func(option string) bool { return strings.Contains(option, "symbol-processing") }):
		return "the build runs annotation processors on Kotlin, by KSP"
	}
	return ""
}

// hasJava reports whether there are sources in Java.
func hasJava(sources []string) (found bool) {
	for _, dir := range sources {
		_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if found = found || err == nil && filepath.Ext(path) == ".java"; found {
				return fs.SkipAll
			}
			return nil // what can't be read has none
		})
	}
	return found
}

// kotlinModel has Kotlin's compiler compile all sources together.
func kotlinModel(m buildtool.Module, c buildtool.Compiler) (incremental.Model, string, error) {
	classes := paths.Existing(m.Classes)
	unsupported := ""
	switch {
	case slices.ContainsFunc(m.Compilers,
		func(other buildtool.Compiler) bool { return other.Plugin != c.Plugin && other.Compiler != "javac" }):
		unsupported = otherCompilers(m)
	case len(classes) != 1:
		unsupported = fmt.Sprintf("the build makes classes in %d directories", len(classes))
	}
	if unsupported != "" {
		return incremental.Model{}, "", &incremental.UnsupportedError{Reason: unsupported}
	}
	return incremental.Model{Sources: m.Sources, Classes: classes[0], ClassPath: c.ClassPath, Options: c.Options,
		Kotlin: c.Program, Whole: true}, c.JavaHome, nil
}

// languages are the plugins of Maven that compile other languages than Java. What they make stays as it is while the
// incremental compiler compiles Java beside it.
var languages = []string{"kotlin-maven-plugin", "gmavenplus-plugin", "scala-maven-plugin"}

// javacModel is [Of] for javac, beside which the build may compile other languages.
func javacModel(m buildtool.Module) (incremental.Model, string, error) {
	none := incremental.Model{}
	javac := slices.DeleteFunc(slices.Clone(m.Compilers), func(c buildtool.Compiler) bool {
		unknown := c.Plugin == "kotlin-maven-plugin" && c.Compiler == "" // it may run annotation processors
		return slices.Contains(languages, c.Plugin) && !unknown
	})
	if len(javac) != 1 || javac[0].Compiler != "javac" {
		return none, "", &incremental.UnsupportedError{Reason: otherCompilers(m)}
	}
	c := javac[0]
	classes, foreign := Classes(m)
	switch {
	case c.Forked:
		return none, "", &incremental.UnsupportedError{Reason: "the build runs a javac of its own choice"}
	case classes == "":
		return none, "", &incremental.UnsupportedError{Reason: fmt.Sprintf("the build makes classes in %d directories",
			len(paths.Existing(m.Classes)))}
	}
	options, found, err := processing(c)
	if err != nil {
		return none, "", err
	}
	sources := slices.DeleteFunc(slices.Clone(m.Sources), func(dir string) bool { return dir == c.Generated })
	model := incremental.Model{Sources: sources, Classes: classes, Foreign: foreign, ClassPath: c.ClassPath,
		Options:   options,
		Processed: found.whole, Combined: found.combined}
	if incremental.HasModule(sources) {
		model = asModule(c, model)
	}
	return model, c.JavaHome, nil
}

// Classes returns the directory of a module's classes, "" if there is no single one, and those of other compilers than
// javac, by their own paths.
func Classes(m buildtool.Module) (own string, foreign map[string]string) {
	all := paths.Existing(m.Classes)
	if len(all) == 1 {
		return all[0], nil
	}
	i := slices.IndexFunc(m.Compilers,
		func(c buildtool.Compiler) bool { return c.Compiler == "javac" && slices.Contains(all, c.Classes) })
	if i < 0 {
		return "", nil
	}
	foreign = map[string]string{}
	for _, dir := range all {
		if dir != m.Compilers[i].Classes {
			foreign[dir] = dir
		}
	}
	return m.Compilers[i].Classes, foreign
}

// asModule has javac compile a Java module as the build does: all sources together, with the
// libraries on the module path. The comparison with the build shows whether it has all of them there.
func asModule(c buildtool.Compiler, m incremental.Model) incremental.Model {
	m.ModulePath, m.ClassPath, m.Whole = m.ClassPath, nil, true
	if c.ModuleVersion != "" {
		m.Options = append(m.Options, "--module-version", c.ModuleVersion)
	}
	return m
}

// GeneratesSources reports whether the build makes sources, other than those of annotation processors.
func GeneratesSources(m buildtool.Module) bool {
	return slices.ContainsFunc(paths.Existing(m.Sources), func(dir string) bool {
		return paths.Within(dir, m.Output()) && !slices.ContainsFunc(m.Compilers,
			func(c buildtool.Compiler) bool { return c.Generated == dir })
	})
}

// otherCompilers says what makes classes, besides a single javac.
func otherCompilers(m buildtool.Module) string {
	var others []string
	for _, c := range m.Compilers {
		if c.Compiler != "javac" {
			others = append(others, strings.TrimSpace(c.Plugin+" "+c.Compiler))
		}
	}
	switch {
	case len(m.Compilers) == 0:
		return "the build does not say how it makes the classes"
	case len(others) == 0:
		return fmt.Sprintf("the build runs javac %d times", len(m.Compilers))
	}
	return "the build does not only run javac, but also " + strings.Join(others, " and ")
}

// processing returns javac's options including those about annotation processors, and what it finds of these.
func processing(c buildtool.Compiler) (options []string, found services, err error) {
	path := c.ProcessorPath
	if path == nil && c.Plugin != "java" {
		path = c.ClassPath
	}
	if found, err = servicesOf(path); err != nil {
		return nil, found, err
	}
	options = slices.Clone(c.Options)
	off := slices.Contains(options, "-proc:none")
	if off {
		found.whole, found.combined = false, false
	}
	if !off && !found.processors {
		options = append(options, "-proc:none")
	}
	switch {
	case (off || !found.processors) && !found.plugins:
		// else javac opens all jars each time, to look for plugins
		return append(options, "-processorpath", ""), found, nil
	case c.ProcessorPath != nil:
		options = append(options, "-processorpath", strings.Join(path, string(filepath.ListSeparator)))
	}
	return options, found, nil
}

// Where a jar names its annotation processors and javac plugins, and says which processors read one source at a time:
// https://docs.gradle.org/current/userguide/java_plugin.html#sec:incremental_annotation_processing
const (
	processorsPath  = "META-INF/services/javax.annotation.processing.Processor"
	incrementalPath = "META-INF/gradle/incremental.annotation.processors"
	pluginsPath     = "META-INF/services/com.sun.source.util.Plugin"
)

// configurationProcessor is that of Spring Boot: what it lists of a class does not depend on other sources.
const configurationProcessor = "org.springframework.boot.configurationprocessor.ConfigurationMetadataAnnotationProcessor"

// services are what javac finds in jars.
type services struct {
	processors bool // there are annotation processors,
	whole      bool // and one of them may read more than one source,
	combined   bool // and what it makes of a source may depend on what others have
	plugins    bool // there are plugins
}

func servicesOf(jars []string) (found services, err error) {
	for _, path := range jars {
		if filepath.Ext(path) != ".jar" {
			continue // classes of the same build
		}
		jar, err := zip.OpenReader(path)
		if err != nil {
			return found, fmt.Errorf("look for annotation processors: %w", err)
		}
		names, _ := fs.ReadFile(&jar.Reader, processorsPath)
		kinds, _ := fs.ReadFile(&jar.Reader, incrementalPath)
		plugins, _ := fs.ReadFile(&jar.Reader, pluginsPath)
		_ = jar.Close()
		found.plugins = found.plugins || len(lines(plugins)) > 0
		for _, name := range lines(names) {
			found.processors = true
			whole := !slices.Contains(lines(kinds), name+",isolating")
			found.whole, found.combined = found.whole || whole,
				found.combined || whole && name != configurationProcessor
		}
	}
	return found, nil
}

// lines returns the lines of text without comments, spaces and empty lines.
func lines(text []byte) []string {
	var list []string
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.ReplaceAll(strings.TrimSpace(line), " ", ""); line != "" {
			list = append(list, line)
		}
	}
	return list
}
