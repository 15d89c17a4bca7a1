package spare

import (
	"archive/zip"
	"bytes"
	"io"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/must"
)

func TestJarHasTheProgramAndOnlyTheDirectoryOfTheStub(t *testing.T) {
	t.Parallel()
	file := must.Get(Files()[0].File.Open())(t)
	data := must.Get(io.ReadAll(file))(t)
	jar := must.Get(zip.NewReader(bytes.NewReader(data), int64(len(data))))(t)
	var names []string
	for _, f := range jar.File {
		names = append(names, f.Name)
	}
	for _, want := range []string{"Spare.class", "../devloop_stub/Stub.class", "Launcher.class", "silent.xml",
		"../devloop_stub/Item.class", "../../../templates/devloop-stub.html"} {
		if !slices.Contains(names, path.Join("io/github/devloop_cli", want)) {
			t.Errorf("there is no %s: %q", want, names)
		}
	}
	directories := slices.DeleteFunc(names, func(name string) bool { return !strings.HasSuffix(name, "/") })
	if !slices.Equal(directories, []string{"io/github/devloop_stub/"}) {
		t.Errorf("a search of the class path finds %q", directories)
	}
}

func TestBlockerNamesWhatASpareCannotDo(t *testing.T) {
	t.Parallel()
	const all = "spring-boot-autoconfigure-3.5.7.jar spring-webmvc-6.2.12.jar tomcat-embed-core-10.1.48.jar logback-classic-1.5.20.jar log4j-to-slf4j-2.24.3.jar"
	for want, names := range map[string]string{
		"":                                   all,
		"it does not log with Logback":       all + " log4j-core-2.24.3.jar",
		"its server is not Tomcat":           strings.Replace(all, "tomcat-embed-core", "undertow-core", 1),
		"it is no application of Spring MVC": strings.Replace(all, "webmvc", "webflux", 1),
		"it does not use Spring Boot's automatic configuration": "",
	} {
		var libraries []springboot.Library
		for _, name := range strings.Fields(names) {
			libraries = append(libraries, springboot.Library{Name: name})
		}
		if got := Blocker(libraries); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
