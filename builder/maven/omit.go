package maven

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
)

// styleCheck is a Maven plugin that checks how files are written.
type styleCheck struct {
	plugin string
	// fix is the goal that fixes what the check finds, "" for none.
	fix string
}

// styleChecks are the common ones.
var styleChecks = []styleCheck{
	{"spring-javaformat-maven-plugin", "spring-javaformat:apply"},
	{"maven-checkstyle-plugin", ""},
	{"spotless-maven-plugin", "spotless:apply"},
	{"fmt-maven-plugin", "fmt:format"},
	{"formatter-maven-plugin", "formatter:format"},
	{"impsort-maven-plugin", "impsort:sort"},
	{"sortpom-maven-plugin", "sortpom:sort"},
	{"editorconfig-maven-plugin", "editorconfig:format"},
	{"ktlint-maven-plugin", "ktlint:format"},
	{"detekt-maven-plugin", ""},
	{"license-maven-plugin", "license:format"},
	{"apache-rat-plugin", ""},
	{"maven-pmd-plugin", ""},
	{"spotbugs-maven-plugin", ""},
}

// publishers are goals that make images, or send something to others. devloop makes its own image, and a
// build that only has to make the application must not publish it. Goals of docker-maven-plugin that
// start containers stay: code may be generated from a database in one.
var publishers = []string{
	"spring-boot-maven-plugin:build-image", "spring-boot-maven-plugin:build-image-no-fork",
	"jib-maven-plugin", "dockerfile-maven-plugin",
	"docker-maven-plugin:build", "docker-maven-plugin:tag", "docker-maven-plugin:push",
	"kubernetes-maven-plugin", "openshift-maven-plugin", "fabric8-maven-plugin", "helm-maven-plugin",
	"nexus-staging-maven-plugin", "central-publishing-maven-plugin", "jreleaser-maven-plugin",
	"github-release-plugin", "wagon-maven-plugin", "maven-scm-plugin", "sonar-maven-plugin",
}

// reports are goals for coverage, bills of materials, analyses, documentation and signatures.
var reports = []string{
	"jacoco-maven-plugin", "clover-maven-plugin", "pitest-maven",
	"cyclonedx-maven-plugin", "spdx-maven-plugin",
	"dependency-check-maven", "maven-dependency-plugin:analyze", "maven-dependency-plugin:analyze-only",
	"maven-dependency-plugin:tree", "versions-maven-plugin", "japicmp-maven-plugin", "revapi-maven-plugin",
	"modernizer-maven-plugin", "forbiddenapis", "animal-sniffer-maven-plugin", "maven-javadoc-plugin",
	"maven-source-plugin", "dokka-maven-plugin", "maven-gpg-plugin", "maven-jarsigner-plugin", "sign-maven-plugin",
	"sigstore-maven-plugin",
}

// tests are goals that compile tests and run them.
var tests = []string{
	"maven-surefire-plugin", "maven-failsafe-plugin", "maven-resources-plugin:testResources",
	"maven-compiler-plugin:testCompile", "kotlin-maven-plugin:test-compile", "gmavenplus-plugin:compileTests",
	"maven-invoker-plugin",
}

// frontend is the plugin that builds web pages with Node.js.
const frontend = "frontend-maven-plugin"

// Frontend reports whether a module has a build of web pages that each build reaches.
func (Maven) Frontend(m buildtool.Module) bool {
	is := func(goal string) bool { return strings.HasPrefix(goal, frontend+":") }
	late := slices.ContainsFunc(m.Goals,
		func(g buildtool.Goal) bool { return is(g.Goal) && !slices.Contains(earlyPhases, g.Phase) })
	return !late && (slices.ContainsFunc(m.Omitted, is) ||
		slices.ContainsFunc(m.Goals, func(g buildtool.Goal) bool { return is(g.Goal) }))
}

// omissions returns the arguments by which the extension omits goals; see extension/…/Omit.java.
func omissions(b buildtool.Build) []string {
	omit := slices.Clone(publishers)
	if !b.OnlyApplication {
		return []string{"-Ddevloop.omit=" + strings.Join(omit, ",")}
	}
	for _, c := range styleChecks {
		omit = append(omit, c.plugin)
	}
	omit = append(omit, reports...)
	if b.SkipFrontend {
		omit = append(omit, frontend)
	}
	return []string{"-Ddevloop.omit=" + strings.Join(omit, ","), "-Ddevloop.omitTests=" + strings.Join(tests, ",")}
}

// Omitted returns the short names of the plugins whose goals the extension has omitted. Those of tests are
// not among them: users expect no tests in a dev loop.
func (Maven) Omitted(modules []buildtool.Module) (plugins []string) {
	for _, m := range modules {
		for _, goal := range m.Omitted {
			if plugin, _, _ := strings.Cut(goal, ":"); !slices.Contains(tests, plugin) &&
				!slices.Contains(tests, goal) {
				plugins = append(plugins, shortName(goal))
			}
		}
	}
	return plugins
}

// shortName returns what Maven calls the plugin of a goal: "jacoco" for jacoco-maven-plugin. Of a
// plugin that does more than what is omitted it returns the goal, too.
func shortName(goal string) string {
	plugin, _, _ := strings.Cut(goal, ":")
	short := strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(plugin, "maven-"), "-plugin"), "-maven")
	if slices.Contains(publishers, goal) || slices.Contains(reports, goal) {
		return short + strings.TrimPrefix(goal, plugin)
	}
	return short
}

// changesNothing reports whether a goal does not change the application.
func changesNothing(goal string) bool {
	plugin, _, _ := strings.Cut(goal, ":")
	return slices.ContainsFunc(slices.Concat(packers, publishers, reports, tests),
		func(known string) bool { return known == goal || known == plugin }) ||
		slices.ContainsFunc(styleChecks, func(c styleCheck) bool { return c.plugin == plugin })
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
	hints := []string{fmt.Sprintf("only %s complains, a check of style, which devloop run leaves out", check.plugin)}
	if check.fix != "" {
		hints = append(hints, fmt.Sprintf("fix the files: %s %s", strings.Join(b.Tool.Command, " "), check.fix))
	}
	return hints
}
