package project

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/internal/paths"
)

// inputs returns a digest of all that the model depends on: build files, files that the model names, the environment.
func (r records) inputs(modules []buildtool.Module) map[string]string {
	found := map[string]string{"environment": environment(), "command": strings.Join(r.Tool.Command, " "),
		"only the application": strconv.FormatBool(r.OnlyApplication)}
	r.addBuildFiles(found, r.Root, isBuildFile, r.isSource)
	for _, file := range r.tool.UserFiles() {
		addDigest(found, file)
	}
	anyFile, none := func(string) bool { return true }, func(string) bool { return false }
	for _, m := range modules {
		for _, path := range m.BuildFiles {
			sources := none // those of plugins are the build's code
			if m.Uses(path) {
				sources = r.isSource
			}
			r.addBuildFiles(found, path, anyFile, sources)
		}
	}
	return found
}

// environment returns a digest of the variables that the tools read.
func environment() string {
	var parts [][]byte
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if slices.Contains([]string{"JAVA_HOME", "JAVA_OPTS", "MAVEN_OPTS", "MAVEN_ARGS", "GRADLE_OPTS",
			"GRADLE_USER_HOME"}, name) || strings.HasPrefix(name, "ORG_GRADLE_PROJECT_") {
			parts = append(parts, []byte(v), []byte{0})
		}
	}
	slices.SortFunc(parts, bytes.Compare)
	return buildtool.Digest(parts...)
}

// notBuildFiles are directories without build files: outputs and downloads. Hidden ones are skipped too, but for .mvn.
var notBuildFiles = []string{"build", "target", "out", "bin", "node_modules"}

// addBuildFiles adds the digests of files at and below path, apart from directories with sources.
func (r records) addBuildFiles(found map[string]string, path string, is func(name string) bool,
	isSource func(dir string) bool) {
	_ = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // an unreadable file counts as missing: the build will complain
		}
		if !d.IsDir() {
			if is(d.Name()) || isBuildCode(r.Root, file) {
				addDigest(found, file)
			}
			return nil
		}
		hidden := strings.HasPrefix(d.Name(), ".") && d.Name() != ".mvn"
		if file != path && (hidden || slices.Contains(notBuildFiles, d.Name()) || isSource(file)) {
			return filepath.SkipDir
		}
		return nil
	})
}

func isBuildFile(name string) bool {
	return strings.HasSuffix(name, ".gradle.kts") ||
		slices.Contains([]string{".gradle", ".toml", ".lockfile"}, filepath.Ext(name)) ||
		slices.Contains([]string{"pom.xml", "gradle.properties", "gradle-wrapper.properties",
			"maven-wrapper.properties", "maven.config", "jvm.config", "extensions.xml", "lombok.config"}, name)
}

// isBuildCode reports whether a file is in buildSrc, which Gradle compiles into the build.
func isBuildCode(root, file string) bool {
	rel, err := filepath.Rel(root, file)
	return err == nil && strings.HasPrefix(filepath.ToSlash(rel), "buildSrc/")
}

// isSource reports whether a directory has a module's sources, and no build files. One that has some may have modules.
func (r records) isSource(dir string) bool {
	return filepath.Base(dir) == "src" && !isBuildCode(r.Root, dir) && slices.ContainsFunc([]string{"main", "test"},
		func(set string) bool {
			at := filepath.Join(dir, set)
			return paths.IsDir(at) && !r.tool.Detect(at)
		})
}

func addDigest(found map[string]string, file string) {
	if text, err := os.ReadFile(file); err == nil {
		found[file] = buildtool.Digest(text)
	}
}
