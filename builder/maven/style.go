package maven

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
)

// styleCheck is a Maven plugin that checks style and does not change what the build makes.
type styleCheck struct {
	// plugin is its artifact, skip are the properties that skip its checks.
	plugin string
	skip   []string
	// fix is the goal that fixes what the check finds, "" for none.
	fix string
}

// styleChecks are the common ones.
var styleChecks = []styleCheck{
	{"spring-javaformat-maven-plugin", []string{"spring-javaformat.validate.skip", "spring-javaformat.apply.skip"}, "spring-javaformat:apply"},
	{"maven-checkstyle-plugin", []string{"checkstyle.skip"}, ""},
	{"spotless-maven-plugin", []string{"spotless.check.skip", "spotless.apply.skip"}, "spotless:apply"},
	{"fmt-maven-plugin", []string{"fmt.skip"}, "fmt:format"},
	{"formatter-maven-plugin", []string{"formatter.skip"}, "formatter:format"},
	{"impsort-maven-plugin", []string{"impsort.skip"}, "impsort:sort"},
	{"sortpom-maven-plugin", []string{"sort.skip"}, "sortpom:sort"},
	{"editorconfig-maven-plugin", []string{"editorconfig.skip"}, "editorconfig:format"},
	{"ktlint-maven-plugin", []string{"ktlint.skip"}, "ktlint:format"},
	{"license-maven-plugin", []string{"license.skip", "license.skipCheckLicense"}, "license:format"},
	{"apache-rat-plugin", []string{"rat.skip"}, ""},
	{"maven-pmd-plugin", []string{"pmd.skip", "cpd.skip"}, ""},
	{"spotbugs-maven-plugin", []string{"spotbugs.skip"}, ""},
}

// skipStyle returns Maven's arguments to skip all style checks. Maven ignores the properties of
// plugins that the build does not use.
func skipStyle() []string {
	var arguments []string
	for _, c := range styleChecks {
		for _, property := range c.skip {
			arguments = append(arguments, "-D"+property+"=true")
		}
	}
	return arguments
}

// SkippedChecks returns the style checks that Maven ran with nothing to do.
func (Maven) SkippedChecks(modules []buildtool.Module) (plugins []string) {
	for _, m := range modules {
		for _, g := range m.Goals {
			plugin, _, _ := strings.Cut(g.Goal, ":")
			if slices.ContainsFunc(styleChecks, func(c styleCheck) bool { return c.plugin == plugin }) {
				plugins = append(plugins, plugin)
			}
		}
	}
	return plugins
}

// failedGoal matches the goal that ended the build.
var failedGoal = regexp.MustCompile(`Failed to execute goal [^\s:]+:([^\s:]+):[^\s:]+:(\S+)`)

// styleHints returns what to do about a build that failed only because of its style.
func styleHints(b buildtool.Build, output string) []string {
	m := failedGoal.FindStringSubmatch(output)
	if m == nil {
		return nil
	}
	i := slices.IndexFunc(styleChecks, func(c styleCheck) bool { return c.plugin == m[1] })
	if i < 0 {
		return nil
	}
	check := styleChecks[i]
	hints := []string{fmt.Sprintf("only %s complains, a check of style: devloop run leaves such checks out", check.plugin)}
	if check.fix != "" {
		hints = append(hints, fmt.Sprintf("mend the files: %s %s", strings.Join(b.Tool.Command, " "), check.fix))
	}
	return hints
}
