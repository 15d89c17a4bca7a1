package gradle

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// TestRealGradleMakesOnlyTheApplication has tasks of the types that Gradle's node plugin, Jib, Boot's build of images
// and a style check have.
func TestRealGradleMakesOnlyTheApplication(t *testing.T) {
	t.Parallel()
	real.Long(t)
	real.Gradle(t)
	b := buildtool.Build{Dir: t.TempDir(), CacheDir: t.TempDir(), OnlyApplication: true}
	b.Root = b.Dir
	build := "apply plugin: 'application'\nmainClassName = 'Shop'\n"
	for task, types := range map[string]string{"webpack": "com.github.gradle.node.npm.task.NpmTask",
		"jib":            "com.google.cloud.tools.jib.gradle.BuildImageTask",
		"bootBuildImage": "org.springframework.boot.gradle.tasks.bundling.BootBuildImage",
		"ktlint":         "org.jlleitschuh.gradle.ktlint.KtLintCheckTask"} {
		i := strings.LastIndex(types, ".")
		testfile.Write(t, b.Dir, "buildSrc/src/main/groovy/"+strings.ReplaceAll(types, ".", "/")+".groovy",
			"package "+types[:i]+"\nclass "+types[i+1:]+" extends org.gradle.api.DefaultTask { }\n")
		build += fmt.Sprintf("task %s(type: %s) { doLast { new File(projectDir, 'ran').append(name + ' ') } }\nprocessResources.dependsOn %[1]s\n", task, types)
	}
	testfile.Write(t, b.Dir, "settings.gradle", "")
	testfile.Write(t, b.Dir, "build.gradle", build)
	testfile.Write(t, b.Dir, "src/main/java/Shop.java", "class Shop { public static void main(String[] a) { } }")
	var err error
	if b.Tool, err = (Gradle{}).Find(t.Context(), b, nil); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		only, skip   bool
		ran, omitted string
	}{
		{true, false, "webpack", "bootBuildImage jib ktlint"},
		{true, true, "", "bootBuildImage jib ktlint webpack"},
		{false, false, "ktlint webpack", "bootBuildImage jib"},
	} {
		b.OnlyApplication, b.SkipFrontend = step.only, step.skip
		var out bytes.Buffer
		modules, err := Gradle{}.Package(t.Context(), b, &out)
		if err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		ran, _ := os.ReadFile(filepath.Join(b.Dir, "ran"))
		_ = os.Remove(filepath.Join(b.Dir, "ran"))
		if got := sorted(strings.Fields(string(ran))); got != step.ran || !(Gradle{}).Frontend(modules[0]) {
			t.Errorf("%+v: it ran %q, got %+v", step, got, modules[0])
		}
		if got := sorted((Gradle{}).Omitted(modules)); got != step.omitted {
			t.Errorf("%+v: it left out %q", step, got)
		}
	}
}

func sorted(words []string) string { return strings.Join(slices.Sorted(slices.Values(words)), " ") }
