package cds

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/internal/must"
)

// The JVM looks for the application's classes where the class path had them.
func TestClassPathJar(t *testing.T) {
	t.Parallel()
	text := classPathJarData()
	jar := must.Get(zip.NewReader(bytes.NewReader(text), int64(len(text))))(t)
	manifest, err := fs.ReadFile(jar, springboot.ManifestPath)
	if err != nil || !strings.Contains(string(manifest), "Class-Path: file:/app/classes/\r\n") ||
		!bytes.Equal(text, classPathJarData()) {
		t.Errorf("manifest %s, %v", manifest, err)
	}
}

func TestNewerJVMsMakeAnAOTCache(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		`openjdk version "25.0.3" 2026-04-21 LTS`: "-XX:AOTCache=/app/dependencies.aot",
		`openjdk version "21" 2023-09-19`:         "-XX:SharedArchiveFile=/app/dependencies.jsa",
		`java version "1.8.0_402"`:                "the base image's JVM is Java 8, and archives need Java 13",
		`openjdk version "11.0.22"`:               "the base image's JVM is Java 11, and archives need Java 13",
		"sh: java: not found":                     "the base image's JVM does not tell its version",
	} {
		_, feature := javaOf(version)
		how, err := methodOf(feature)
		got := fmt.Sprint(err)
		if err == nil {
			got = how.use + "/" + how.file
		}
		if got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}

func TestRejection(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"[0.019s][warning][cds,dynamic] Unable to use shared archive. The top archive failed to load: h.jsa": "Unable to use shared archive. The top archive failed to load: h.jsa",
		"[0.004s][warning][aot] The AOT cache has been truncated.":                                           "The AOT cache has been truncated.",
		"[0.004s][error  ][aot] Unable to map shared spaces":                                                 "Unable to map shared spaces",
		"[0.001s][error  ][cds] Not a valid shared archive file (h.jsa)":                                     "Not a valid shared archive file (h.jsa)",
		"[0.004s][info][cds] Opened archive h.jsa.":                                                          "",
		"2026-11-25T06:00:00 WARN [cds] archive":                                                             "",
		"Hello":                                                                                              "",
	} {
		if got := Rejection(line); got != want {
			t.Errorf("%s: got %q", line, got)
		}
	}
}
