package builder

import (
	"os"
	"path/filepath"
	"testing"
)

func TestImageOfADockerfileIsKnownToRunTheBuildsArchiveOnlyWhereThatIsSure(t *testing.T) {
	dir := t.TempDir()
	jar := filepath.Join(dir, "build", "libs", "app-1.jar")
	if err := os.MkdirAll(filepath.Dir(jar), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(jar, []byte("jar"), 0o644); err != nil {
		t.Fatal(err)
	}
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
		"no Dockerfile": false,
	} {
		file := filepath.Join(dir, "Dockerfile")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		j := &job{app: App{Jar: jar, Dockerfile: file}}
		if got := j.carriesArchive(); got != want {
			t.Errorf("got %t for\n%s", got, text)
		}
	}
}
