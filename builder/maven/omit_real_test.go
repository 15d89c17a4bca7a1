package maven

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/internal/testfile"
)

// The versions do not exist: Maven must not even load these plugins.
const publishing = `<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>shop</artifactId><version>1</version>
<properties><maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target><exec.mainClass>Shop</exec.mainClass></properties>
<build><plugins>
<plugin><groupId>com.google.cloud.tools</groupId><artifactId>jib-maven-plugin</artifactId><version>0.none</version>
  <executions><execution><phase>package</phase><goals><goal>build</goal></goals></execution></executions></plugin>
<plugin><groupId>org.apache.maven.plugins</groupId><artifactId>maven-checkstyle-plugin</artifactId><version>0.none</version>
  <executions><execution><phase>validate</phase><goals><goal>check</goal></goals></execution></executions></plugin>
<plugin><groupId>com.github.eirslett</groupId><artifactId>frontend-maven-plugin</artifactId><version>0.none</version>
  <executions><execution><phase>generate-resources</phase><goals><goal>npm</goal></goals></execution></executions></plugin>
</plugins></build></project>`

// TestRealMavenMakesOnlyTheApplication has a build that pushes an image, checks style, makes web pages, and whose
// tests do not compile.
func TestRealMavenMakesOnlyTheApplication(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	b := buildtool.Build{Dir: t.TempDir(), CacheDir: t.TempDir(), OnlyApplication: true, SkipFrontend: true}
	b.Root = b.Dir
	testfile.Write(t, b.Dir, "pom.xml", publishing)
	testfile.Write(t, b.Dir, "src/main/java/Shop.java", "class Shop { public static void main(String[] a) { } }")
	testfile.Write(t, b.Dir, "src/test/java/ShopTest.java", "class ShopTest { int broken = true; }")
	var err error
	if b.Tool, err = (Maven{}).Find(t.Context(), b, nil); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	modules, err := Maven{}.Package(t.Context(), b, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	if got := (Maven{}).Omitted(modules); !slices.Contains(got, "jib") || !slices.Contains(got, "checkstyle") ||
		!slices.Contains(got, "frontend") || modules[0].Archive == "" || !(Maven{}).Frontend(modules[0]) {
		t.Errorf("left out %v of %+v", got, modules)
	}

	b.OnlyApplication = false
	if _, err := (Maven{}).Package(t.Context(), b, &out); err == nil {
		t.Error("a whole build has checked no style")
	}
}

// TestRealMavenDoesNotBuildSeveralApplications: the modules are named before any is built. The version of the plugin
// does not exist.
func TestRealMavenDoesNotBuildSeveralApplications(t *testing.T) {
	t.Parallel()
	real.Maven(t)
	b := buildtool.Build{Dir: t.TempDir(), CacheDir: t.TempDir()}
	b.Root = b.Dir
	const module = `<project><modelVersion>4.0.0</modelVersion><parent><groupId>g</groupId><artifactId>all</artifactId><version>1</version></parent><artifactId>NAME</artifactId>PROPERTIES
<build><plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId><version>0.none</version>
  <executions><execution><goals><goal>repackage</goal></goals></execution></executions></plugin></plugins></build></project>`
	testfile.Write(t, b.Dir, "pom.xml", `<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>all</artifactId><version>1</version><packaging>pom</packaging>
<modules><module>shop</module><module>admin</module><module>lib</module></modules></project>`)
	for name, properties := range map[string]string{"shop": "", "admin": "",
		"lib": "<properties><spring-boot.repackage.skip>true</spring-boot.repackage.skip></properties>"} {
		testfile.Write(t, b.Dir, name+"/pom.xml",
			strings.NewReplacer("NAME", name, "PROPERTIES", properties).Replace(module))
	}
	var err error
	if b.Tool, err = (Maven{}).Find(t.Context(), b, nil); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, err = Maven{}.Package(t.Context(), b, &out)
	if e := fault.Of(err); e.Code != "project.ambiguous" || !slices.Equal(e.Evidence, []string{"shop", "admin"}) {
		t.Errorf("got %v\n%s", err, &out)
	}
}
