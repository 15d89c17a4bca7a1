package builder

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/javac"
)

// errStopped is the cause with which tests end a context.
var errStopped = errors.New("a newer change came")

// TestMain lets the test binary play other programs: PLAY names the role.
func TestMain(m *testing.M) {
	roles := map[string]func() int{"": m.Run, "gradle": playGradle, "fail": playFailure, "hang": playHang, "javac": playJavac}
	os.Exit(roles[os.Getenv("PLAY")]())
}

// playGradle does what a build does: it says how it was called, leaves a jar, and
// has the init script's model written.
func playGradle() int {
	fmt.Println("called with", os.Args[1:])
	if model := os.Getenv("PLAY_MODEL"); model != "" {
		for i, arg := range os.Args {
			if arg == "--init-script" {
				script, _ := os.ReadFile(os.Args[i+1])
				path := regexp.MustCompile(`new File\('(.+?)'\)`).FindSubmatch(script)[1]
				_ = os.WriteFile(string(path), []byte(model), 0o644)
			}
		}
	}
	return 0
}

// playFailure prints a recorded output and fails.
func playFailure() int {
	_, _ = io.WriteString(os.Stdout, os.Getenv("PLAY_OUTPUT"))
	return 1
}

// playHang is a build that does not end.
func playHang() int {
	fmt.Println("working")
	time.Sleep(time.Hour)
	return 0
}

// playJavac is a devloop that starts a compiler, and is to be killed itself.
func playJavac() int {
	cmd, err := javacCommand(os.Getenv("PLAY_JAVA_HOME"), os.Getenv("PLAY_DIR"))
	if err != nil {
		return 1
	}
	cmd.Stderr = os.Stderr
	p, err := startJavac(cmd)
	if err != nil {
		return 1
	}
	if _, err := p.Compile(context.Background(), javac.Request{}); err != nil { // it runs, and has nothing to say
		fmt.Println(err)
	}
	fmt.Println("started")
	_ = p.process.Wait()
	return 1
}

// write makes a file, and the directories above it, in dir.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// gradleProject makes a project whose gradlew is played by this test binary.
func gradleProject(t *testing.T, role string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "settings.gradle", "rootProject.name = 'Spring Server'\n")
	write(t, dir, "build.gradle", "")
	write(t, dir, "gradlew", fmt.Sprintf("#!/bin/sh\nPLAY=%s exec %q \"$@\"\n", role, os.Args[0]))
	return dir
}

// file is a file of a jar.
type file struct{ name, text string }

const bootManifest = "Manifest-Version: 1.0\r\nMain-Class: org.springframework.boot.loader.launch.JarLauncher\r\nStart-Class: com.example.App\r\nSpring-Boot-Version: 3.5.7\r\nBuild-Jdk-Spec: 21\r\n\r\n"

// class returns the first bytes of a class file.
func class(java int) string {
	data := binary.BigEndian.AppendUint32(nil, 0xCAFEBABE)
	return string(binary.BigEndian.AppendUint16(append(data, 0, 0), uint16(java+44)))
}

// bootFiles are those of a small executable jar, layered as Boot does it.
func bootFiles() []file {
	return []file{
		{"META-INF/MANIFEST.MF", bootManifest},
		{"org/springframework/boot/loader/launch/JarLauncher.class", class(17)},
		{"BOOT-INF/classes/com/example/App.class", class(17)},
		{"BOOT-INF/classes/application.properties", "# the port\nserver.port = 9090\n"},
		{"BOOT-INF/classes/static/index.html", "<p>hello"},
		{"BOOT-INF/lib/b-1.0.jar", "b"},
		{"BOOT-INF/lib/a-1.0.jar", "a"},
		{"BOOT-INF/lib/c-1.0-SNAPSHOT.jar", "c"},
		{"BOOT-INF/classpath.idx", "- \"BOOT-INF/lib/b-1.0.jar\"\n- \"BOOT-INF/lib/a-1.0.jar\"\n- \"BOOT-INF/lib/c-1.0-SNAPSHOT.jar\"\n"},
		{"BOOT-INF/layers.idx", "- \"dependencies\":\n  - \"BOOT-INF/lib/a-1.0.jar\"\n  - \"BOOT-INF/lib/b-1.0.jar\"\n- \"spring-boot-loader\":\n  - \"org/\"\n- \"snapshot-dependencies\":\n  - \"BOOT-INF/lib/c-1.0-SNAPSHOT.jar\"\n- \"application\":\n  - \"BOOT-INF/classes/\"\n"},
	}
}

// jarOf writes a jar.
func jarOf(t *testing.T, path string, files []file) string {
	t.Helper()
	var data bytes.Buffer
	archive := zip.NewWriter(&data)
	for _, f := range files {
		w, err := archive.Create(f.name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, f.text)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Dir(path), filepath.Base(path), data.String())
}

// without leaves out the files whose names have one of the suffixes.
func without(files []file, suffixes ...string) []file {
	var rest []file
	for _, f := range files {
		keep := true
		for _, s := range suffixes {
			keep = keep && !strings.HasSuffix(f.name, s)
		}
		if keep {
			rest = append(rest, f)
		}
	}
	return rest
}
