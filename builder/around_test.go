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
		"a mounted file":  "FROM jre\nCOPY app.jar /app.jar\nRUN --mount=type=bind,source=config/a,target=a cat a\n",
		"all mounted":     "FROM jre\nCOPY app.jar /app.jar\nRUN --mount=target=/all cat /all/config/a\n",
		"all copied":      "FROM jre\nCOPY . /\n",
	} {
		t.Run(name, func(t *testing.T) {
			app := withDockerfile(t, dockerfile)
			dir := app.Dir
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

func TestFilesThatAreNotSentAreNotInAnImage(t *testing.T) {
	app := withDockerfile(t, "FROM jre\nCOPY . /\n")
	dir := app.Dir
	write(t, dir, ".dockerignore", "*\n!app.jar\n!config\n")
	sent, ignored := write(t, dir, "config/a", "a"), write(t, dir, "build/a", "a")
	before, _ := app.surroundingsKey()
	write(t, dir, "build/a", "another")
	if key, _ := app.surroundingsKey(); key != before {
		t.Errorf("%s is ignored, but is among what the image is made of", ignored)
	}
	write(t, dir, "config/a", "another")
	if key, _ := app.surroundingsKey(); key == before {
		t.Errorf("%s is not among what the image is made of", sent)
	}
}

func TestJarIsToldFromTheRestOfADockerfile(t *testing.T) {
	for dockerfile, want := range map[string]string{
		"FROM jre\nCOPY app.jar /\n":                                                          "",
		"FROM jre\nRUN --mount=type=cache,target=/c true\nCOPY app.jar /\n":                   "",
		"FROM jre\nRUN --mount=type=bind,source=config/a,target=a cat a\nCOPY app.jar /\n":    "",
		"FROM jre\nCOPY app.jar /\nRUN --mount=source=app.jar,target=a.jar java -jar a.jar\n": "a command in it can read the jar",
		"FROM jre\nCOPY app.jar /\nRUN --mount=target=/all ls\n":                              "a command in it can read the jar",
		"FROM jre\nCOPY . /\n":                               "it copies a directory with the jar",
		"FROM jre\nCOPY config /\n":                          "it does not copy the jar by itself",
		"FROM a\nCOPY app.jar /\nFROM jre\nCOPY app.jar /\n": "it has more than one stage",
	} {
		if _, got := withDockerfile(t, dockerfile).surroundingsKey(); got != want {
			t.Errorf("got %q, want %q for\n%s", got, want, dockerfile)
		}
	}
}

// withDockerfile is an application with its jar, and a file that a Dockerfile may copy.
func withDockerfile(t *testing.T, dockerfile string) App {
	dir := t.TempDir()
	write(t, dir, "config/a", "a")
	return App{Dir: dir, Dockerfile: write(t, dir, "Dockerfile", dockerfile), Jar: jarOf(t, filepath.Join(dir, "app.jar"), bootFiles())}
}
