package buildtool

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	testfile.Write(t, "", path, text)
	must.Do(t, os.Chmod(path, mode))
}

// project has a wrapper whose script does what the test says; no other tool is on the PATH.
func project(t *testing.T, script string) (Wrapper, Build) {
	dir := t.TempDir()
	w := Wrapper{Tool: "Gradle", Script: dir + "/gradlew", Properties: dir + "/gradle.properties",
		Dists:  dir + "/dists",
		Marker: []string{"*/*.ok"}, Path: "no-such-gradle", Site: "https://gradle.org"}
	if script != "" {
		write(t, w.Script, "#!/bin/sh\n"+script, 0o755)
	}
	write(t, w.Properties,
		"distributionBase=HOME\ndistributionUrl=https\\://services.gradle.org/distributions/gradle-9.2.0-bin.zip\n",
		0o644)
	return w, Build{Dir: dir, Root: dir, CacheDir: dir + "/cache"}
}

func TestDownloadedWrapperIsNotRun(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"gradle-9.2.0-bin", "gradle-9.2.0"} { // Gradle's directory, Maven's
		w, b := project(t, "touch ran; exit 1\n")
		write(t, filepath.Join(w.Dists, name, "digest", "zip.ok"), "", 0o644)
		tool, err := w.Choose(t.Context(), b, nil)
		if err != nil || !tool.Wrapped || !slices.Equal(tool.Command, []string{w.Script}) ||
			!strings.Contains(tool.Why, "gradle-9.2.0-bin") {
			t.Errorf("%s: got %+v, %v", name, tool, err)
		}
		if _, err := os.Stat(b.Dir + "/ran"); err == nil {
			t.Errorf("%s: it was run", name)
		}
	}
}

func TestScriptFromWindowsIsRunBySh(t *testing.T) {
	t.Parallel()
	w, b := project(t, "")
	write(t, w.Script, "[ \"$1\" = --version ]\n", 0o644)
	tool, err := w.Choose(t.Context(), b, nil)
	if err != nil || !slices.Equal(tool.Command, []string{"sh", w.Script}) {
		t.Errorf("got %+v, %v", tool, err)
	}
}

func TestWrapperWithoutPropertiesIsTrusted(t *testing.T) {
	t.Parallel()
	w, b := project(t, "exit 1\n")
	w.Properties += ".none"
	if tool, err := w.Choose(t.Context(), b, nil); err != nil || !tool.Wrapped {
		t.Errorf("got %+v, %v", tool, err)
	}
}

// TestBrokenWrapperIsTriedAgainLater: without a network no build waits for it each time.
func TestBrokenWrapperIsTriedAgainLater(t *testing.T) {
	t.Parallel()
	w, b := project(t, "echo x >>ran\necho 'Downloading'\necho 'Exception in thread \"main\" java.net.UnknownHostException: services.gradle.org'\necho '  at java.lang'\nexit 1\n")
	runs := func() int {
		text, _ := os.ReadFile(b.Dir + "/ran")
		return strings.Count(string(text), "x")
	}
	for range 2 {
		_, err := w.Choose(t.Context(), b, io.Discard)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != "tool.missing" ||
			!strings.Contains(f.Error(), "UnknownHostException: services.gradle.org") {
			t.Fatalf("got %v", err)
		}
	}
	if runs() != 1 {
		t.Errorf("ran %d times", runs())
	}
	kept, _ := filepath.Glob(b.CacheDir + "/wrapper/*")
	if len(kept) != 1 {
		t.Fatalf("kept %v", kept)
	}
	old := time.Now().Add(-RetryAfter - time.Second)
	must.Do(t, os.Chtimes(kept[0], old, old))
	write(t, w.Script, "#!/bin/sh\nexit 0\n", 0o755)
	if tool, err := w.Choose(t.Context(), b, nil); err != nil || !tool.Wrapped {
		t.Errorf("got %+v, %v", tool, err)
	}
}

func TestCommandReplacesTheWrapper(t *testing.T) {
	t.Parallel()
	for script, substitute := range map[string]bool{"exit 1\n": true, "": false} {
		w, b := project(t, script)
		w.Path = b.Dir + "/opt/gradle-8.14/bin/gradle"
		write(t, w.Path, "", 0o755)
		write(t, b.Dir+"/opt/gradle-8.14/lib/gradle-core-8.14.jar", "", 0o644)
		tool, err := w.Choose(t.Context(), b, nil)
		if err != nil || tool.Wrapped || tool.Substitute != substitute ||
			!slices.Equal(tool.Command, []string{w.Path}) || !strings.HasSuffix(tool.Why, ": using gradle 8.14") {
			t.Errorf("%q: got %+v, %v", script, tool, err)
		}
	}
}

func TestInterruptedFetchIsNoFailureOfTheWrapper(t *testing.T) {
	t.Parallel()
	w, b := project(t, "exit 1\n")
	why := errors.New("enough")
	ctx, interrupt := context.WithCancelCause(t.Context())
	interrupt(why)
	if _, err := w.Choose(ctx, b, nil); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	if kept, _ := filepath.Glob(b.CacheDir + "/wrapper/*"); len(kept) > 0 {
		t.Errorf("kept %v", kept)
	}
}

func TestModelIsReadWithoutDuplicates(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/model.json"
	if modules, err := ReadModules(file); modules != nil || err != nil {
		t.Errorf("without a file: got %v, %v", modules, err)
	}
	write(t, file, `[{"name": ":app", "sources": ["/b", "", "/a", "/b"], "classes": ["/classes", "/classes"], "libraries": ["/z.jar", "/a.jar", "/z.jar"]},
		{"name": ":lib", "classes": ["/c"], "resources": ["/r"]}]`, 0o644)
	modules, err := ReadModules(file)
	want := []Module{
		{Name: ":app", Sources: []string{"/b", "/a"}, Classes: []string{"/classes"}, Resources: []string{"/classes"}, Libraries: []string{"/z.jar", "/a.jar"}},
		{Name: ":lib", Classes: []string{"/c"}, Resources: []string{"/r"}},
	}
	if err != nil || !reflect.DeepEqual(modules, want) {
		t.Errorf("got %+v, %v", modules, err)
	}
	write(t, file, `[{"name": ":app"`, 0o644) // the build was killed
	if _, err := ReadModules(file); err == nil {
		t.Error("half a model was read")
	}
}

func TestMainClassIsMissingOrOneOfSeveral(t *testing.T) {
	t.Parallel()
	b := Build{Dir: "/shop"}
	hint := func(class string) string { return "choose " + class }
	for output, want := range map[string]struct {
		code  string
		hints []string
	}{
		"> Unable to find a single main class from the following candidates [a.Main, b.Main]": {"project.ambiguous", []string{"choose a.Main", "choose b.Main"}},
		"Execution failed: Unable to find main class":                                         {"project.unsupported", nil},
		"Main class name has not been configured and it could not be resolved":                {"project.unsupported", nil},
	} {
		f, ok := errors.AsType[*fault.Error](b.MainClassError(output, hint))
		if !ok || f.Code != want.code || want.hints != nil && !slices.Equal(f.Hints, want.hints) {
			t.Errorf("%s: got %+v", output, f)
		}
	}
	if err := b.MainClassError("BUILD FAILED", hint); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestModuleIsFoundByItsPath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/apps/web/pom.xml", "", 0o644)
	for module, want := range map[string]string{"": dir, ":apps:web": dir + "/apps/web", "apps/web": dir + "/apps/web",
		"com.example:web": dir} {
		if got := (Build{Dir: dir, Module: module}).ModuleDir(); filepath.Clean(got) != want {
			t.Errorf("%q: got %q", module, got)
		}
	}
}

func TestOneDevloopHasALock(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/a/build"
	release := must.Get(Lock(t.Context(), path))(t)
	why := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Millisecond, why)
	defer cancel()
	if _, err := Lock(ctx, path); !errors.Is(err, why) {
		t.Errorf("locked twice: got %v", err)
	}
	release()
	again := must.Get(Lock(t.Context(), path))(t)
	again()
}

func TestEachDevloopHasADirectoryOfItsOwn(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/out"
	first, release, err := OwnDir(path)
	if err != nil {
		t.Fatal(err)
	}
	second, releaseSecond, err := OwnDir(path)
	if err != nil {
		t.Fatal(err)
	}
	defer releaseSecond()
	release()
	third, releaseThird, err := OwnDir(path)
	if err != nil {
		t.Fatal(err)
	}
	defer releaseThird()
	if first != path+"-0" || second != path+"-1" || third != first {
		t.Errorf("got %q, %q, %q", first, second, third)
	}
}
