package image

import (
	"io"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/must"
)

// configOf makes an image of files on a base that is configured in a certain way, and returns its configuration.
func configOf(t *testing.T, o Options, base v1.Config, files []file) v1.Config {
	t.Helper()
	e := baseEngine(t)
	found := e.Images["eclipse-temurin:17-jre"]
	found.Config.Entrypoint, found.Config.Env, found.Config.User = base.Entrypoint, base.Env, base.User
	o.CacheDir = t.TempDir()
	img := must.Get(New(e, o).Image(t.Context(), appOf(t, files), io.Discard))(t)
	config := must.Get(img.Content.ConfigFile())(t)
	return config.Config
}

// replaced returns the files with one that has other content.
func replaced(files []file, name, content string) []file {
	return append(slices.DeleteFunc(files, func(f file) bool { return f[0] == name }), file{name, content})
}

func TestUserOfAComposedImage(t *testing.T) {
	t.Parallel()
	for user, home := range map[string]bool{"": true, "4711": true, "1000:0": true, "root": false, "0:0": false,
		"spring": false} {
		c := configOf(t, Options{User: user}, v1.Config{User: "nobody"}, bootFiles())
		want := user
		if user == "" {
			want = nonRootUser
		}
		if c.User != want || slices.Contains(c.Entrypoint, "-Duser.home=/app") != home {
			t.Errorf("%q: user %s runs %v", user, c.User, c.Entrypoint)
		}
	}
}

func TestBaseImagesEntrypointStaysIfItRunsTheCommand(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		entrypoint []string
		kept       bool
	}{
		{nil, false},
		{[]string{"/__cacert_entrypoint.sh"}, true},
		{[]string{"/usr/bin/tini", "--"}, true},
		{[]string{"docker-entrypoint.sh"}, true},
		{[]string{"java", "-jar"}, false},
		{[]string{"/usr/bin/java", "-jar"}, false},
		{[]string{"/usr/local/s2i/run"}, false},
	} {
		c := configOf(t, Options{Develop: true}, v1.Config{Entrypoint: test.entrypoint}, bootFiles())
		n := 0
		if test.kept {
			n = len(test.entrypoint)
		}
		if !slices.Equal(c.Entrypoint[:n], test.entrypoint[:n]) || c.Entrypoint[n] != "java" ||
			c.Entrypoint[n+1] == "-jar" || c.Cmd != nil {
			t.Errorf("%v: runs %v %v", test.entrypoint, c.Entrypoint, c.Cmd)
		}
	}
}

func TestBaseImagesLocaleStays(t *testing.T) {
	t.Parallel()
	for _, variable := range []string{"LANG=en_US.UTF-8", "LC_ALL=POSIX"} {
		if c := configOf(t, Options{}, v1.Config{Env: []string{variable}}, bootFiles()); slices.Contains(c.Env,
			"LANG=C.UTF-8") || !slices.Contains(c.Env, variable) {
			t.Errorf("%s: got %v", variable, c.Env)
		}
	}
}

func TestPreviewFeaturesAreEnabledWhereAClassUsesThem(t *testing.T) {
	t.Parallel()
	preview := jartest.Class(17)
	preview = preview[:4] + "\xff\xff" + preview[6:]
	files := append(bootFiles(), file{"BOOT-INF/classes/com/example/Other.class", preview})
	if c := configOf(t, Options{}, v1.Config{}, files); !slices.Contains(c.Entrypoint, "--enable-preview") {
		t.Errorf("runs %v", c.Entrypoint)
	}
	contents, err := appOf(t, files).Contents()
	if err != nil || contents.Rest[springboot.Part{Kind: springboot.KindPreview}] == "" {
		t.Errorf("the contents say %v, %v", contents.Rest, err)
	}
	e := baseEngine(t)
	e.AddRandom(t, "eclipse-temurin:18-jre", 1)
	newer := jartest.Class(18)
	files = replaced(bootFiles(), "BOOT-INF/classes/com/example/App.class", newer[:4]+"\xff\xff"+newer[6:])
	if img := makeImage(t, e, t.TempDir(), appOf(t, files)); img.Report.Base != "eclipse-temurin:18-jre" {
		t.Errorf("based on %s: only Java 18 runs preview features of Java 18", img.Report.Base)
	}
}

func TestPackagesHaveTheVersionsOfTheManifest(t *testing.T) {
	t.Parallel()
	files := replaced(bootFiles(), "META-INF/MANIFEST.MF",
		jartest.BootFiles()[0][1][:len(jartest.BootFiles()[0][1])-2]+"Implementation-Version: 1.2\r\n\r\n")
	c := configOf(t, Options{}, v1.Config{}, files)
	text := strings.Join(c.Entrypoint, " ")
	if !strings.HasSuffix(text, ":/app/manifest.jar io.github.devloop_cli.Launcher com.example.App") {
		t.Errorf("runs %s", text)
	}
}

// TestOptionsOfEveryJVM: those that two JVMs can have leave the supervisor in the image.
func TestOptionsOfEveryJVM(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		manifest, image string
		supervised      bool
	}{
		{"", "JAVA_TOOL_OPTIONS=", true},
		{"", "JAVA_TOOL_OPTIONS=-XX:MaxRAMPercentage=75", true},
		{"", "JAVA_TOOL_OPTIONS=-javaagent:/a.jar", false},
		{"JAVA_TOOL_OPTIONS=-Xmx512m -XX:+UseG1GC", "", true},
	} {
		c := configOf(t, Options{Develop: true, JVMOptions: []string{test.manifest}},
			v1.Config{Env: []string{test.image}}, bootFiles())
		text := strings.Join(c.Entrypoint, " ")
		if strings.Contains(text, "Supervise") != test.supervised ||
			strings.Contains(text, "UseSerialGC") == strings.Contains(test.manifest, "GC") {
			t.Errorf("%+v: runs %s", test, text)
		}
	}
}

// TestSupervisorDoesWithoutWhatTheUserDoesWithout: a JVM may not have the collector.
func TestSupervisorDoesWithoutWhatTheUserDoesWithout(t *testing.T) {
	t.Parallel()
	for _, without := range []string{"serial-gc", "quick-compiler"} {
		c := configOf(t, Options{Develop: true, Without: []string{without}}, v1.Config{}, bootFiles())
		text := strings.Join(c.Entrypoint, " ")
		if !strings.Contains(text, "Supervise") ||
			strings.Contains(text, "UseSerialGC") != (without == "quick-compiler") ||
			strings.Contains(text, "TieredStopAtLevel") != (without == "serial-gc") {
			t.Errorf("without %s it runs %s", without, text)
		}
	}
}

// TestSuits: other options of the manifest need other images where these have an option that contradicts them.
func TestSuits(t *testing.T) {
	t.Parallel()
	const g1, zgc = "JAVA_TOOL_OPTIONS=-XX:+UseG1GC", "JAVA_TOOL_OPTIONS=-XX:+UseZGC"
	for _, test := range []struct {
		before, now string
		want        bool
	}{{"", "JAVA_TOOL_OPTIONS=-Xmx1g", true}, {"", g1, false}, {g1, "", true}, {g1, zgc, true},
		{g1, "JAVA_TOOL_OPTIONS=-XX:-TieredCompilation", false}} {
		if got := Suits([]string{test.before}, []string{test.now}); got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
}

func TestLoaderPathComesFirst(t *testing.T) {
	t.Parallel()
	const manifest = "Manifest-Version: 1.0\r\nMain-Class: org.springframework.boot.loader.launch.PropertiesLauncher\r\nStart-Class: com.example.App\r\nSpring-Boot-Version: 3.5.7\r\n"
	launcher := file{"org/springframework/boot/loader/launch/PropertiesLauncher.class", jartest.Class(17)}
	for _, test := range []struct {
		given, manifest, properties string
		want                        string
	}{
		{want: "/app/classes:"},
		{given: "LOADER_PATH=/plugins, lib/a.jar", want: "/plugins:/plugins/*:/app/lib/a.jar:/app/classes:"},
		{given: "JAVA_TOOL_OPTIONS=-Dloader.path=/opt/x/*", want: "/opt/x:/opt/x/*:/app/classes:"},
		{manifest: "Loader-Path: ./drivers\r\n", want: "/app/drivers:/app/drivers/*:/app/classes:"},
		{properties: "loader.path=/conf,${HOME}/x", manifest: "Loader-Path: no\r\n", want: "/conf:/conf/*:/app/classes:"},
	} {
		files := append(replaced(bootFiles(), "META-INF/MANIFEST.MF", manifest+test.manifest+"\r\n"), launcher)
		if test.properties != "" {
			files = append(files, file{"BOOT-INF/classes/loader.properties", test.properties})
		}
		c := configOf(t, Options{JVMOptions: []string{test.given}}, v1.Config{}, files)
		if got := c.Entrypoint[slices.Index(c.Entrypoint, "-cp")+1]; !strings.HasPrefix(got, test.want) {
			t.Errorf("%+v: class path %s", test, got)
		}
	}
}
