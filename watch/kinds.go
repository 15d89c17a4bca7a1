package watch

import (
	"path"
	"slices"
	"strings"
)

// Kinds is a set of kinds of files.
type Kinds uint16

// The kinds, in the order in which they are named when several changed.
const (
	// Source is code under src: Java, Kotlin, Groovy, Scala.
	Source Kinds = 1 << iota
	// Resource is anything else under src, such as application.yaml.
	Resource
	// BuildScript is what the build itself reads: build.gradle, settings.gradle,
	// gradle.properties, version catalogs, wrappers, buildSrc, pom.xml, .mvn.
	BuildScript
	// Dockerfile is a Dockerfile of any name, or a .dockerignore.
	Dockerfile
	// Manifest is YAML in a place where Kubernetes objects are kept: the top of the
	// project or a directory such as k8s. Whether it holds any is not looked up.
	Manifest
	// Settings is devloop.yaml.
	Settings
	// Test is anything under src/test or another source set of tests. It doesn't
	// reach the application.
	Test
	// Other is every other file, such as a README.
	Other

	// Any is the set of all kinds.
	Any = Other<<1 - 1
)

var kindNames = []string{
	"source", "resource", "build script", "Dockerfile", "manifest", "settings", "test", "other",
}

// Has says that k and kinds have a kind in common.
func (k Kinds) Has(kinds Kinds) bool { return k&kinds != 0 }

// String lists the kinds: "source, manifest". No kind is "none".
func (k Kinds) String() string {
	var names []string
	for i, name := range kindNames {
		if k.Has(1 << i) {
			names = append(names, name)
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

// KindOf returns the one kind of a path relative to the project's root, separated
// by slashes. It judges by place and name and opens nothing.
func KindOf(name string) Kinds {
	places := strings.Split(path.Dir(name), "/")
	base := path.Base(name)
	if slices.ContainsFunc(places, isBuildLogic) {
		return BuildScript
	}
	if set, rest, ok := sourceSet(places); ok {
		return kindInSources(set, rest, base)
	}
	return kindByName(places, base)
}

// isBuildLogic knows the directories that hold code of the build itself: buildSrc
// and Maven's .mvn by definition, build-logic by the convention of Gradle's samples.
func isBuildLogic(dir string) bool {
	return dir == "buildSrc" || dir == "build-logic" || dir == ".mvn"
}

// sourceSet finds the first src/SET among the directories of a path, and what
// follows it: main and [java com x] of app/src/main/java/com/x.
func sourceSet(places []string) (set string, rest []string, ok bool) {
	at := slices.Index(places, "src")
	if at < 0 {
		return "", nil, false
	}
	if at+1 == len(places) {
		return "", nil, true
	}
	return places[at+1], places[at+2:], true
}

func kindInSources(set string, rest []string, base string) Kinds {
	switch {
	case isTestSet(set):
		return Test
	case isCode(base):
		return Source
	case len(rest) > 0 && rest[0] == "resources":
		return Resource
	}
	// src/main/docker/Dockerfile, src/main/k8s/app.yaml
	if kind := kindByName(append([]string{"src", set}, rest...), base); kind != Other {
		return kind
	}
	return Resource
}

// isTestSet knows source sets of tests: test, testFixtures, integrationTest, it.
func isTestSet(set string) bool {
	return strings.HasPrefix(set, "test") || strings.HasSuffix(set, "Test") || set == "it"
}

func isCode(base string) bool {
	switch path.Ext(base) {
	case ".java", ".kt", ".groovy", ".scala":
		return true
	}
	return base == "lombok.config" // read by the compiler
}

func kindByName(places []string, base string) Kinds {
	switch {
	case isDockerfile(base):
		return Dockerfile
	case base == "devloop.yaml" || base == "devloop.yml":
		return Settings
	case isBuildScript(places, base):
		return BuildScript
	case isManifest(places, base):
		return Manifest
	}
	return Other
}

func isDockerfile(base string) bool {
	lower := strings.ToLower(base)
	for _, stem := range []string{"dockerfile", "containerfile"} {
		if lower == stem || strings.HasPrefix(lower, stem+".") || strings.HasSuffix(lower, "."+stem) {
			return true
		}
	}
	// Docker also reads Dockerfile.dev.dockerignore, which the above knows.
	return lower == ".dockerignore"
}

func isBuildScript(places []string, base string) bool {
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
	return slices.Contains(places, "gradle")
}

// manifestPlaces are directories in which projects keep Kubernetes objects.
var manifestPlaces = []string{
	"k8s", "kubernetes", "kube", "manifest", "manifests", "deploy", "deployment", "deployments", "kustomize",
}

// notManifests begin the names of YAML files at the top of projects that are for
// other tools.
var notManifests = []string{
	".", "docker-compose", "compose", "application", "bootstrap", "openapi", "swagger", "mkdocs",
	"azure-pipelines", "bitbucket-pipelines", "codecov", "skaffold", "pnpm-", "cloudbuild", "appveyor", "renovate",
}

func isManifest(places []string, base string) bool {
	if ext := path.Ext(base); ext != ".yaml" && ext != ".yml" {
		return false
	}
	for _, place := range places {
		if slices.Contains(manifestPlaces, strings.ToLower(place)) {
			return true
		}
	}
	top := len(places) == 1 && places[0] == "."
	return top && !slices.ContainsFunc(notManifests, func(start string) bool {
		return strings.HasPrefix(base, start)
	})
}
