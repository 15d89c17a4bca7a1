package maven

import (
	"fmt"
	"slices"

	"github.com/devloop-cli/devloop/builder/buildtool"
)

// earlyPhases are those that a build of the classes goes through.
// https://maven.apache.org/guides/introduction/introduction-to-the-lifecycle.html#lifecycle-reference
var earlyPhases = []string{"", "validate", "initialize", "generate-sources", "process-sources", "generate-resources",
	"process-resources", "compile", "process-classes"}

// packers are goals of later phases that pack the application as it is.
var packers = []string{"maven-jar-plugin:jar", "maven-jar-plugin:test-jar", "maven-war-plugin:war",
	"spring-boot-maven-plugin:repackage"}

// PacksLate is true: Maven packs a module after its classes are made.
func (Maven) PacksLate() bool { return true }

// PackagingReason says why Maven has to pack the archive of a module at each build, "" if it need
// not: the archive has classes and libraries only.
func (Maven) PackagingReason(one buildtool.Module) string {
	for _, g := range one.Goals {
		if !slices.Contains(earlyPhases, g.Phase) && !changesNothing(g.Goal) {
			return fmt.Sprintf("%s runs for it in the phase %s", g.Goal, g.Phase)
		}
	}
	return ""
}
