// Package jartest writes the jars of small Spring Boot applications, for tests.
package jartest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// File is a file of a jar: its name and its content.
type File = [2]string

const bootManifest = "Manifest-Version: 1.0\r\nMain-Class: org.springframework.boot.loader.launch.JarLauncher\r\nStart-Class: com.example.App\r\nSpring-Boot-Version: 3.5.7\r\nBuild-Jdk-Spec: 21\r\n\r\n"

// Class returns the first bytes of a class file.
func Class(java int) string {
	data := binary.BigEndian.AppendUint32(nil, 0xCAFEBABE)
	return string(binary.BigEndian.AppendUint16(append(data, 0, 0), uint16(java+44)))
}

// BootFiles are those of a small executable jar, layered as Boot does it.
func BootFiles() []File {
	return []File{
		{"META-INF/MANIFEST.MF", bootManifest},
		{"org/springframework/boot/loader/launch/JarLauncher.class", Class(17)},
		{"BOOT-INF/classes/com/example/App.class", Class(17)},
		{"BOOT-INF/classes/application.properties", "# the port\nserver.port = 9090\n"},
		{"BOOT-INF/classes/static/index.html", "<p>hello"},
		{"BOOT-INF/lib/b-1.0.jar", "b"},
		{"BOOT-INF/lib/a-1.0.jar", "a"},
		{"BOOT-INF/lib/c-1.0-SNAPSHOT.jar", "c"},
		{"BOOT-INF/classpath.idx",
			"- \"BOOT-INF/lib/b-1.0.jar\"\n- \"BOOT-INF/lib/a-1.0.jar\"\n- \"BOOT-INF/lib/c-1.0-SNAPSHOT.jar\"\n"},
		{"BOOT-INF/layers.idx", "- \"dependencies\":\n  - \"BOOT-INF/lib/a-1.0.jar\"\n  - \"BOOT-INF/lib/b-1.0.jar\"\n- \"spring-boot-loader\":\n  - \"org/\"\n- \"snapshot-dependencies\":\n  - \"BOOT-INF/lib/c-1.0-SNAPSHOT.jar\"\n- \"application\":\n  - \"BOOT-INF/classes/\"\n"},
	}
}

// Write writes a jar.
func Write(t *testing.T, path string, files []File) string {
	t.Helper()
	var data bytes.Buffer
	archive := zip.NewWriter(&data)
	for _, f := range files {
		w := must.Get(archive.Create(f[0]))(t)
		_, _ = io.WriteString(w, f[1])
	}
	must.Do(t, archive.Close())
	return testfile.Write(t, filepath.Dir(path), filepath.Base(path), data.String())
}

// Without leaves out the files whose names have one of the suffixes.
func Without(files []File, suffixes ...string) []File {
	var rest []File
	for _, f := range files {
		keep := true
		for _, s := range suffixes {
			keep = keep && !strings.HasSuffix(f[0], s)
		}
		if keep {
			rest = append(rest, f)
		}
	}
	return rest
}

// Read returns the content of a file.
func Read(t *testing.T, path string) string {
	t.Helper()
	text := must.Get(os.ReadFile(path))(t)
	return string(text)
}
