package maven

import (
	"path/filepath"
	"testing"

	"github.com/devloop-cli/devloop/internal/testfile"
)

func TestRoot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for file, text := range map[string]string{
		"flat/pom.xml":        "<project><modules><module>../core</module><module>../web/pom.xml</module></modules></project>",
		"core/pom.xml":        "<project/>",
		"web/pom.xml":         "<project/>",
		"alone/pom.xml":       "<project/>",
		"shop/pom.xml":        "<project><modules><module>apps/web</module></modules></project>",
		"shop/apps/web/a.txt": "",
		"ring/a/pom.xml":      "<project><modules><module>../b</module></modules></project>",
		"ring/b/pom.xml":      "<project><modules><module>../a</module></modules></project>",
	} {
		testfile.Write(t, dir, file, text)
	}
	for module, want := range map[string]string{"core": "flat", "web": "flat", "flat": "flat", "alone": "alone",
		"shop/apps/web": "shop", "ring/a": "ring/b", "ring/b": "ring/a"} {
		if got := (Maven{}).Root(filepath.Join(dir, module)); got != filepath.Join(dir, want) {
			t.Errorf("%s: got %s", module, got)
		}
	}
}
