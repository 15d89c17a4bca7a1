package dockerfile

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestBuildArgumentsAndTarget(t *testing.T) {
	t.Parallel()
	text := `ARG JAVA=21
FROM eclipse-temurin:${JAVA}-jre AS dev
ARG JAR=none.jar
COPY ${JAR} app.jar
ENV DIR=config
FROM dev AS Production
COPY ${DIR} /config
FROM alpine
`
	dir, jar := withDockerfile(t, text)
	f := Read(filepath.Join(dir, "Dockerfile"),
		Options{Target: "production", Args: map[string]string{"JAVA": "25", "JAR": "app.jar"}})
	if got := f.Bases(); !slices.Equal(got, []string{"eclipse-temurin:25-jre"}) {
		t.Errorf("bases %v", got)
	}
	var sources []string
	for _, c := range f.Copies() {
		sources = append(sources, c.Sources...)
	}
	if !slices.Equal(sources, []string{"app.jar", "config"}) {
		t.Errorf("sources %v", sources)
	}
	if why := f.Unbuildable(jar); why != nil {
		t.Errorf("not buildable: %+v", why)
	}
	for _, target := range []string{"dev", "0"} {
		if _, reason := Read(filepath.Join(dir, "Dockerfile"), Options{Target: target, Args: f.Args()}).Application(jar); reason != "" {
			t.Errorf("of target %s: %s", target, reason)
		}
	}
}

func TestUnbuildable(t *testing.T) {
	t.Parallel()
	const compose = "services:\n  web:\n    image: web\n  shop:\n    build:\n      context: .\n      args: [JAR=app.jar, DIR=conf]\n"
	for _, test := range []struct {
		dockerfile, compose, target string
		want                        string // reason and hints, "" if it can be built
	}{
		{dockerfile: "FROM jre\nARG JAR\nCOPY ${JAR} app.jar\n", want: "no value for the build argument JAR|give it one: --build-arg JAR=app.jar|or let devloop make the image: --dockerfile none"},
		{dockerfile: "FROM jre\nARG NAME\nCOPY ./${NAME}.jar app.jar\n", want: "no value for the build argument NAME|give it one: --build-arg NAME=app|or let devloop make the image: --dockerfile none"},
		{dockerfile: "FROM jre\nARG A B\nCOPY $A/$B /\n", want: "no value for the build argument A and B|give it one: --build-arg A=VALUE|give it one: --build-arg B=VALUE|or let devloop make the image: --dockerfile none"},
		{dockerfile: "FROM jre\nARG DIR\nCOPY $DIR /\n", compose: compose, want: "no value for the build argument DIR|give it the value of compose.yaml: --build-arg DIR=conf|or let devloop make the image: --dockerfile none"},
		{dockerfile: "FROM jre\nCOPY app.jar /\n", target: "dev", want: `it has no stage "dev"|no stage has a name: leave out --target`},
		{dockerfile: "FROM jre AS a\nFROM a AS b\nCOPY app.jar /\n", target: "dev", want: `it has no stage "dev"|name one of its stages: --target a, b`},
		{dockerfile: "FROM jre\nARG PREFIX\nCOPY ${PREFIX}app.jar /\n"},
		{dockerfile: "FROM jre\nARG JAR\nENV JAR=app.jar\nCOPY $JAR /\n"},
		{dockerfile: "FROM jre\nENV JAR=app.jar\nARG JAR\nCOPY $JAR /\n"},
		{dockerfile: "FROM jre\nARG TARGETARCH\nCOPY bin-$TARGETARCH /\n"},
		{dockerfile: "ARG JAR=app.jar\nFROM jre\nARG JAR\nCOPY $JAR /\n"},
		{dockerfile: "FROM jre AS a\nCOPY app.jar /\nFROM jre\nARG JAR\nCOPY $JAR /\n", target: "a"},
	} {
		dir, jar := withDockerfile(t, test.dockerfile)
		if test.compose != "" {
			write(t, dir, "compose.yaml", test.compose)
		}
		got := ""
		if f := Read(filepath.Join(dir, "Dockerfile"), Options{Target: test.target}).Unbuildable(jar); f != nil {
			got = strings.Join(append([]string{f.Reason.Error()}, f.Hints...), "|")
		}
		if got != test.want {
			t.Errorf("got  %s\nwant %s\nfor %s", got, test.want, test.dockerfile)
		}
	}
}

func TestFailureNamesTheArgumentWithoutAValue(t *testing.T) {
	t.Parallel()
	dir, jar := withDockerfile(t, "FROM jre\nARG PORT\nEXPOSE ${PORT}\nCOPY app.jar /\n")
	got := Read(filepath.Join(dir, "Dockerfile"), Options{}).Failed("EXPOSE ${PORT}", "invalid port", jar)
	if want := []string{"the build argument PORT has no value, give it one: --build-arg PORT=VALUE"}; got.Line != 3 ||
		!slices.Equal(got.Hints, want) {
		t.Errorf("got %+v", got)
	}
}

func TestComposeBuildsAnotherStage(t *testing.T) {
	t.Parallel()
	const stages = "FROM jre AS dev\nCOPY app.jar /\nFROM dev AS production\n"
	for _, c := range []struct{ compose, target, want string }{
		{"services:\n  db:\n    image: postgres\n  shop:\n    build: {context: ., target: dev}\n", "", "dev"},
		{"services:\n  shop:\n    build: {dockerfile: Dockerfile, target: Dev}\n", "", "Dev"},
		{"services:\n  shop:\n    build: {context: ., target: production}\n", "", ""},
		{"services:\n  shop:\n    build: {context: ., target: dev}\n", "production", ""},
		{"services:\n  shop:\n    build: {context: other, target: dev}\n", "", ""},
		{"services:\n  shop:\n    build: .\n", "", ""},
		{"services: [", "", ""},
	} {
		dir := t.TempDir()
		write(t, dir, "compose.yaml", c.compose)
		write(t, dir, "Dockerfile", stages)
		if got, where := Read(filepath.Join(dir, "Dockerfile"),
			Options{Target: c.target}).ComposeTarget(); got != c.want || (where == "compose.yaml") != (c.want != "") {
			t.Errorf("%q: got %q of %q", c.compose, got, where)
		}
	}
}

func TestComposeNamesTheDockerfile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ compose, want string }{
		{"services:\n  db:\n    image: postgres\n  shop:\n    build: {context: ., dockerfile: docker/shop.Dockerfile, target: dev}\n", "docker/shop.Dockerfile"},
		{"services:\n  shop:\n    build: {dockerfile: docker/shop.Dockerfile}\n  job:\n    build: {dockerfile: ./docker/shop.Dockerfile}\n", "docker/shop.Dockerfile"},
		{"services:\n  shop:\n    build: {dockerfile: docker/shop.Dockerfile}\n  job:\n    build: {dockerfile: docker/job.Dockerfile}\n", ""},
		{"services:\n  db:\n    build: {dockerfile: docker/db.Dockerfile}\n", ""},
		{"services:\n  shop:\n    build: {context: docker, dockerfile: shop.Dockerfile}\n", ""},
		{"services:\n  shop:\n    build: {dockerfile: gone}\n", ""},
		{"services:\n  shop:\n    build: .\n", ""},
	} {
		dir := t.TempDir()
		write(t, dir, "docker-compose.yml", c.compose)
		write(t, dir, "docker/shop.Dockerfile", "FROM jre\nCOPY app.jar /\n")
		write(t, dir, "docker/job.Dockerfile", "FROM jre\nCMD java -version\n")
		write(t, dir, "docker/db.Dockerfile", "FROM postgres\n")
		if got := OfCompose(dir); filepath.ToSlash(strings.TrimPrefix(got, dir+string(filepath.Separator))) != c.want {
			t.Errorf("%q: got %q", c.compose, got)
		}
	}
}
