package dockerfile

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestApplication has Dockerfiles as people write them. The jar is app.jar; "-" stands for a line that is left out.
func TestApplication(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, dockerfile string
		without          string
		compiles         int
	}{
		{"a jar", "FROM jre\nCOPY app.jar /\n", "FROM jre\n-\n", 0},
		{"named by an argument", "FROM jre\nARG A=1 JAR=*.jar\nCOPY $JAR \\\n  /\nUSER 1\n", "FROM jre\nARG A=1 JAR=*.jar\n-\n-\nUSER 1\n", 0},
		{"among mounts", "FROM jre\nRUN --mount=type=cache,target=/c true\nRUN --mount=type=bind,source=config/a,target=a cat a\nADD app.jar /\n",
			"FROM jre\nRUN --mount=type=cache,target=/c true\nRUN --mount=type=bind,source=config/a,target=a cat a\n-\n", 0},
		{"a stage with the name of its base", "FROM jre AS jre\nCOPY app.jar /\n", "FROM jre AS jre\n-\n", 0},
		// https://docs.spring.io/spring-boot/reference/packaging/container-images/dockerfiles.html
		{"Spring Boot's documentation", `# syntax=docker/dockerfile:1
FROM jre AS builder
WORKDIR /builder
ARG JAR_FILE=*.jar
COPY ${JAR_FILE} application.jar
RUN java -Djarmode=tools -jar application.jar extract --layers --destination extracted
FROM jre
WORKDIR /application
COPY --from=builder /builder/extracted/dependencies/ ./
COPY --from=builder /builder/extracted/application/ ./
ENTRYPOINT ["java", "-jar", "application.jar"]
`, "# syntax=docker/dockerfile:1\n-\n-\n-\n-\n-\nFROM jre\nWORKDIR /application\n-\n-\nENTRYPOINT [\"java\", \"-jar\", \"application.jar\"]\n", 0},
		// https://spring.io/guides/topicals/spring-boot-docker
		{"Spring's guide", `FROM jdk AS build
WORKDIR /workspace/app
COPY mvnw pom.xml ./
COPY src src
RUN ./mvnw install -DskipTests
RUN mkdir -p target/dependency && (cd target/dependency; jar -xf ../*.jar)
FROM jre
ARG DEPENDENCY=/workspace/app/target/dependency
COPY --from=build ${DEPENDENCY}/BOOT-INF/lib /app/lib
COPY --from=build ${DEPENDENCY}/META-INF /app/META-INF
COPY --from=build ${DEPENDENCY}/BOOT-INF/classes /app
ENTRYPOINT ["java","-cp","app:app/lib/*","hello.Application"]
`, "-\n-\n-\n-\n-\n-\nFROM jre\nARG DEPENDENCY=/workspace/app/target/dependency\n-\n-\n-\nENTRYPOINT [\"java\",\"-cp\",\"app:app/lib/*\",\"hello.Application\"]\n", 5},
		{"unpacked by hand", "FROM jre\nARG D=config\nCOPY ${D}/BOOT-INF/lib /app/lib\nCOPY ${D}/META-INF /app/META-INF\nCOPY ${D}/BOOT-INF/classes /app\nCOPY META-INF /etc\n",
			"FROM jre\nARG D=config\n-\n-\n-\nCOPY META-INF /etc\n", 0},
		{"compiled by Maven", "FROM maven:3 AS build\nCOPY . .\nRUN mvn -B -DskipTests package\n\nFROM jre\nCOPY --from=build /app/target/*.jar app.jar\n", "-\n-\n-\n-\nFROM jre\n-\n", 3},
		{"compiled by Gradle, in a stage with a number", "FROM gradle:8\nCOPY . .\nRUN gradle bootJar -x test --no-daemon\nFROM jre\nCOPY --from=0 /home/gradle/build/libs/app.jar /\n", "-\n-\n-\nFROM jre\n-\n", 3},
		// docker init
		{"compiled and unpacked", `FROM jdk AS deps
WORKDIR /build
RUN --mount=type=bind,source=config/a,target=pom.xml ./mvnw dependency:go-offline -DskipTests
FROM deps AS package
COPY ./src src/
RUN ./mvnw package -DskipTests && mv target/a.jar target/app.jar
FROM package AS extract
RUN java -Djarmode=layertools -jar target/app.jar extract --destination target/extracted
FROM jre AS final
RUN adduser appuser
USER appuser
COPY --from=extract build/target/extracted/dependencies/ ./
COPY --from=extract build/target/extracted/application/ ./
`, "-\n-\n-\n-\n-\n-\n-\n-\nFROM jre AS final\nRUN adduser appuser\nUSER appuser\n-\n-\n", 3},
		{"with an agent", "FROM agents AS otel\nFROM maven AS build\nRUN mvn package\nFROM jre\nCOPY --from=otel /agent.jar /\nCOPY --from=tools:1 /tool /\nCOPY --from=build /target/app.jar /\n",
			"FROM agents AS otel\n-\n-\nFROM jre\nCOPY --from=otel /agent.jar /\nCOPY --from=tools:1 /tool /\n-\n", 3},
		{"on a stage with what it needs", "FROM jre AS base\nRUN useradd app\nFROM maven AS build\nRUN mvn package\nFROM base\nCOPY --from=build /target/app.jar /\n",
			"FROM jre AS base\nRUN useradd app\n-\n-\nFROM base\n-\n", 4},
	} {
		dir, jar := withDockerfile(t, test.dockerfile)
		got, reason := Read(filepath.Join(dir, "Dockerfile"), Options{}).Application(jar)
		if reason != "" {
			t.Errorf("%s: %s", test.name, reason)
			continue
		}
		want := strings.ReplaceAll(test.without, "-\n", "\n")
		if text := string(got.Without.Text()); text != want || got.Compiles != test.compiles {
			t.Errorf("%s: compiles in line %d, want %d; without the application it is\n%s\nwant\n%s", test.name, got.Compiles, test.compiles, text, want)
		}
	}
}

// TestApplicationOfATarget leaves out the stages after the one that is built.
func TestApplicationOfATarget(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"dev", "1"} {
		dir, jar := withDockerfile(t, "FROM maven AS build\nRUN mvn package\nFROM jre AS dev\nCOPY --from=build /app.jar /\nFROM dev\nCOPY config /config\n")
		got, reason := Read(filepath.Join(dir, "Dockerfile"), Options{Target: target}).Application(jar)
		if reason != "" {
			t.Fatal(reason)
		}
		if text := string(got.Without.Text()); text != "\n\nFROM jre AS dev\n\n\n\n" || got.Without.Target() != "" {
			t.Errorf("got target %q of %q", got.Without.Target(), text)
		}
	}
}

func TestApplicationSaysWhyItIsNotSeparate(t *testing.T) {
	t.Parallel()
	const build = "FROM maven AS build\nCOPY . .\nRUN mvn package\n"
	for dockerfile, want := range map[string]string{
		"nothing": "it has no stages",
		"FROM jre\nCOPY app.jar /\nRUN --mount=source=app.jar,target=a.jar java -jar a.jar\n": "a command after the application's COPY may read it",
		"FROM jre\nRUN --mount=target=/all ls\nCOPY app.jar /\n":                              "a RUN command can read the jar",
		"FROM jre\nCOPY . /\n":                                                                                    "it does not copy the jar as a file",
		"FROM jre\nCOPY . /\nCOPY app.jar /\n":                                                                    "it copies a directory that contains the jar",
		"FROM jre\nCOPY config /\n":                                                                               "it does not copy the jar as a file",
		"FROM jre\nCOPY config/META-INF /\n":                                                                      "it does not copy the jar as a file",
		"FROM jre\nCOPY app.jar /\nRUN chmod a+r /app.jar\n":                                                      "a command after the application's COPY may read it",
		"FROM jre AS a\nCOPY app.jar /\nFROM a\nCOPY app.jar /b.jar\n":                                            "its last stage is based on one that has the application",
		build + "FROM jre\nCOPY --from=build /app/target /\n":                                                     "line 5 takes more than the application from a stage that has it",
		build + "FROM jre\nCOPY --from=build /other.jar /\n":                                                      "line 5 takes more than the application from a stage that has it",
		build + "FROM jre\nCOPY --from=build /app.jar /\nCOPY --from=build /docs /\n":                             "line 6 takes more than the application from a stage that has it",
		build + "FROM jre\nCOPY --from=build /app.jar /\nRUN java -XX:ArchiveClassesAtExit=a -jar app.jar\n":      "a command after the application's COPY may read it",
		build + "FROM jre\nRUN --mount=from=build,target=/b cp /b/app.jar /c.jar\nCOPY --from=build /app.jar /\n": "it compiles in its last stage, or in one that this needs",
		"FROM maven AS build\nRUN mvn package -Pprod\nFROM jre\nCOPY --from=build /app.jar /\n":                   "it compiles with -Pprod",
		"FROM gradle AS build\nRUN gradle build -Dprofile=x\nFROM jre\nCOPY --from=build /app.jar /\n":            "it compiles with -Dprofile=x",
		"FROM node AS web\nRUN npm run build\nFROM maven AS build\nCOPY --from=web /dist src/main/resources/static\nRUN mvn package\nFROM jre\nCOPY --from=build /app.jar /\n": `the stage that compiles takes files from "web"`,
		"FROM maven\nRUN mvn package\nFROM jre\nFROM agents\nFROM jre\nCOPY --from=2 /agent /\nCOPY --from=0 /app.jar /\n":                                                     "it names stages by numbers",
	} {
		dir, jar := withDockerfile(t, dockerfile)
		if _, got := Read(filepath.Join(dir, "Dockerfile"), Options{}).Application(jar); got != want {
			t.Errorf("got %q, want %q for\n%s", got, want, dockerfile)
		}
	}
}

// TestJarsOfOtherModules are not the application's, which is in the module web.
func TestJarsOfOtherModules(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]bool{
		"/src/web/target/*.jar":   true,
		"web/target/web-1.jar":    true,
		"/app.jar":                true,
		"/src/web.jar":            false,
		"/src/other/target/*.jar": false,
		"/src/target/*.jar":       false,
	} {
		if got := isJarNamed(pattern, "web/target/web-1.jar"); got != want {
			t.Errorf("%s: got %t", pattern, got)
		}
	}
	for _, pattern := range []string{"/home/gradle/src/build/libs/*.jar", "build/libs/shop-1.jar"} {
		if !isJarNamed(pattern, "build/libs/shop-1.jar") {
			t.Errorf("%s is not found", pattern)
		}
	}
}

// TestStarts has commands that start the application from where it was copied to, and others.
func TestStarts(t *testing.T) {
	t.Parallel()
	const extracted = "FROM jre AS x\nCOPY app.jar .\nRUN java -Djarmode=tools -jar app.jar extract\nFROM jre\n"
	for _, test := range []struct {
		dockerfile, jar, classPath string
		want                       bool
	}{
		{"FROM jre\nCOPY app.jar /\n", "/app.jar", "", true},
		{"FROM jre\nCOPY app.jar /\n", "app.jar", "", false}, // in /srv
		{"FROM jre\nCOPY app.jar a.jar\n", "a.jar", "", true},
		{"FROM jre\nWORKDIR /opt\nCOPY app.jar .\n", "/opt/app.jar", "", true},
		{"FROM jre\nWORKDIR /opt\nWORKDIR sub\nCOPY app.jar ./\nWORKDIR /srv\n", "/opt/sub/app.jar", "", true},
		{"FROM maven AS b\nRUN mvn package\nFROM jre\nCOPY --from=b /target/*.jar /opt/\n", "/opt/app.jar", "", true},
		{"FROM maven AS b\nRUN mvn package\nFROM jre\nCOPY --from=b /target/*.jar /opt/\n", "/app.jar", "", false},
		{"FROM jre\nCOPY app.jar /\n", "/other.jar", "", false},
		{extracted + "COPY --from=x /app/lib/ ./\n", "", ".", true},
		{extracted + "COPY --from=x /app/lib/ ./\n", "app.jar", "", true},
		{extracted + "COPY --from=x /app/lib/ /opt\n", "", ".", false},
		{extracted + "COPY --from=x /BOOT-INF/lib /opt/lib\nCOPY --from=x /BOOT-INF/classes /opt\n", "", "/opt:/opt/lib/*", true},
		{extracted + "COPY --from=x /BOOT-INF/classes /opt\n", "", "/opt:/usr/share/java/*", false},
	} {
		dir, jar := withDockerfile(t, test.dockerfile)
		a, reason := Read(filepath.Join(dir, "Dockerfile"), Options{}).Application(jar)
		var classPath []string
		if test.classPath != "" {
			classPath = strings.Split(test.classPath, ":")
		}
		if got := a.Starts(test.jar, classPath, "/srv"); reason != "" || got != test.want {
			t.Errorf("got %t %s for %s%s of\n%s", got, reason, test.jar, test.classPath, test.dockerfile)
		}
	}
}
