package setup

import (
	"testing"

	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestDeclaredJava(t *testing.T) {
	for _, c := range []struct {
		file, text string
		want       Declared
	}{
		{"build.gradle", "java { toolchain { languageVersion = JavaLanguageVersion.of(21) } }\nsourceCompatibility = 17", Declared{21, true}},
		{"build.gradle.kts", "kotlin { jvmToolchain(25) }", Declared{25, true}},
		{"build.gradle", "sourceCompatibility = JavaVersion.VERSION_1_8", Declared{8, false}},
		{"build.gradle", "sourceCompatibility = '17'", Declared{17, false}},
		{"build.gradle", "options.release = 17", Declared{17, false}},
		{"build.gradle.kts", "options.release.set(21)", Declared{21, false}},
		{"pom.xml", "<properties><java.version>25</java.version></properties>", Declared{25, false}},
		{"pom.xml", "<maven.compiler.source>1.8</maven.compiler.source>", Declared{8, false}},
		{"pom.xml", "<java.version>${jdk}</java.version>", Declared{0, false}},
		{"README", "<java.version>25</java.version>", Declared{0, false}},
	} {
		dir := t.TempDir()
		testfile.Write(t, dir, c.file, c.text)
		if got := DeclaredJava(dir); got != c.want {
			t.Errorf("%s %s: got %v, want %v", c.file, c.text, got, c.want)
		}
	}
}
