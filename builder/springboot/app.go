// Package springboot reads applications that a build has made.
//
//	app, err := springboot.Open("/shop/target/shop.jar")
//	app.MainClass, app.Java, app.Port      // "com.example.Shop", 17, 8080
//	files, err := app.Files()              // libraries, classes and resources, by layer
//	defer files.Close()
//
// An application is packed, as the executable jar or war that Spring Boot's plugins make, or
// exploded, as directories and libraries on the disk. [Explode] learns from a jar where its
// files lie on the disk; from then on the build need not pack it. Both forms have the same files.
//
// It knows Spring Boot's conventions, too: settings and profiles, the port, template engines. It runs nothing.
package springboot

import (
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/settings"
)

// App is an application as the build left it.
type App struct {
	// Jar is the absolute path of the executable jar, "" if the build did not have to pack
	// one: an image without a Dockerfile is made of the files below.
	Jar string
	// Archive is where the build puts the jar, whether or not it was packed.
	Archive string
	// Classes are the directories with the application's own classes, Resources those with its processed resources, in
	// class path order. Maven has both in one. Modules are directories of other modules of the build whose files are
	// its own, too, and Libraries the jars of its dependencies in that order; another module of the build may be a
	// directory. All are absolute, and empty if the build does not tell.
	Classes, Resources, Modules, Libraries []string
	// CompiledBy says in a few words what compiled the classes, "" if there is no choice.
	CompiledBy string
	// BuildReason says why that was the build, "" if it did not have to be. See Built.
	BuildReason string
	// Omitted names what the build left out because it does not change the application.
	Omitted []string
	// Dir is the directory of the project or module that made it.
	Dir string
	// Name is the project's, fit for an image reference.
	Name string
	// Dockerfile is the absolute path of the one to build the image by, "" for none.
	Dockerfile string
	// DockerOptions say how it is built.
	DockerOptions dockerfile.Options
	// MainClass is the application's own main class.
	MainClass string
	// Java is the Java version that the application's classes need, such as 17.
	Java int
	// Boot is the version of Spring Boot, "" if the jar does not tell.
	Boot string
	settings.Server
	// Exploded says where the files of the jar lie on the disk, nil if not all do.
	Exploded *Exploded

	copies  map[string]string // directories that take the place of the build's
	written *Written          // what was written to them, nil if that is not known
}

// Built reports whether the project's build compiled the classes.
func (a App) Built() bool { return a.CompiledBy == "" || a.BuildReason != "" }

// ErrNotExecutable means that a jar was not made by Spring Boot's plugin.
var ErrNotExecutable = errors.New("the manifest names no Start-Class: not made by Spring Boot's plugin")

// Check returns what keeps a file from being an archive that Spring Boot made executable.
func Check(jar string) error {
	_, err := Open(jar)
	return err
}

// Open reads an executable jar that is given variables, NAME=VALUE. It has no directories: only the build knows those.
func Open(jar string, env ...string) (App, error) {
	file, err := zip.OpenReader(jar)
	if err != nil {
		return App{}, fmt.Errorf("open %q: %w", jar, err)
	}
	defer func() { _ = file.Close() }()
	manifest, err := readManifest(&file.Reader)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotExecutable
	}
	if err != nil {
		return App{}, fmt.Errorf("read %q: %w", jar, err)
	}
	app := App{Jar: jar, MainClass: manifest["Start-Class"], Boot: manifest["Spring-Boot-Version"]}
	if app.MainClass == "" || manifest["Main-Class"] == "" {
		return App{}, fmt.Errorf("read %q: %w", jar, ErrNotExecutable)
	}
	app.Java = javaVersion(&file.Reader, manifest)
	at := layoutOf(manifest)
	var libs settings.Libraries
	if app.Boot != "" { // as for an application that is not packed: the port must not depend on that
		packed, _ := libraries(&file.Reader, at)
		libs = librariesOf(packed)
	}
	app.Server = settings.ServerOf(func(name string) ([]byte, error) {
		return readEntry(&file.Reader, at.classes()+name)
	}, libs, env)
	return app, nil
}

// ReadDockerfile parses the Dockerfile that the image is built by.
func (a App) ReadDockerfile() *dockerfile.File { return dockerfile.Read(a.Dockerfile, a.DockerOptions) }

// DockerfileKey names what a Dockerfile's image is made of apart from the jar; see [dockerfile.File.Fingerprint].
func (a App) DockerfileKey() string { return a.ReadDockerfile().Fingerprint(cmp.Or(a.Jar, a.Archive)) }

// javaVersion returns the Java version of the main class or of Boot's launcher, else that of the JDK of the build.
func javaVersion(jar *zip.Reader, manifest map[string]string) int {
	spec := strings.TrimPrefix(manifest["Build-Jdk-Spec"], "1.")
	needed := max(classVersion(jar, layoutOf(manifest).classes(), manifest["Start-Class"]),
		classVersion(jar, "", manifest["Main-Class"]))
	if version, err := strconv.Atoi(spec); err == nil && needed == 0 {
		return version
	}
	return needed
}

// classVersion returns the Java version that a class needs, 0 if the jar does not have it.
func classVersion(jar *zip.Reader, dir, class string) int {
	text, err := readEntry(jar, dir+strings.ReplaceAll(class, ".", "/")+".class")
	if err != nil {
		return 0
	}
	return classFileVersion(text)
}

// maxIndex limits what is read into memory of a jar: indexes, manifest, settings, a class.
const maxIndex = 16 << 20

func readEntry(jar *zip.Reader, name string) ([]byte, error) {
	file, err := jar.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, maxIndex))
}
