package launcher

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func filesOf(manifest map[string]string, own ...string) *springboot.Files {
	f := &springboot.Files{Manifest: manifest}
	for _, name := range own {
		f.Own = append(f.Own, springboot.Entry{Path: name, File: springboot.Text(name, nil)})
	}
	return f
}

func TestOnlyManifestsWithVersionsNeedALauncher(t *testing.T) {
	t.Parallel()
	if New(filesOf(map[string]string{"Start-Class": "com.example.App"}, "com/example/App.class")) != nil {
		t.Error("a manifest without versions has a launcher")
	}
	if New(filesOf(map[string]string{"Implementation-Version": "1"}, "App.class", "application.yml")) != nil {
		t.Error("an application without packages has a launcher")
	}
}

func TestJarHasTheManifestAndAClassForEachPackage(t *testing.T) {
	t.Parallel()
	title := strings.Repeat("a long title, ", 15)
	l := New(filesOf(map[string]string{"Implementation-Title": title, "Implementation-Version": "1.2",
		"Start-Class": "com.example.App"},
		"com/example/App.class", "com/example/web/A.class", "com/example/web/B.class", "static/a.html",
		"META-INF/versions/11/x/Y.class"))
	text := l.jar
	jar := must.Get(zip.NewReader(bytes.NewReader(text), int64(len(text))))(t)
	var names []string
	for _, f := range jar.File {
		names = append(names, f.Name)
	}
	want := "META-INF/MANIFEST.MF io/github/devloop_cli/packages io/github/devloop_cli/Launcher.class com/example/DevloopPackage.class com/example/web/DevloopPackage.class"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got %s", got)
	}
	file := must.Get(jar.Open("META-INF/MANIFEST.MF"))(t)
	manifest := must.Get(io.ReadAll(file))(t)
	for line := range strings.Lines(string(manifest)) {
		if len(strings.TrimRight(line, "\r\n")) > 72 {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
	whole := strings.ReplaceAll(string(manifest), "\r\n ", "")
	if !strings.Contains(whole, "Implementation-Title: "+title+"\r\n") ||
		!strings.Contains(whole, "Implementation-Version: 1.2\r\n") || strings.Contains(whole, "Start-Class") {
		t.Errorf("manifest\n%s", manifest)
	}
}

// TestRealLauncher runs programs whose classes are files, and whose packages have versions.
func TestRealLauncher(t *testing.T) {
	t.Parallel()
	real.Java(t)
	for name, test := range map[string]struct{ source, want string }{
		"a main method": {"package demo; class App { public static void main(String[] a) { System.out.print(demo.web.Other.version(App.class) + demo.web.Other.version(demo.web.Other.class) + a[0]); } }", "1.2 1.2 x"},
		"an inherited":  {"package demo; class App extends demo.web.Other { }", "inherited"},
		"an exception":  {"package demo; class App { public static void main(String[] a) { throw new IllegalStateException(\"boom\"); } }", `Exception in thread "main" java.lang.IllegalStateException: boom`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for path, source := range map[string]string{"App.java": test.source,
				"Other.java": "package demo.web; public class Other { public static String version(Class<?> c) { return c.getPackage().getImplementationVersion() + ' '; } public static void main(String[] a) { System.out.print(\"inherited\"); } }"} {
				testfile.Write(t, dir, path, source)
			}
			if out, err := exec.Command("javac", "-d", dir, filepath.Join(dir, "App.java"),
				filepath.Join(dir, "Other.java")).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			l := New(filesOf(map[string]string{"Implementation-Version": "1.2"}, "demo/App.class",
				"demo/web/Other.class"))
			jar := filepath.Join(dir, "manifest.jar")
			testfile.Write(t, "", jar, string(l.jar))
			out, _ := exec.Command("java", append([]string{"-cp", dir + string(os.PathListSeparator) + jar},
				append(l.Command("demo.App"), "x")...)...).CombinedOutput()
			if got := string(out); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %s", got)
			}
		})
	}
}
