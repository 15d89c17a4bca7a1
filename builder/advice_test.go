package builder

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestAdvice(t *testing.T) {
	layered := "FROM eclipse-temurin:17-jre AS build\nCOPY build/libs/app.jar app.jar\nRUN extract\nFROM eclipse-temurin:17-jre\nCOPY --from=build /x .\nENTRYPOINT [\"java\", \"App\"]\n"
	for dockerfile, want := range map[string]string{
		layered: "",
		"FROM docker.io/openjdk:17-jdk-slim\nENTRYPOINT [\"java\"]": "Dockerfile:1: the openjdk images are no longer maintained, and get no security fixes → write: FROM eclipse-temurin:17-jre",
		"FROM openjdk AS build\nFROM openjdk\n":                     "Dockerfile:2: the openjdk images are no longer maintained, and get no security fixes → write: FROM eclipse-temurin:21-jre",
		"FROM a\nCOPY build/libs/*.jar app.jar\n":                   "Dockerfile:2: the whole jar is one layer: each edit changes 0 MB, where a class has some kB → copy it in layers, or let devloop do that: it needs no Dockerfile (https://docs.spring.io/spring-boot/reference/packaging/container-images/dockerfiles.html)",
		"FROM a\nENTRYPOINT java -jar app.jar\n":                    `Dockerfile:2: a shell runs the JVM, which may not hear that it is to end: the Pod then stays for its whole grace period → write: ENTRYPOINT ["java", "-jar", "app.jar"]`,
		"FROM a\nCMD java $OPTS -jar app.jar\n":                     "Dockerfile:2: a shell runs the JVM, which may not hear that it is to end: the Pod then stays for its whole grace period → write: CMD exec java $OPTS -jar app.jar",
		"FROM a\nCMD exec java\n":                                   "",
		"FROM a\nENTRYPOINT [\"java\"]\nCMD --debug\n":              "",
		"FROM a\nCMD java\nCMD [\"java\"]\n":                        "",
		"no Dockerfile":                                             "",
	} {
		j := adviceJob(t, dockerfile)
		if got := advised(j.advise(false)); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", dockerfile, got, want)
		}
	}
}

func adviceJob(t *testing.T, dockerfile string) *job {
	t.Helper()
	app := dockerApp(t, dockerfile)
	app.Java, app.Boot = 21, "3.5.7"
	app.Jar = jarOf(t, filepath.Join(app.Dir, "build/libs/app.jar"), bootFiles())
	return &job{app: app}
}

func advised(advice []Advice) string {
	var texts []string
	for _, a := range advice {
		texts = append(texts, a.Text+" → "+a.Hint)
	}
	return strings.Join(texts, "\n")
}

func TestAdviceOfALargeContext(t *testing.T) {
	j := adviceJob(t, "FROM a\nCOPY build/libs x\n")
	write(t, j.app.Dir, "build/libs/used", strings.Repeat("x", largeContext))
	if got := advised(j.advise(true)); got != "" {
		t.Errorf("got %s", got)
	}
	write(t, j.app.Dir, "node_modules/unused", strings.Repeat("x", largeContext))
	want := "there is no .dockerignore: each build sends 10 MB to the engine that no COPY names → write one: printf '%s\\n' '*' '!build/libs' > .dockerignore"
	if got := advised(j.advise(true)); got != want {
		t.Errorf("got %s", got)
	}
	if got := advised(j.advise(false)); got != "" {
		t.Errorf("BuildKit: got %s", got)
	}
	write(t, j.app.Dir, ".dockerignore", "node_modules")
	if got := advised(j.advise(true)); got != "" {
		t.Errorf("got %s", got)
	}
}
