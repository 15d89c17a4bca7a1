package watch

import (
	"slices"
	"testing"
)

func TestBatchReadsWell(t *testing.T) {
	tests := []struct {
		want  string
		batch Batch
	}{
		{"nothing", Batch{}},
		{"everything", Everything()},
		{"AppController.java", batchOf([]string{"src/main/java/com/x/AppController.java"})},
		{"AppController.java and 1 more", batchOf([]string{"README.md", "src/main/java/AppController.java"})},
		{"build.gradle and 2 more", batchOf([]string{"A.txt", "b/build.gradle", "src/test/java/T.java"})},
	}
	for _, test := range tests {
		if got := test.batch.String(); got != test.want {
			t.Errorf("%+v reads %q, want %q", test.batch, got, test.want)
		}
	}
}

func TestMergeIsAUnion(t *testing.T) {
	one := batchOf([]string{"pom.xml", "README.md", "pom.xml"})
	two := batchOf([]string{"README.md", "Dockerfile"})
	merged := one.Merge(two)
	if want := []string{"Dockerfile", "README.md", "pom.xml"}; !slices.Equal(merged.Paths, want) {
		t.Errorf("merged paths are %q, want %q", merged.Paths, want)
	}
	if want := BuildScript | Dockerfile | Other; merged.Kinds != want {
		t.Errorf("merged kinds are %q, want %q", merged.Kinds, want)
	}
	if len(one.Paths) != 2 || len(two.Paths) != 2 {
		t.Errorf("merging altered its operands: %v, %v", one, two)
	}
	if all := two.Merge(Everything()); !all.All || all.Kinds != Any || all.Empty() {
		t.Errorf("merged with everything: %+v", all)
	}
	if any := two.Merge(Whatever()); !any.Unnamed || any.All || len(any.Paths) != 2 || Whatever().Empty() {
		t.Errorf("merged with whatever changed: %+v", any)
	}
	if !(Batch{}).Merge(Batch{}).Empty() {
		t.Error("nothing merged with nothing is something")
	}
}

func TestKindOf(t *testing.T) {
	tests := map[Kinds][]string{
		Source: {
			"src/main/java/com/x/App.java", "app/src/main/kotlin/App.kt", "../lib/src/main/groovy/A.groovy",
			"src/main/java/com/x/gradle/Plugin.java", "src/main/java/com/x/deploy/Deploy.java", "src/App.java",
		},
		Resource: {
			"src/main/resources/application.yaml", "src/main/resources/k8s/app.yaml", "src/main/resources/Dockerfile",
			"src/main/webapp/index.html", "src/main/proto/a.proto", "src/main/java/com/x/messages.properties",
		},
		BuildScript: {
			"build.gradle", "app/build.gradle.kts", "settings.gradle", "gradle.properties", "gradle/libs.versions.toml",
			"gradle/wrapper/gradle-wrapper.properties", "pom.xml", "app/pom.xml", ".mvn/maven.config", "mvnw",
			"buildSrc/src/main/groovy/conventions.gradle", "buildSrc/src/main/java/Task.java", "build-logic/settings.gradle",
		},
		Dockerfile: {"Dockerfile", "Dockerfile.dev", "docker/app.Dockerfile", ".dockerignore", "Containerfile",
			"Dockerfile.dockerignore", "src/main/docker/Dockerfile.jvm"},
		Manifest: {"spring-pod.yaml", "nginx-pod.yml", "k8s/app.yaml", "deploy/dev/app.yaml", "app/k8s/a.yaml",
			"src/main/k8s/app.yaml", "src/main/kubernetes/a.yml"},
		Settings: {"devloop.yaml", "devloop.yml"},
		Test: {"src/test/java/AppTest.java", "src/test/resources/a.yaml", "app/src/integrationTest/java/T.java",
			"src/testFixtures/java/F.java", "src/it/java/It.java"},
		Other: {"README.md", "docker-compose.yml", "compose.yaml", ".gitlab-ci.yml", "docs/config.yaml",
			"application.yml", ".github/workflows/ci.yaml"},
	}
	for want, names := range tests {
		for _, name := range names {
			if got := KindOf(name); got != want {
				t.Errorf("%q is of kind %q, want %q", name, got, want)
			}
		}
	}
}

func TestKindsString(t *testing.T) {
	for kinds, want := range map[Kinds]string{
		0: "none", Source: "source", Source | Manifest: "source, manifest",
		Any: "source, resource, build script, Dockerfile, manifest, settings, test, other",
	} {
		if got := kinds.String(); got != want {
			t.Errorf("%d reads %q, want %q", kinds, got, want)
		}
	}
	if !Any.Has(Test) || Source.Has(Test) {
		t.Error("Has is wrong about tests")
	}
}
