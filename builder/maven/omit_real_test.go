package maven

import (
	"bytes"
	"slices"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/internal/jartest"
	"github.com/devloop-cli/devloop/hack/real"
)

// The versions do not exist: Maven must not even load these plugins.
const publishing = `<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>shop</artifactId><version>1</version>
<properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target><exec.mainClass>Shop</exec.mainClass></properties>
<build><plugins>
<plugin><groupId>com.google.cloud.tools</groupId><artifactId>jib-maven-plugin</artifactId><version>0.none</version>
  <executions><execution><phase>package</phase><goals><goal>build</goal></goals></execution></executions></plugin>
<plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-checkstyle-plugin</artifactId><version>0.none</version>
  <executions><execution><phase>validate</phase><goals><goal>check</goal></goals></execution></executions></plugin>
</plugins></build></project>`

// TestRealMavenMakesOnlyTheApplication has a build that pushes an image, checks style, and whose
// tests do not compile.
func TestRealMavenMakesOnlyTheApplication(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	b := buildtool.Build{Dir: t.TempDir(), CacheDir: t.TempDir(), OnlyApplication: true}
	b.Root = b.Dir
	jartest.WriteFile(t, b.Dir, "pom.xml", publishing)
	jartest.WriteFile(t, b.Dir, "src/main/java/Shop.java", "class Shop { public static void main(String[] a) { } }")
	jartest.WriteFile(t, b.Dir, "src/test/java/ShopTest.java", "class ShopTest { int broken = true; }")
	var err error
	if b.Tool, err = (Maven{}).Find(t.Context(), b, nil); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	modules, err := Maven{}.Package(t.Context(), b, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if got := (Maven{}).Omitted(modules); !slices.Contains(got, "jib") || !slices.Contains(got, "checkstyle") || modules[0].Archive == "" {
		t.Errorf("left out %v of %+v", got, modules)
	}

	b.OnlyApplication = false
	if _, err := (Maven{}).Package(t.Context(), b, &out); err == nil {
		t.Error("a whole build has checked no style")
	}
}
