package project

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/internal/buildtest"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestOpenFindsNoProject(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing"),
		testfile.Write(t, t.TempDir(), "file", "")} {
		_, err := Open(t.Context(), dir, Options{CacheDir: t.TempDir()})
		if e := fault.Of(err); e.Code != "project.none" || len(e.Hints) == 0 {
			t.Errorf("%s: got %v", dir, err)
		}
	}
}

func TestOpenReadsNames(t *testing.T) {
	pom := "<project><artifactId>My.Shop</artifactId><modules><module>web</module></modules></project>"
	for name, test := range map[string]struct {
		files     map[string]string
		sub       string
		module    string
		want      string
		wantRoot  string
		wantTool  string
		wantFound string // what Tool.Why must speak of
	}{
		"settings":         {files: map[string]string{"settings.gradle": "rootProject.name = 'spring-server'", "gradlew": ""}, want: "spring-server", wantTool: "gradle"},
		"kotlin settings":  {files: map[string]string{"settings.gradle.kts": "rootProject.name = \"Spring_Server\"", "gradlew": ""}, want: "spring-server", wantTool: "gradle"},
		"artifact":         {files: map[string]string{"pom.xml": pom, "mvnw": ""}, want: "my-shop", wantTool: "maven"},
		"both":             {files: map[string]string{"pom.xml": pom, "build.gradle": "", "settings.gradle": "rootProject.name='g'", "gradlew": ""}, want: "g", wantTool: "gradle", wantFound: "pom.xml"},
		"maven module":     {files: map[string]string{"pom.xml": pom, "web/pom.xml": "<project><artifactId>web</artifactId></project>", "mvnw": ""}, sub: "web", want: "web", wantRoot: ".", wantTool: "maven"},
		"gradle module":    {files: map[string]string{"settings.gradle": "include 'web'", "web/build.gradle": "", "gradlew": ""}, sub: "web", want: "web", wantRoot: ".", wantTool: "gradle"},
		"module by option": {files: map[string]string{"settings.gradle": "include 'web'", "web/build.gradle": "", "gradlew": ""}, module: ":web", want: "web", wantTool: "gradle"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for path, text := range test.files {
				testfile.Write(t, dir, path, text)
			}
			p := must.Get(
				Open(t.Context(), filepath.Join(dir, test.sub), Options{Module: test.module, CacheDir: t.TempDir()}))(t)
			if p.Name != test.want || p.Tool.Name != test.wantTool || !strings.Contains(p.Tool.Why, test.wantFound) {
				t.Errorf("got name %q, tool %+v", p.Name, p.Tool)
			}
			if test.wantRoot != "" && p.build.Root != dir {
				t.Errorf("root is %q, want %q", p.build.Root, dir)
			}
		})
	}
}

func TestOpenNamesWithoutAnyName(t *testing.T) {
	for name, want := range map[string]string{
		"../My_Shop 42": "my-shop-42", "shop—2": "shop-2", "***": "application",
		"Größe": "gr-e-aedc3f80", "日本": "application-cf2abf0c", "상점": "application-de9d3154",
	} {
		if got := imageName(name); got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// TestModelIsOfOneKindOfBuild: what run leaves out, deploy does not.
func TestModelIsOfOneKindOfBuild(t *testing.T) {
	p := must.Get(Open(t.Context(), buildtest.GradleProject(t, "gradle"), Options{CacheDir: t.TempDir()}))(t)
	whole := p.records().inputs(nil)
	p.OnlyApplication = true
	if maps.Equal(whole, p.records().inputs(nil)) {
		t.Error("the model of a whole build is taken for one of the application")
	}
}

// TestInputs: build files are found in each directory that is not a module's sources, and with them the code of
// plugins.
func TestInputs(t *testing.T) {
	p := must.Get(Open(t.Context(), buildtest.GradleProject(t, "gradle"), Options{CacheDir: t.TempDir()}))(t)
	plugins, lib := t.TempDir(), t.TempDir()
	one := buildtool.Module{BuildFiles: []string{plugins, lib},
		Libraries: []string{filepath.Join(lib, "build/libs/lib.jar")}}
	for file, want := range map[string]bool{
		filepath.Join(p.Dir, "src/app/build.gradle"):              true,
		filepath.Join(p.Dir, "app/src/main/java/com/a.gradle"):    false,
		filepath.Join(p.Dir, "app/src/test/resources/pom.xml"):    false,
		filepath.Join(p.Dir, "buildSrc/src/main/groovy/P.groovy"): true,
		filepath.Join(plugins, "src/main/groovy/java.gradle"):     true,
		filepath.Join(plugins, "build/tmp/x"):                     false,
		filepath.Join(lib, "src/main/java/L.java"):                false,
		filepath.Join(lib, "build.gradle"):                        true,
	} {
		testfile.Write(t, filepath.Dir(file), filepath.Base(file), "")
		if _, found := p.records().inputs([]buildtool.Module{one})[file]; found != want {
			t.Errorf("%s: found %v", file, found)
		}
	}
}

const (
	bootPlugin = "<plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins>"
	pomOfBoot  = "<project><artifactId>m</artifactId><build>" + bootPlugin + "</build></project>"
)

const gradleBoot4 = "plugins {\n  id 'org.springframework.boot' version '4.0.3'\n}\n"

// TestBothBuilds chooses between the builds of a directory.
func TestBothBuilds(t *testing.T) {
	installed := func(t *testing.T, gradle string) {
		dir := t.TempDir()
		for _, path := range []string{"gradle-" + gradle + "/bin/gradle", "maven/bin/mvn"} {
			must.Do(t, os.Chmod(testfile.Write(t, dir, path, "#!/bin/sh\n"), 0o755))
		}
		t.Setenv("PATH", filepath.Join(dir, "gradle-"+gradle, "bin")+string(os.PathListSeparator)+
			filepath.Join(dir, "maven", "bin"))
	}
	for name, test := range map[string]struct {
		files       map[string]string
		gradle      string // the version that is installed
		asked, want string
		why         string
	}{
		"Gradle's wrapper": {map[string]string{"gradlew": ""}, "4.4.1", "", "gradle", "the pom.xml beside it is not used"},
		"Maven's wrapper":  {map[string]string{"mvnw": ""}, "9.2.0", "", "maven", "the Gradle build beside it is not used"},
		"both wrappers":    {map[string]string{"gradlew": "", "mvnw": ""}, "4.4.1", "", "gradle", "--build-tool gradle|maven"},
		"a wrapper that does not work": {map[string]string{"mvnw": "#!/bin/sh\nexit 1\n", ".mvn/wrapper/maven-wrapper.properties": "distributionUrl=https://localhost:1/maven-3.9.9-bin.zip\n"},
			"9.2.0", "", "maven", "the wrapper could not fetch maven-3.9.9-bin"},
		"both installed":          {nil, "8.14", "", "gradle", "the pom.xml beside it is not used"},
		"Gradle is too old":       {nil, "4.4.1", "", "maven", "needs Gradle 8.14 or later for Spring Boot 4.0, and the installed one is 4.4.1"},
		"Gradle is a bit too old": {nil, "8.13", "", "maven", "needs Gradle 8.14"},
		"asked for Maven":         {map[string]string{"gradlew": ""}, "8.14", "maven", "maven", ""},
		"asked for Gradle":        {map[string]string{"mvnw": ""}, "8.14", "gradle", "gradle", ""},
		"asked for one too old":   {map[string]string{"mvnw": ""}, "4.4.1", "gradle", "gradle", ""},
		"a pom.xml without Boot":  {map[string]string{"mvnw": "", "pom.xml": "<project><artifactId>m</artifactId></project>"}, "9.2.0", "", "gradle", "the pom.xml beside it is not used: it does not have Spring Boot's plugin"},
		"only managed in the pom.xml": {map[string]string{"mvnw": "", "pom.xml": "<project><artifactId>m</artifactId><build><pluginManagement>" + bootPlugin + "</pluginManagement></build></project>"},
			"9.2.0", "", "gradle", "the pom.xml beside it is not used: it does not"},
		"a module's pom.xml with Boot":             {map[string]string{"mvnw": "", "pom.xml": "<project><artifactId>m</artifactId><modules><module>app</module></modules></project>", "app/pom.xml": pomOfBoot}, "9.2.0", "", "maven", "the Gradle build beside it is not used"},
		"a Gradle build without Boot":              {map[string]string{"gradlew": "", "build.gradle": "plugins { id 'java' }"}, "9.2.0", "", "maven", "the Gradle build beside it is not used: it does not have Spring Boot's plugin"},
		"Boot in a version catalog":                {map[string]string{"gradlew": "", "build.gradle": "plugins { alias(libs.plugins.boot) }", "gradle/libs.versions.toml": "[plugins]\nboot = \"org.springframework.boot:4.0.3\"\n"}, "9.2.0", "", "gradle", "the pom.xml beside it is not used"},
		"a Gradle build with Boot that is too old": {map[string]string{"pom.xml": "<project><artifactId>m</artifactId></project>"}, "4.4.1", "", "maven", "needs Gradle 8.14"},
		"both without Boot":                        {map[string]string{"mvnw": "", "pom.xml": "<project><artifactId>m</artifactId></project>", "build.gradle": ""}, "9.2.0", "", "maven", "the Gradle build beside it is not used"},
	} {
		t.Run(name, func(t *testing.T) {
			installed(t, test.gradle)
			dir := t.TempDir()
			testfile.Write(t, dir, "pom.xml", pomOfBoot)
			testfile.Write(t, dir, "build.gradle", gradleBoot4)
			for path, text := range test.files {
				testfile.Write(t, dir, path, text)
			}
			p := must.Get(Open(t.Context(), dir, Options{CacheDir: t.TempDir(), BuildTool: test.asked}))(t)
			if p.Tool.Name != test.want || !strings.Contains(p.Tool.Why, test.why) {
				t.Errorf("got %+v", p.Tool)
			}
		})
	}
	dir := t.TempDir()
	testfile.Write(t, dir, "pom.xml", "<project/>")
	if _, err := Open(t.Context(), dir,
		Options{CacheDir: t.TempDir(), BuildTool: "gradle"}); fault.Of(err).Code != "project.none" {
		t.Errorf("there is no Gradle build: %v", err)
	}
}

// wrapperProject is a project whose wrapper has a distribution to fetch; it writes a line to calls each time it is run.
func wrapperProject(t *testing.T, script string) (dir, calls string) {
	t.Helper()
	dir = t.TempDir()
	calls = filepath.Join(t.TempDir(), "calls")
	testfile.Write(t, dir, "settings.gradle", "")
	testfile.Write(t, dir, "gradlew", "#!/bin/sh\necho run >>"+calls+"\n"+script)
	testfile.Write(t, dir, "gradle/wrapper/gradle-wrapper.properties",
		"distributionUrl=https\\://services.gradle.org/distributions/gradle-9.2.0-bin.zip\n")
	t.Setenv("GRADLE_USER_HOME", t.TempDir())
	return dir, calls
}

func runs(t *testing.T, calls string) int {
	t.Helper()
	text, err := os.ReadFile(calls)
	if err != nil {
		return 0
	}
	return bytes.Count(text, []byte("run"))
}

const unreachable = `echo Downloading https://services.gradle.org/distributions/gradle-9.2.0-bin.zip
echo 'Exception in thread "main" java.net.UnknownHostException: services.gradle.org' >&2
exit 1
`

func TestOpenFallsBackFromWrapperOnce(t *testing.T) {
	dir, calls := wrapperProject(t, unreachable)
	path := t.TempDir()
	testfile.Write(t, path, "gradle", "#!/bin/sh\n")
	t.Setenv("PATH", path+string(os.PathListSeparator)+os.Getenv("PATH"))
	cache := t.TempDir()
	var out bytes.Buffer
	for range 2 {
		p := must.Get(Open(t.Context(), dir, Options{CacheDir: cache, Out: &out}))(t)
		want := "the wrapper could not fetch gradle-9.2.0-bin (UnknownHostException: services.gradle.org)"
		if p.Tool.Why != want || p.Tool.Command[0] != filepath.Join(path, "gradle") {
			t.Errorf("got %+v", p.Tool)
		}
	}
	if n := runs(t, calls); n != 1 || !strings.Contains(out.String(), "Downloading") {
		t.Errorf("the wrapper ran %d times and printed %q", n, &out)
	}
	memory, _ := filepath.Glob(filepath.Join(cache, "wrapper", "*"))
	old := time.Now().Add(-buildtool.RetryAfter)
	must.Do(t, os.Chtimes(memory[0], old, old))
	if _, err := Open(t.Context(), dir, Options{CacheDir: cache}); err != nil || runs(t, calls) != 2 {
		t.Errorf("after a while the wrapper is tried again: %v, %d runs", err, runs(t, calls))
	}
}

func TestOpenWithoutAnyTool(t *testing.T) {
	dir, _ := wrapperProject(t, unreachable)
	sh, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		t.Skip("no /bin/sh here")
	}
	path := t.TempDir()
	must.Do(t, os.Symlink(sh, filepath.Join(path, "sh")))
	t.Setenv("PATH", path)
	_, err = Open(t.Context(), dir, Options{CacheDir: t.TempDir()})
	if fault.Of(err).Code != "tool.missing" || !strings.Contains(err.Error(), "UnknownHostException") {
		t.Errorf("got %v", err)
	}
}

func TestOpenTakesAnInstalledWrapperUnasked(t *testing.T) {
	dir, calls := wrapperProject(t, "exit 1\n")
	testfile.Write(t, os.Getenv("GRADLE_USER_HOME"), "wrapper/dists/gradle-9.2.0-bin/abc/gradle-9.2.0-bin.zip.ok", "")
	p, err := Open(t.Context(), dir, Options{CacheDir: t.TempDir()})
	if err != nil || p.Tool.Command[0] != filepath.Join(dir, "gradlew") || runs(t, calls) != 0 {
		t.Errorf("got %+v, %v, %d runs", p, err, runs(t, calls))
	}
}

func TestOpenTakesAWrapperThatFetches(t *testing.T) {
	dir, calls := wrapperProject(t, "exit 0\n")
	p, err := Open(t.Context(), dir, Options{CacheDir: t.TempDir()})
	if err != nil || p.Tool.Command[0] != filepath.Join(dir, "gradlew") || runs(t, calls) != 1 {
		t.Errorf("got %+v, %v, %d runs", p, err, runs(t, calls))
	}
}

func TestOpenRunsAScriptThatIsNotExecutable(t *testing.T) {
	dir := buildtest.GradleProject(t, "gradle")
	must.Do(t, os.Chmod(filepath.Join(dir, "gradlew"), 0o644))
	p, err := Open(t.Context(), dir, Options{CacheDir: t.TempDir()})
	if err != nil || strings.Join(p.Tool.Command, " ") != "sh "+filepath.Join(dir, "gradlew") {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestDockerfileIsTheOneThatIsNamed(t *testing.T) {
	dir := buildtest.GradleProject(t, "plays no part")
	other := filepath.Dir(testfile.Write(t, t.TempDir(), "team/Dockerfile", "FROM jre"))
	testfile.Write(t, dir, "Dockerfile", "FROM jre")
	testfile.Write(t, dir, "docker/dev.Dockerfile", "FROM jre")
	testfile.Write(t, dir, "web/Dockerfile", "FROM jre")
	for _, c := range []struct{ named, module, file, context string }{
		{"", dir, dir + "/Dockerfile", dir},
		{"", dir + "/web", dir + "/web/Dockerfile", dir + "/web"},
		{"", dir + "/other", dir + "/Dockerfile", dir},
		{NoDockerfile, dir, "", ""},
		{dir + "/docker/dev.Dockerfile", dir, dir + "/docker/dev.Dockerfile", dir},
		{dir + "/docker/dev.Dockerfile", dir + "/web", dir + "/docker/dev.Dockerfile", dir},
		{dir + "/web/Dockerfile", dir + "/web", dir + "/web/Dockerfile", dir + "/web"},
		{other + "/Dockerfile", dir, other + "/Dockerfile", other},
	} {
		named := must.Get(namedDockerfile(dir, c.named))(t)
		p := dockerfiles{dir: dir, named: named}
		if file, context := p.of(c.module); file != c.file || context.Context != c.context {
			t.Errorf("%q for %s: got %s in %s, want %s in %s", c.named, c.module, file, context, c.file, c.context)
		}
	}
	if _, err := namedDockerfile(dir, dir+"/docker"); err == nil {
		t.Error("a directory is taken for a Dockerfile")
	}
	if _, err := namedDockerfile(dir, "nowhere/Dockerfile"); err == nil {
		t.Error("one that is not there is taken")
	}
}

func TestDeclaredModulesAreReadFromBuildFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"Gradle": {map[string]string{"settings.gradle": "rootProject.name = 'shop'\ninclude 'web', 'api:v1'\ninclude ':jobs'\n// include 'old'\n"}, []string{":web", ":api:v1", ":jobs"}},
		"Kotlin": {map[string]string{"settings.gradle.kts": "include(\n    \":web\",\n    \"api\",\n)\nincludeBuild(\"other\")\n"}, []string{":web", ":api"}},
		"Maven": {map[string]string{
			"pom.xml":     "<project><modules><module>web</module></modules></project>",
			"web/pom.xml": "<project><modules><module>ui</module><module>../../outside</module></modules></project>",
		}, []string{"web", "web/ui"}},
		"one module": {map[string]string{"build.gradle": ""}, nil},
	} {
		dir := t.TempDir()
		for path, text := range c.files {
			path = filepath.Join(dir, path)
			must.Do(t, os.MkdirAll(filepath.Dir(path), 0o755))
			testfile.Write(t, "", path, text)
		}
		if got := DeclaredModules(dir); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
