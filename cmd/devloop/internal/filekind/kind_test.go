package filekind

import "testing"

func TestOf(t *testing.T) {
	t.Parallel()
	tests := map[Kind][]string{
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
			if got := Of(name); got != want {
				t.Errorf("%q is of kind %d, want %d", name, got, want)
			}
		}
	}
}

func TestAny(t *testing.T) {
	t.Parallel()
	paths := []string{"README.md", "src/main/java/App.java"}
	if !Any(paths, Source) || Any(paths, Test) || Any(nil, Other) {
		t.Error("Any is wrong")
	}
}
