package dockerfile

import (
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestRunsJarOnlyWhereThatIsCertain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	jar := testfile.Write(t, dir, "build/libs/app-1.jar", "jar")
	for text, want := range map[string]bool{
		"FROM jre\nCOPY build/libs/*.jar app.jar\nENTRYPOINT [\"java\", \"-jar\", \"/app.jar\"]":                                                           true,
		"FROM jre\nARG JAR=build/libs/app-1.jar\nADD ${JAR} /app.jar":                                                                                      true,
		"FROM jre AS layers\nCOPY build/libs/*.jar app.jar\nRUN java -Djarmode=tools -jar app.jar extract --layers\nFROM jre\nCOPY --from=layers /app/ ./": true,
		"FROM jre\nCOPY build/libs/*.jar app.jar\nRUN java -Djarmode=layertools -jar app.jar extract\nFROM jre\nCOPY --from=0 /application/ ./":            true,
		"FROM jre AS base\nCOPY build/libs/*.jar app.jar\nFROM base\nUSER 1000":                                                                            true,

		"FROM gradle AS build\nCOPY . .\nRUN ./gradlew bootJar\nFROM jre\nCOPY --from=build /app/build/libs/app-1.jar app.jar": false,
		"FROM maven AS build\nCOPY build/libs/*.jar old.jar\nRUN mvn package\nFROM jre\nCOPY --from=build /target/a.jar a.jar": false,
		"FROM jre\nCOPY . .\nENTRYPOINT [\"java\", \"-jar\", \"build/libs/app-1.jar\"]":                                        false,
		"FROM jre\nCOPY libs/other.jar app.jar": false,
		"FROM jre AS unused\nCOPY build/libs/*.jar app.jar\nFROM jre\nRUN curl -o app.jar https://example.com/app.jar": false,
		"FROM jre\nCOPY build/libs/*.jar app.jar\nRUN <<EOF\nmvn package\nEOF":                                         false,
		"FROM jre\nCOPY build/libs/*.jar app.jar\nSOMETHING new":                                                       false,
		"FROM jre AS Base\nCOPY build/libs/*.jar app.jar\nFROM jre\nCOPY --from=base app.jar app.jar":                  true,
		"FROM jre\nENV JAR=build/libs/app-1.jar\nCOPY ${JAR:-none} app.jar":                                            true,
		"FROM jre\nCOPY ${FROM_THE_BASE} app.jar":                                                                      false,
		"no Dockerfile": false,
	} {
		file := testfile.Write(t, dir, "Dockerfile", text)
		if got := Read(file, Options{}).RunsJar(jar); got != want {
			t.Errorf("got %t for\n%s", got, text)
		}
	}
}

// TestFingerprint changes each thing that an image is made of beside the jar.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	for name, dockerfile := range map[string]string{
		"one stage":       "FROM jre\nCOPY app.jar /app.jar\nCOPY config /config\n",
		"several stages":  "FROM jre AS a\nCOPY app.jar /app.jar\nFROM jre\nCOPY --from=a /app.jar /\nCOPY config /config\n",
		"a mounted cache": "FROM jre\nRUN --mount=type=cache,target=/c true\nCOPY app.jar /app.jar\nCOPY config /config\n",
		"a mounted file":  "FROM jre\nCOPY app.jar /app.jar\nRUN --mount=type=bind,source=config/a,target=a cat a\n",
		"all mounted":     "FROM jre\nCOPY app.jar /app.jar\nRUN --mount=target=/all cat /all/config/a\n",
		"all copied":      "FROM jre\nCOPY . /\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, jar := withDockerfile(t, dockerfile)
			rest := func() string {
				return Read(filepath.Join(dir, "Dockerfile"), Options{}).Fingerprint(jar)
			}
			before := rest()
			write(t, dir, "app.jar", "another jar")
			if rest() != before {
				t.Error("the jar is among it")
			}
			write(t, dir, "config/a", "another")
			copied := rest()
			if copied == before {
				t.Error("a file that is copied is not among it")
			}
			write(t, dir, "Dockerfile", dockerfile+"ENV A=b\n")
			if rest() == copied {
				t.Error("the Dockerfile is not among it")
			}
		})
	}
}

func TestFingerprintLeavesOutIgnoredFiles(t *testing.T) {
	t.Parallel()
	dir, jar := withDockerfile(t, "FROM jre\nCOPY . /\n")
	key := func() string {
		return Read(filepath.Join(dir, "Dockerfile"), Options{}).Fingerprint(jar)
	}
	write(t, dir, ".dockerignore", "*\n!app.jar\n!config\n")
	sent, ignored := write(t, dir, "config/a", "a"), write(t, dir, "build/a", "a")
	before := key()
	write(t, dir, "build/a", "another")
	if key() != before {
		t.Errorf("%s is ignored, but is among what the image is made of", ignored)
	}
	write(t, dir, "config/a", "another")
	if key() == before {
		t.Errorf("%s is not among what the image is made of", sent)
	}
}

// withDockerfile makes a context with a Dockerfile, a jar and a file that it may copy. The name of
// the directory is a pattern that does not match itself.
func withDockerfile(t *testing.T, dockerfile string) (dir, jar string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "[work]")
	write(t, dir, "config/a", "a")
	write(t, dir, "Dockerfile", dockerfile)
	return dir, write(t, dir, "app.jar", "jar")
}

var write = testfile.Write
