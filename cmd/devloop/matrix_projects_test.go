package main

import (
	"fmt"
	"path"
	"strings"
)

// The versions of Spring Boot in the matrix: the last of each line that its build tools take.
const (
	boot4  = "4.1.2"
	boot3  = "3.5.7"
	boot27 = "2.7.18"
	boot21 = "2.1.18.RELEASE" // for Gradle 4.4
)

// blueprint is a project of the matrix before it is written.
type blueprint struct {
	name, build, boot string
	// release is the Java version of the classes, packaging "jar" or "war".
	release, packaging string
	// repository says that the project is a git repository, modules that the application is a module of it.
	repository, modules bool
	files               map[string]string
	edits               []edit
	// pages are what answers at other paths than "/", after all edits.
	pages map[string]string
	// configMaps are in the cluster, and in no manifest of the project.
	configMaps map[string]map[string]string
	// What traits add to pom.xml, and to build.gradle.
	properties, dependencies, processors, plugins, compiler, bootPlugin, extension string
	gradleClassPath, gradlePlugins, gradleDependencies, gradle                     string
}

// edit replaces text in a file; the answer at url then contains answer.
type edit struct{ name, file, before, after, stages, url, answer string }

// trait adds something that real projects have.
type trait func(*blueprint)

// The stages of the cheapest paths.
const (
	bySwap    = "compile swap forward"
	byRestart = "compile restart ready forward"
	byPages   = "compile pages forward"
)

const javaDir, resourceDir = "src/main/java/com/example/", "src/main/resources/"

// newBlueprint returns a project of one controller and one static page.
func newBlueprint(build, boot string) *blueprint {
	b := &blueprint{name: fmt.Sprintf("matrix-%d", copies.Add(1)), build: build, boot: boot, release: "17",
		packaging: "jar", pages: map[string]string{"/named/x": "x"}, configMaps: map[string]map[string]string{}}
	if boot == boot21 { // reads no class of a later Java
		b.release = "8"
	}
	b.files = map[string]string{
		javaDir + "Application.java": `package com.example;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
public class Application {

	public static void main(String[] args) {
		SpringApplication.run(Application.class, args);
	}

}
`,
		javaDir + "AppController.java": `package com.example;
import org.springframework.web.bind.annotation.*;

@RestController
public class AppController {

	@GetMapping("/")
	public String home() {
		return "one";
	}

	@GetMapping("/named/{name}")
	public String named(@PathVariable String name) {
		return name;
	}

}
`,
		resourceDir + "static/app.css": "body { color: red }\n",
	}
	b.edits = []edit{
		{"body", javaDir + "AppController.java", `return "one"`, `return "two"`, bySwap, "/", "two"},
		{"shape", javaDir + "AppController.java", `return "two";`, "return more();\n\t}\n\n\tString more() {\n\t\treturn \"three\";", byRestart, "/", "three"},
		{"static", resourceDir + "static/app.css", "red", "blue", byPages, "/app.css", "blue"},
	}
	return b
}

// edited reports whether an edit has the name.
func (b *blueprint) edited(name string) bool {
	for _, e := range b.edits {
		if e.name == name {
			return true
		}
	}
	return false
}

// sources returns all files of the project, with those of its build.
func (b *blueprint) sources() map[string]string {
	all := map[string]string{}
	for path, text := range b.files {
		all[b.path(path)] = text
	}
	switch {
	case b.build == "maven":
		all[b.path("pom.xml")] = b.pom()
	default:
		all["settings.gradle"] = fmt.Sprintf("rootProject.name = '%s'\n", b.name)
		all["gradle.properties"] = "org.gradle.daemon.idletimeout=60000\n"
		all[b.path("build.gradle")] = b.buildGradle()
	}
	if b.modules {
		b.addModules(all)
	}
	return all
}

// path returns where a file of the application is in the project.
func (b *blueprint) path(file string) string {
	if b.modules {
		return path.Join("web", file)
	}
	return file
}

// addModules adds a library and the build of both modules.
func (b *blueprint) addModules(all map[string]string) {
	all["core/src/main/java/com/example/core/Word.java"] = "package com.example.core;\n\npublic class Word {\n\n\tpublic static String text() {\n\t\treturn \"one\";\n\t}\n\n}\n"
	if b.build != "maven" {
		all["settings.gradle"] += "include 'core', 'web'\n"
		all["core/build.gradle"] = "apply plugin: 'java'\ngroup = 'com.example'\nversion = '0.0.1-SNAPSHOT'\nsourceCompatibility = '" + b.release + "'\n"
		return
	}
	head := "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <modelVersion>4.0.0</modelVersion>\n" + b.parent()
	all["pom.xml"] = head + `  <groupId>com.example</groupId>
  <artifactId>` + b.name + `-all</artifactId>
  <version>0.0.1-SNAPSHOT</version>
  <packaging>pom</packaging>
  <modules><module>core</module><module>web</module></modules>
</project>
`
	all["core/pom.xml"] = head + `  <groupId>com.example</groupId>
  <artifactId>core</artifactId>
  <version>0.0.1-SNAPSHOT</version>
  <properties><java.version>` + b.release + `</java.version></properties>
</project>
`
}

// depend adds a dependency; its version is Spring Boot's where none is given.
func (b *blueprint) depend(group, artifact, version string) {
	b.dependencies += fmt.Sprintf("    <dependency><groupId>%s</groupId><artifactId>%s</artifactId>%s</dependency>\n",
		group, artifact, versioned(version))
	b.gradleDependencies += fmt.Sprintf("    %s '%s'\n", b.implementation(), coordinates(group, artifact, version))
}

// process adds an annotation processor. Maven wants its version, too: property is where Spring Boot
// has it, if version is "".
func (b *blueprint) process(group, artifact, version, property string) {
	b.gradleDependencies += fmt.Sprintf("    annotationProcessor '%s'\n", coordinates(group, artifact, version))
	if version == "" {
		version = "${" + property + "}"
	}
	b.processors += fmt.Sprintf("<path><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></path>",
		group, artifact, version)
}

func versioned(version string) string {
	if version == "" {
		return ""
	}
	return "<version>" + version + "</version>"
}

func coordinates(group, artifact, version string) string {
	return strings.TrimSuffix(group+":"+artifact+":"+version, ":")
}

// implementation is Gradle's configuration for dependencies.
func (b *blueprint) implementation() string {
	if b.build == "4.4.1" {
		return "compile"
	}
	return "implementation"
}

// web is Spring Boot's starter for a web application.
func (b *blueprint) web() string {
	if b.boot == boot4 {
		return "spring-boot-starter-webmvc"
	}
	return "spring-boot-starter-web"
}

func (b *blueprint) parent() string {
	return `  <parent>
    <groupId>org.springframework.boot</groupId>
    <artifactId>spring-boot-starter-parent</artifactId>
    <version>` + b.boot + `</version>
    <relativePath/>
  </parent>
`
}

func (b *blueprint) pom() string {
	processors := ""
	if b.processors != "" {
		processors = "<annotationProcessorPaths>" + b.processors + "</annotationProcessorPaths>"
	}
	return `<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
` + b.parent() + `  <groupId>com.example</groupId>
  <artifactId>` + b.name + `</artifactId>
  <version>0.0.1-SNAPSHOT</version>
  <packaging>` + b.packaging + `</packaging>
  <properties>
    <java.version>` + b.release + `</java.version>` + b.properties + `
  </properties>
  <dependencies>
    <dependency><groupId>org.springframework.boot</groupId><artifactId>` + b.web() + `</artifactId></dependency>
` + b.dependencies + `  </dependencies>
  <build>` + b.extension + `
    <plugins>
      <plugin><artifactId>maven-compiler-plugin</artifactId><configuration>` + processors + b.compiler + `</configuration></plugin>
      <plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId>` + b.bootPlugin + `</plugin>
` + b.plugins + `    </plugins>
  </build>
</project>
`
}

func (b *blueprint) buildGradle() string {
	return `buildscript {
    repositories { mavenCentral() }
    dependencies { classpath 'org.springframework.boot:spring-boot-gradle-plugin:` + b.boot + `'` + b.gradleClassPath + ` }
}

apply plugin: '` + map[string]string{"jar": "java", "war": "war"}[b.packaging] + `'
apply plugin: 'org.springframework.boot'
apply plugin: 'io.spring.dependency-management'
` + b.gradlePlugins + `
group = 'com.example'
version = '0.0.1-SNAPSHOT'
sourceCompatibility = '` + b.release + `'

repositories { mavenCentral() }

dependencies {
    ` + b.implementation() + ` 'org.springframework.boot:` + b.web() + `'
` + b.gradleDependencies + `}
` + b.gradle
}
