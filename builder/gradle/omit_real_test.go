package gradle

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/hack/real"
)

// TestRealGradleLeavesOutTheFrontend has a task of the type that Gradle's node plugin has.
func TestRealGradleLeavesOutTheFrontend(t *testing.T) {
	t.Parallel()
	real.Long(t)
	real.Gradle(t)
	b := buildtool.Build{Dir: t.TempDir(), CacheDir: t.TempDir(), OnlyApplication: true}
	b.Root = b.Dir
	for file, text := range map[string]string{
		"settings.gradle": "",
		"build.gradle": `apply plugin: 'application'
mainClassName = 'Shop'
task webpack(type: com.github.gradle.node.npm.task.NpmTask) { doLast { new File(projectDir, 'ran').append('x') } }
processResources.dependsOn webpack
`,
		"buildSrc/src/main/groovy/com/github/gradle/node/npm/task/NpmTask.groovy": "package com.github.gradle.node.npm.task\nclass NpmTask extends org.gradle.api.DefaultTask { }\n",
		"src/main/java/Shop.java": "class Shop { public static void main(String[] a) { } }",
	} {
		jartest.WriteFile(t, b.Dir, file, text)
	}
	var err error
	if b.Tool, err = (Gradle{}).Find(t.Context(), b, nil); err != nil {
		t.Fatal(err)
	}
	for _, skip := range []bool{false, true} {
		b.SkipFrontend = skip
		var out bytes.Buffer
		modules, err := Gradle{}.Package(t.Context(), b, &out)
		if err != nil {
			t.Fatalf("%v\n%s", err, &out)
		}
		if !(Gradle{}).Frontend(modules[0]) || slices.Contains((Gradle{}).Omitted(modules), "webpack") != skip {
			t.Errorf("skip %v: got %+v", skip, modules[0])
		}
		if ran, _ := os.ReadFile(filepath.Join(b.Dir, "ran")); string(ran) != "x" {
			t.Errorf("skip %v: it ran %q", skip, ran)
		}
	}
}
