// Package filekind tells what a changed file is to a Spring Boot project, by its path alone.
//
//	filekind.Of("src/main/java/com/x/App.java") // filekind.Source
//	filekind.Of("k8s/pod.yaml")                 // filekind.Manifest
//
// It opens no file. What follows of a kind is up to the engine; likely manifests are up to package places.
package filekind

import (
	"path"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/runner/manifest/places"
)

// Kind is what a file is to a project.
type Kind int

// The kinds, the most important first: a message about several files names one of the first kind.
const (
	Source      Kind = iota // code: Java, Kotlin, Groovy, Scala
	Resource                // anything else below src, such as application.yaml
	BuildScript             // what Gradle or Maven reads: build files, version catalogs, buildSrc, wrappers
	Dockerfile              // a Dockerfile of any name, or a .dockerignore
	Manifest                // YAML where Kubernetes objects are kept
	Settings                // devloop.yaml
	Test                    // anything in a source set of tests; it does not reach the application
	Other                   // every other file, such as a README
)

// Any reports whether one of the paths is of a kind.
func Any(paths []string, kind Kind) bool {
	return slices.ContainsFunc(paths, func(path string) bool { return Of(path) == kind })
}

// Of returns the kind of a file. The path is relative to the project's directory, with slashes.
func Of(name string) Kind {
	dirs, base := strings.Split(path.Dir(name), "/"), path.Base(name)
	if slices.ContainsFunc(dirs, isBuildLogic) {
		return BuildScript
	}
	if i := slices.Index(dirs, "src"); i >= 0 {
		return belowSrc(name, dirs[i+1:], base)
	}
	return byName(name, dirs, base)
}

// isBuildLogic recognizes directories with code of the build itself. build-logic is the convention of Gradle's samples.
func isBuildLogic(dir string) bool {
	return dir == "buildSrc" || dir == "build-logic" || dir == ".mvn"
}

// belowSrc returns the kind of a file below src; dirs are those from there on, source set first: [main java com x].
func belowSrc(name string, dirs []string, base string) Kind {
	switch {
	case len(dirs) > 0 && isTestSet(dirs[0]):
		return Test
	case isCode(base):
		return Source
	case len(dirs) > 1 && dirs[1] == "resources":
		return Resource
	}
	// src/main/docker/Dockerfile, src/main/k8s/app.yaml
	if kind := byName(name, dirs, base); kind != Other {
		return kind
	}
	return Resource
}

// isTestSet recognizes source sets of tests: test, testFixtures, integrationTest, it.
func isTestSet(set string) bool {
	return strings.HasPrefix(set, "test") || strings.HasSuffix(set, "Test") || set == "it"
}

func isCode(base string) bool {
	switch path.Ext(base) {
	case ".java", ".kt", ".groovy", ".scala":
		return true
	}
	return base == "lombok.config" // the compiler reads it
}

func byName(name string, dirs []string, base string) Kind {
	switch {
	case isDockerfile(base):
		return Dockerfile
	case base == "devloop.yaml" || base == "devloop.yml":
		return Settings
	case isBuildScript(dirs, base):
		return BuildScript
	case places.IsLikely(name):
		return Manifest
	}
	return Other
}

func isDockerfile(base string) bool {
	lower := strings.ToLower(base)
	for _, stem := range []string{"dockerfile", "containerfile"} {
		// Dockerfile.dev.dockerignore is one too.
		if lower == stem || strings.HasPrefix(lower, stem+".") || strings.HasSuffix(lower, "."+stem) {
			return true
		}
	}
	return lower == ".dockerignore"
}

func isBuildScript(dirs []string, base string) bool {
	switch base {
	case "pom.xml", "gradle.properties", "gradlew", "gradlew.bat", "mvnw", "mvnw.cmd", "gradle.lockfile":
		return true
	}
	for _, end := range []string{".gradle", ".gradle.kts", ".versions.toml"} {
		if strings.HasSuffix(base, end) {
			return true
		}
	}
	// gradle/wrapper/gradle-wrapper.properties, gradle/verification-metadata.xml
	return slices.Contains(dirs, "gradle")
}
