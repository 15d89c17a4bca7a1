package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// BuildTools are the tools that a project can be built with.
var BuildTools = []string{"gradle", "maven"}

// choice is a way to build a project: what the build says of it, and the tool that can build it, or
// why none can.
type choice struct {
	kind
	tool Tool
	err  error
	// doubt is why the tool will hardly build the project. It counts where there is another: a build may
	// have other scripts for old tools.
	doubt error
}

// choose returns the kind of a directory's build and the tool that builds it. asked names one, "" for
// any. Of two the one counts whose own wrapper works, else the one whose installed tool can build it;
// Gradle before Maven, as "gradle init" leaves the pom.xml in place.
func choose(ctx context.Context, p *Project, asked string, out io.Writer) (choice, error) {
	kinds, err := detect(p.Dir, asked)
	if err != nil {
		return choice{}, err
	}
	var choices []choice
	for _, k := range kinds {
		p.root = k.root(p.Dir)
		c := choice{kind: k}
		if c.tool, c.err = k.find(ctx, p, out); ctx.Err() != nil {
			return choice{}, c.err
		}
		if c.tool.Name == "gradle" {
			if why := gradleTooOld(p, c.tool); why != "" {
				c.doubt = p.tooOld(c.tool, why)
			}
		}
		choices = append(choices, c)
	}
	best := choices[0]
	for _, c := range choices[1:] {
		if c.rank() > best.rank() {
			best, c = c, best
		}
		best.tool.Why += "; " + c.passedOver()
	}
	if len(choices) > 1 && best.err == nil {
		best.tool.Why += fmt.Sprintf(" (choose: --build-tool %s)", strings.Join(BuildTools, "|"))
	}
	p.root = best.root(p.Dir)
	return best, best.err
}

// rank says how well a choice can build: its own wrapper best, an installed tool less, none not at all.
func (c choice) rank() int {
	switch {
	case c.err != nil || c.doubt != nil:
		return 0
	case !c.tool.wrapped:
		return 1
	}
	return 2
}

// passedOver says why this build is not the one that is used.
func (c choice) passedOver() string {
	files := "the " + c.files + " beside it is not used"
	var e *ProjectError
	if errors.As(errors.Join(c.err, c.doubt), &e) {
		return files + ": it " + e.Reason
	}
	return files
}

// bootPlugin matches the version of Spring Boot's plugin in a build script or its settings.
var bootPlugin = regexp.MustCompile(`org\.springframework\.boot['"]\)?\s*version\s*\(?['"](\d+)\.(\d+)[\w.-]*['"]|spring-boot-gradle-plugin:(\d+)\.(\d+)`)

// gradleFor are the oldest versions of Gradle that Spring Boot's plugin takes, by the first version of
// Boot that needs them (its system requirements).
var gradleFor = []struct{ boot, gradle [2]int }{
	{[2]int{4, 0}, [2]int{8, 14}}, {[2]int{3, 0}, [2]int{7, 5}}, {[2]int{2, 5}, [2]int{6, 8}}, {[2]int{2, 3}, [2]int{5, 6}},
}

// gradleTooOld says why the installed Gradle can't build a project, "" where it may. A wrapper's
// version is the project's own choice.
func gradleTooOld(p *Project, t Tool) string {
	if t.wrapped || len(t.Command) == 0 {
		return ""
	}
	have := versionInPath.FindStringSubmatch(strings.ReplaceAll(version(t.Command[0], "Gradle"), " ", "-"))
	if have == nil {
		return ""
	}
	boot, found := bootVersion(p)
	if !found {
		return ""
	}
	for _, need := range gradleFor {
		if atLeast(boot, need.boot) {
			if atLeast(pair(strings.Split(have[1]+".0", ".")), need.gradle) {
				return ""
			}
			return fmt.Sprintf("needs Gradle %d.%d or later for Spring Boot %d.%d, and the installed one is %s", need.gradle[0], need.gradle[1], boot[0], boot[1], have[1])
		}
	}
	return ""
}

// bootVersion returns the version of Spring Boot's plugin that the build names.
func bootVersion(p *Project) (boot [2]int, found bool) {
	for _, dir := range []string{p.moduleDir(), p.root} {
		for _, name := range gradleFiles {
			text, _ := os.ReadFile(filepath.Join(dir, name))
			if m := bootPlugin.FindStringSubmatch(string(text)); m != nil {
				return pair([]string{m[1] + m[3], m[2] + m[4]}), true
			}
		}
	}
	return boot, false
}

func pair(texts []string) (v [2]int) {
	for i := range v {
		v[i], _ = strconv.Atoi(texts[i])
	}
	return v
}

func atLeast(v, least [2]int) bool { return v[0] > least[0] || v[0] == least[0] && v[1] >= least[1] }

// tooOld says that the installed Gradle is too old for the build, for the reason that
// [gradleTooOld] gives.
func (p *Project) tooOld(t Tool, why string) error {
	return &ProjectError{Dir: p.Dir, code: "tool.missing", Reason: why + " (" + t.Why + ")",
		hints: []string{"install a later Gradle: https://gradle.org/install, or give the project a wrapper that can be downloaded"}}
}
