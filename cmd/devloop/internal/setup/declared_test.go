package setup

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDeclaredJava(t *testing.T) {
	for _, c := range []struct {
		file, text string
		want       int
	}{
		{"build.gradle", "java { toolchain { languageVersion = JavaLanguageVersion.of(21) } }\nsourceCompatibility = 17", 21},
		{"build.gradle.kts", "kotlin { jvmToolchain(25) }", 25},
		{"build.gradle", "sourceCompatibility = JavaVersion.VERSION_1_8", 8},
		{"build.gradle", "sourceCompatibility = '17'", 17},
		{"build.gradle", "options.release = 17", 17},
		{"build.gradle.kts", "options.release.set(21)", 21},
		{"pom.xml", "<properties><java.version>25</java.version></properties>", 25},
		{"pom.xml", "<maven.compiler.source>1.8</maven.compiler.source>", 8},
		{"pom.xml", "<java.version>${jdk}</java.version>", 0},
		{"README", "<java.version>25</java.version>", 0},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := DeclaredJava(dir); got != c.want {
			t.Errorf("%s %s: got %d, want %d", c.file, c.text, got, c.want)
		}
	}
}
