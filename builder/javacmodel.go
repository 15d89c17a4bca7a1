package builder

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/incremental"
	"github.com/devloop-cli/devloop/builder/internal/paths"
)

// javacModel says how the kept compiler has to compile m, and with which JDK. It
// returns an [incremental.Unfit] where the build does it in a way that is not javac's
// alone.
func (m module) javacModel() (incremental.Model, string, error) {
	none := incremental.Model{}
	if len(m.Compilers) != 1 || m.Compilers[0].Compiler != "javac" {
		return none, "", &incremental.Unfit{Why: "the build has " + m.compilers() + " make the classes"}
	}
	c := m.Compilers[0]
	classes := paths.Existing(m.Classes)
	switch {
	case c.Forked:
		return none, "", &incremental.Unfit{Why: "the build runs a javac of its own choice"}
	case len(classes) != 1:
		return none, "", &incremental.Unfit{Why: fmt.Sprintf("the build makes classes in %d directories", len(classes))}
	}
	options, whole, err := c.processing()
	if err != nil {
		return none, "", err
	}
	sources := slices.DeleteFunc(slices.Clone(m.Sources), func(dir string) bool { return dir == c.Generated })
	model := incremental.Model{Sources: sources, Classes: classes[0], ClassPath: c.ClassPath, Options: options, Whole: whole}
	if incremental.HasModule(sources) {
		model = c.asModule(model)
	}
	return model, c.JavaHome, nil
}

// asModule has javac compile a Java module as the build does: all sources together, with the libraries
// on the module path. Whether the build has all of them there is left to the comparison with it.
func (c compiler) asModule(m incremental.Model) incremental.Model {
	m.ModulePath, m.ClassPath, m.Whole = m.ClassPath, nil, true
	if c.ModuleVersion != "" {
		m.Options = append(m.Options, "--module-version", c.ModuleVersion)
	}
	return m
}

// libraries is the state of all that javac reads beside the sources.
func (m module) libraries() string {
	var paths []string
	for _, c := range m.Compilers {
		paths = slices.Concat(paths, c.ClassPath, c.ProcessorPath)
	}
	return stateOf(paths)
}

// compilers names what makes the classes.
func (m module) compilers() string {
	if len(m.Compilers) == 0 {
		return "nothing that is known"
	}
	var names []string
	for _, c := range m.Compilers {
		names = append(names, c.Plugin)
	}
	return strings.Join(names, " and ")
}

// processing returns javac's options with what they have to say about annotation
// processors, and whether there are some that look at more than one source.
func (c compiler) processing() (options []string, whole bool, err error) {
	options = slices.Clone(c.Options)
	if slices.Contains(options, "-proc:none") {
		return options, false, nil
	}
	path := c.ProcessorPath
	if path == nil && c.Plugin != "java" {
		path = c.ClassPath
	}
	some, whole, err := processors(path)
	switch {
	case err != nil:
		return nil, false, err
	case !some:
		return append(options, "-proc:none"), false, nil
	case c.ProcessorPath != nil:
		options = append(options, "-processorpath", strings.Join(path, string(filepath.ListSeparator)))
	}
	return options, whole, nil
}

// Where a jar names its annotation processors, and tells which of them look at one
// source at a time: https://docs.gradle.org/current/userguide/java_plugin.html#sec:incremental_annotation_processing
const (
	processorsPath  = "META-INF/services/javax.annotation.processing.Processor"
	incrementalPath = "META-INF/gradle/incremental.annotation.processors"
)

// processors says whether there are annotation processors in jars, and whether one
// of them isn't known to look at one source at a time.
func processors(jars []string) (some, whole bool, err error) {
	for _, path := range jars {
		if filepath.Ext(path) != ".jar" {
			continue // a directory of classes of the same build
		}
		jar, err := zip.OpenReader(path)
		if err != nil {
			return false, false, fmt.Errorf("look for annotation processors: %w", err)
		}
		names, _ := fs.ReadFile(&jar.Reader, processorsPath)
		kinds, _ := fs.ReadFile(&jar.Reader, incrementalPath)
		_ = jar.Close()
		for _, name := range lines(names) {
			some = true
			whole = whole || !slices.Contains(lines(kinds), name+",isolating")
		}
	}
	return some, whole, nil
}

// lines returns the lines of text without comments, spaces and empty ones.
func lines(text []byte) []string {
	var list []string
	scanner := bufio.NewScanner(bytes.NewReader(text))
	for scanner.Scan() {
		line, _, _ := strings.Cut(scanner.Text(), "#")
		if line = strings.ReplaceAll(line, " ", ""); line != "" {
			list = append(list, line)
		}
	}
	return list
}
