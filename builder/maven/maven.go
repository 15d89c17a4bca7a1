// Package maven runs Maven 3 and 4, reads what it reports of a build, and parses its failures.
//
//	modules, err := maven.Maven{}.Package(ctx, build, out) // builds the executable jar
//	one, err := maven.Maven{}.Application(build, modules)
//
// An extension, extension/…/Model.java, has Maven report its model as the build runs; Omit.java beside it leaves out
// goals that the application does not need. What a build
// is, and what to do with the model, is in packages buildtool and project.
package maven

import (
	"archive/zip"
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/settings"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/atomicfile"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/paths"
	"github.com/devloop-cli/devloop/internal/proc"
)

// Maven is the build tool.
type Maven struct{}

const moreMemory = "give Maven more memory: export MAVEN_OPTS=-Xmx2g"

// modelClasses are those of the extension, modelExtension is the file by which Maven finds it in a jar.
//
//go:embed extension/io/github/devloop_cli/*.class
var modelClasses embed.FS

const modelExtension = "META-INF/sisu/javax.inject.Named"

// Package builds the executable archive, and returns the modules of the build.
func (t Maven) Package(ctx context.Context, b buildtool.Build, out io.Writer) ([]buildtool.Module, error) {
	return t.run(ctx, b, out, "package")
}

// Classes builds everything that goes into the archive, but does not pack it. It reports no modules.
func (t Maven) Classes(ctx context.Context, b buildtool.Build, out io.Writer) ([]buildtool.Module, error) {
	return t.run(ctx, b, out, "process-classes")
}

// run has Maven run a phase of its lifecycle, and returns the modules of the build.
func (Maven) run(ctx context.Context, b buildtool.Build, out io.Writer, phase string) ([]buildtool.Module, error) {
	extension, report, err := writeModelExtension(b.StateDir("models"))
	if err != nil {
		return nil, err
	}
	args := slices.Concat(b.Tool.Command, quiet(b),
		[]string{"-DskipTests", "-Dmaven.ext.class.path=" + extension}, omissions(b))
	if phase == "package" { // an earlier phase does not know the archive
		args = append(args, "-Ddevloop.model="+report)
		// of an earlier build: .mvn/maven.config may name another extension, and then none writes it
		_ = os.Remove(report)
	}
	if module := moduleOf(b); module != "" {
		args = append(args, "-pl", module, "-am")
	} else {
		args = append(args, "-Ddevloop.oneApplication")
	}
	args = append(args, phase)
	text, err := proc.Command{Dir: b.Root, Args: args, Env: environment(b.Root)}.Run(ctx, out)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("build with maven: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, failure(b, text, proc.ExitError(args, err))
	}
	if phase != "package" {
		return nil, nil
	}
	return buildtool.ReadModules(report)
}

// quiet returns Maven's options for output that is read line by line. Maven knows -ntp since 3.6.1; the
// property of older versions does the same for their logger.
func quiet(b buildtool.Build) []string {
	if v := toolVersion(b); v != nil && slices.Compare(v, []int{3, 6, 1}) < 0 {
		return []string{"-B",
			"-Dorg.slf4j.simpleLogger.log.org.apache.maven.cli.transfer.Slf4jMavenTransferListener=warn"}
	}
	return []string{"-B", "-ntp"}
}

// writeModelExtension writes the extension's jar into dir. It returns the jar's path, and that of
// the file into which the extension will write the model.
func writeModelExtension(dir string) (jar, report string, err error) {
	text, err := extensionJar()
	if err != nil {
		return "", "", err
	}
	version := buildtool.Digest(text)[:16]
	jar, report = filepath.Join(dir, version+".jar"), filepath.Join(dir, version+".told.json")
	if _, err := os.Stat(jar); err == nil {
		return jar, report, nil
	}
	if err := atomicfile.Write(jar, text); err != nil {
		return "", "", fmt.Errorf("write Maven's extension: %w", err)
	}
	return jar, report, nil
}

func extensionJar() ([]byte, error) {
	files, err := fs.Sub(modelClasses, "extension")
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	jar := zip.NewWriter(&data)
	if err := jar.AddFS(files); err != nil {
		return nil, err
	}
	w, err := jar.Create(modelExtension)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w,
		"io.github.devloop_cli.Kotlin\nio.github.devloop_cli.Model\nio.github.devloop_cli.Omit\n"); err != nil {
		return nil, err
	}
	err = jar.Close()
	return data.Bytes(), err
}

// moduleOf returns the module to build: the one that the user named, or opened.
func moduleOf(b buildtool.Build) string {
	if b.Module != "" {
		return b.Module
	}
	rel, err := filepath.Rel(b.Root, b.Dir) // Maven takes "../shop-web", too
	if err != nil || rel == "." {
		return ""
	}
	return filepath.ToSlash(rel)
}

// environment returns the environment for Maven. A JVM that starts faster saves a third of a build's time.
func environment(root string) []string {
	if _, config := paths.FirstFile(filepath.Join(root, ".mvn"), "jvm.config"); config {
		return nil
	}
	return jvm.QuickStart("MAVEN_OPTS")
}

// Application returns the module whose target has an executable archive or, if none has, that has a main class: its
// pom.xml needs no plugin of Spring Boot. It returns an error if there is no such module, or more than one.
func (Maven) Application(b buildtool.Build, modules []buildtool.Module) (buildtool.Module, error) {
	if len(modules) == 0 { // Maven did not load the extension
		modules = []buildtool.Module{{Directory: b.ModuleDir()}}
	}
	var found, plain, broken, unnamed []buildtool.Module
	for _, one := range modules {
		if !selected(b, one) {
			continue
		}
		if archive := newestExecutable(filepath.Join(one.Directory, "target")); archive != "" {
			one.Archive = archive
			found = append(found, one)
		} else if one.Archive != "" && !errors.Is(springboot.Check(one.Archive), springboot.ErrNotExecutable) &&
			filepath.Ext(one.Archive) == ".jar" {
			broken = append(broken, one)
		} else if one.MainClass != "" {
			plain = append(plain, one)
		} else if one.MainClass = mainClass(one); one.MainClass != "" {
			unnamed = append(unnamed, one)
		}
	}
	for _, candidates := range [][]buildtool.Module{found, broken, plain, unnamed} {
		if len(candidates) == 1 {
			return candidates[0], nil
		}
		if len(candidates) > 1 {
			dirs := lists.Map(candidates,
				func(m buildtool.Module) string { return paths.Relative(m.Directory, b.Root) })
			return buildtool.Module{}, b.Ambiguous(dirs, dirs)
		}
	}
	return buildtool.Module{}, b.NoApplication(nil,
		"without Spring Boot, name the main class in pom.xml: <properties><exec.mainClass>com.example.Main</exec.mainClass></properties>",
		"add the plugin to pom.xml: <plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin>")
}

// selected reports whether a module is the one to build, not one that it depends on.
func selected(b buildtool.Build, one buildtool.Module) bool {
	module := moduleOf(b)
	if module == "" || paths.Real(one.Directory) == paths.Real(filepath.Join(b.Root, filepath.FromSlash(module))) {
		return true
	}
	return strings.Contains(module, ":") && artifact(one.Name) == artifact(module)
}

// artifact returns the artifact in "group:artifact" or ":artifact".
func artifact(name string) string { return name[strings.LastIndex(name, ":")+1:] }

// newestExecutable returns the executable archive that the last build wrote into target: the one
// that maven-archiver names, since the jars of older versions stay there, else the newest.
func newestExecutable(target string) string {
	named := archiverName(target)
	jars, _ := fs.Glob(os.DirFS(target), "*.[jw]ar") // the path of target may have brackets
	var best string
	var bestInfo fs.FileInfo
	for _, jar := range jars {
		jar = filepath.Join(target, jar)
		info, err := os.Stat(jar)
		if err != nil || springboot.Check(jar) != nil {
			continue
		}
		mine := named != "" && strings.HasPrefix(filepath.Base(jar), named)
		its := named != "" && strings.HasPrefix(filepath.Base(best), named)
		if best == "" || mine && !its || mine == its && info.ModTime().After(bestInfo.ModTime()) {
			best, bestInfo = jar, info
		}
	}
	return best
}

// archiverName returns "artifact-version" of what maven-jar-plugin packed last.
func archiverName(target string) string {
	text, err := os.ReadFile(filepath.Join(target, "maven-archiver", "pom.properties"))
	if err != nil {
		return ""
	}
	values := settings.ParseProperties(text)
	return values["artifactId"] + "-" + values["version"]
}
