package builder

import (
	"path/filepath"
	"testing"
)

// TestWhatADockerfileIsMadeOfIsTold changes each thing that an image is made of beside the jar.
func TestWhatADockerfileIsMadeOfIsTold(t *testing.T) {
	for name, dockerfile := range map[string]string{
		"one stage":       "FROM jre\nCOPY app.jar /app.jar\nCOPY config /config\n",
		"several stages":  "FROM jre AS a\nCOPY app.jar /app.jar\nFROM jre\nCOPY --from=a /app.jar /\nCOPY config /config\n",
		"a mounted cache": "FROM jre\nRUN --mount=type=cache,target=/c true\nCOPY app.jar /app.jar\nCOPY config /config\n",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			app := App{Dir: dir, Dockerfile: write(t, dir, "Dockerfile", dockerfile), Jar: jarOf(t, filepath.Join(dir, "app.jar"), bootFiles())}
			write(t, dir, "config/a", "a")
			rest := func() string {
				parts, err := app.Parts()
				if err != nil {
					t.Fatal(err)
				}
				return parts.Rest["Dockerfile, or what it copies,"]
			}
			before := rest()
			jarOf(t, app.Jar, append(bootFiles(), file{name: "BOOT-INF/classes/more", text: "more"}))
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
