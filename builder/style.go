package builder

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// styleCheck is a Maven plugin that looks at how files are written, and changes nothing in
// what the build makes.
type styleCheck struct {
	// plugin is its artifact, skip the properties that leave out its checks.
	plugin string
	skip   []string
	// fix is the goal that mends what the check finds, "" where there is none.
	fix string
}

// styleChecks are the plugins that people check style with. The properties are those that
// the plugins' own goals name.
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

// skipStyle are Maven's arguments that leave out all style checks. A property of a plugin
// that the build does not have means nothing to it.
func skipStyle() []string {
	var arguments []string
	for _, c := range styleChecks {
		for _, property := range c.skip {
			arguments = append(arguments, "-D"+property+"=true")
		}
	}
	return arguments
}

// skippedChecks names the style checks of the build that were left out, for people: those that
// Maven ran with nothing to do, and those that Gradle's init script turned off.
func (p *Project) skippedChecks(m model) []string {
	if !p.SkipStyle {
		return nil
	}
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, one := range m.Modules {
		for _, task := range one.SkippedTasks {
			add(task)
		}
		for _, g := range one.Goals {
			plugin, _, _ := strings.Cut(g.Goal, ":")
			if slices.ContainsFunc(styleChecks, func(c styleCheck) bool { return c.plugin == plugin }) {
				add(plugin)
			}
		}
	}
	return names
}

// failedGoal matches what Maven says of the goal that ended the build.
var failedGoal = regexp.MustCompile(`Failed to execute goal [^\s:]+:([^\s:]+):[^\s:]+:(\S+)`)

// styleHints says what to do about a build that failed for its style only, nil where it
// failed for another reason.
func (p *Project) styleHints(output string) []string {
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
		hints = append(hints, fmt.Sprintf("mend the files: %s %s", strings.Join(p.Tool.Command, " "), check.fix))
	}
	return hints
}
