// Package spare has the program by which a JVM gets ready to become the application before the application restarts.
//
//	layer := append(supervisor.Files(), spare.Files()...)
//	why := spare.Blocker(libraries) // "" if the application can use one
//
// A spare has the application's class path and options. It starts a small web application of devloop's
// own, closes it, and waits (io/…/Spare.java). The supervisor starts it, and tells it when to run the
// application's main class, which then starts in a fraction of the time.
//
// The class files are checked in; compile.sh makes them.
package spare

import (
	"embed"
	"io/fs"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/launcher"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/springboot"
)

// Jar is the path of the program in an image, without a leading slash. The supervisor looks for it beside its classes.
const Jar = layertar.AppDir + "/supervisor/spare.jar"

// stub is the directory of the stub. Spring finds its entity and repository only if the jar has it.
const stub = "io/github/devloop_stub/"

//go:embed io/github/devloop_cli/*.class io/github/devloop_stub/*.class io/github/devloop_cli/silent.xml templates
var program embed.FS

// Files returns the program. It is only on the class path of a spare.
func Files() []springboot.Entry {
	files := []layertar.JarFile{{Name: launcher.Class, Data: launcher.Code}, {Name: stub}}
	err := fs.WalkDir(program, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := program.ReadFile(name)
		files = append(files, layertar.JarFile{Name: name, Data: data})
		return err
	})
	if err != nil {
		panic(err) // they are part of this program
	}
	return []springboot.Entry{{Path: Jar, File: springboot.Text(Jar, layertar.Jar(files...))}}
}

// needed are the libraries without which a spare would be of no use, or not be like a new JVM.
var needed = []struct{ prefix, why string }{
	{"spring-boot-autoconfigure-", "it does not use Spring Boot's automatic configuration"},
	{"spring-webmvc-", "it is no application of Spring MVC"},
	{"tomcat-embed-core-", "its server is not Tomcat"},
	{"logback-classic-", "it does not log with Logback"},
}

// Blocker says why an application with these libraries can't use a spare, "" if it can.
func Blocker(libraries []springboot.Library) string {
	has := func(prefix string) bool {
		return slices.ContainsFunc(libraries,
			func(l springboot.Library) bool { return strings.HasPrefix(l.Name, prefix) })
	}
	for _, n := range needed {
		if !has(n.prefix) {
			return n.why
		}
	}
	if has("log4j-core-") {
		return "it does not log with Logback"
	}
	return ""
}
