package builder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/client"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
)

// instructions returns those of a Dockerfile, none if it can't be parsed.
func instructions(file string) []*parser.Node {
	f, err := os.Open(file)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	parsed, err := parser.Parse(f)
	if err != nil {
		return nil
	}
	return parsed.AST.Children
}

// lineInMessage matches where a builder's parser complains: "Dockerfile parse error
// line 3: unknown instruction: FORM", "… parse error on line 3: …".
var lineInMessage = regexp.MustCompile(`(?i)parse error (?:on )?line (\d+)`)

// explain says which instruction failed, and what can be done about it.
func (j *job) explain(err error, r *report) error {
	e := &ImageError{Name: j.app.Name, Err: err, evidence: r.log, Dockerfile: relative(j.app.Dockerfile, j.app.Dir)}
	nodes := instructions(j.app.Dockerfile)
	if m := lineInMessage.FindStringSubmatch(err.Error()); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		e.Instruction = lineOf(j.app.Dockerfile, e.Line)
		return e
	}
	node := failing(nodes, r.step, err.Error())
	if node == nil {
		return e
	}
	e.Line, e.Instruction = node.StartLine, oneLine(node.Original)
	switch strings.ToUpper(node.Value) {
	case "FROM":
		base := baseOf(node)
		e.Err = fmt.Errorf("base image %q is not on the engine and can't be pulled: %w", base, err)
		e.hints = baseHints(base)
	case "COPY", "ADD":
		hints, matches := j.copyHints(node, variables(nodes))
		e.hints, e.evidence = hints, append(e.evidence, matches...)
	}
	return e
}

// failing finds the instruction that a step was about: the one with its text, or
// the only one of its kind if variables in it were replaced. BuildKit calls a step
// "[stage 2/3] COPY a b", or "[internal] load metadata for IMAGE" for a FROM. A base
// image is also found by its name in the message, since the classic builder pulls
// before it announces the step.
func failing(nodes []*parser.Node, step, message string) *parser.Node {
	text := step
	if _, after, found := strings.Cut(step, "] "); found && strings.HasPrefix(step, "[") {
		text = after
	}
	text = oneLine(text)
	var kin []*parser.Node
	for _, n := range nodes {
		if oneLine(n.Original) == text {
			return n
		}
		if word, _, _ := strings.Cut(text, " "); strings.EqualFold(word, n.Value) {
			kin = append(kin, n)
		}
	}
	if len(kin) == 1 {
		return kin[0]
	}
	return failingBase(nodes, step+" "+message)
}

// failingBase finds the FROM whose image a text names.
func failingBase(nodes []*parser.Node, text string) *parser.Node {
	for _, n := range nodes {
		if !strings.EqualFold(n.Value, "FROM") {
			continue
		}
		if base := baseOf(n); base != "" && strings.Contains(text, path.Base(base)) {
			return n
		}
	}
	return nil
}

// baseOf returns the image that a FROM names.
func baseOf(node *parser.Node) string {
	if node.Next == nil {
		return ""
	}
	return node.Next.Value
}

func baseHints(base string) []string {
	hints := []string{"check the network and the name: docker pull " + base}
	if name, tag, _ := strings.Cut(base, ":"); name == "openjdk" {
		hints = append(hints, "the openjdk images are no longer maintained, write: FROM eclipse-temurin:"+tag)
	}
	return append(hints, "or name an image that is on the engine: docker image ls")
}

// variables returns the defaults that ARG and ENV give, by name.
func variables(nodes []*parser.Node) map[string]string {
	values := map[string]string{}
	for _, n := range nodes {
		if !strings.EqualFold(n.Value, "ARG") || n.Next == nil {
			continue
		}
		if name, value, found := strings.Cut(n.Next.Value, "="); found {
			values[name] = strings.Trim(value, `"'`)
		}
	}
	return values
}

// copied returns the sources and the destination of a COPY or ADD from the
// context, none for one from elsewhere.
func copied(node *parser.Node, values map[string]string) (from []string, to string) {
	for _, flag := range node.Flags {
		if strings.HasPrefix(flag, "--from") {
			return nil, ""
		}
	}
	var args []string
	for n := node.Next; n != nil; n = n.Next {
		args = append(args, os.Expand(n.Value, func(name string) string { return values[name] }))
	}
	if len(args) < 2 {
		return nil, ""
	}
	return args[:len(args)-1], args[len(args)-1]
}

// severalInOne refuses a COPY of several files to one file. Builders refuse it, but
// the BuildKit of older engines makes a directory of that name, which then no JVM opens.
func (j *job) severalInOne() error {
	nodes := instructions(j.app.Dockerfile)
	for _, n := range nodes {
		if !strings.EqualFold(n.Value, "COPY") {
			continue
		}
		from, to := copied(n, variables(nodes))
		if len(from) != 1 || !strings.HasSuffix(to, ".jar") || len(j.matches(from[0])) < 2 {
			continue
		}
		e := &ImageError{Name: j.app.Name, Err: errSeveral, Dockerfile: relative(j.app.Dockerfile, j.app.Dir), Line: n.StartLine, Instruction: oneLine(n.Original)}
		e.hints, e.evidence = j.sourceHint(from[0], to)
		return e
	}
	return nil
}

var errSeveral = errors.New("several files match, but the destination is one file")

// copyHints looks at what the sources of a COPY match in the context, since the
// builders' own words don't say it.
func (j *job) copyHints(node *parser.Node, values map[string]string) (hints, matches []string) {
	from, to := copied(node, values)
	for _, f := range from {
		h, m := j.sourceHint(f, to)
		hints, matches = append(hints, h...), append(matches, m...)
	}
	return hints, matches
}

// sourceHint says what is wrong with one source of a COPY.
func (j *job) sourceHint(from, to string) (hints, matches []string) {
	found := j.matches(from)
	write := ""
	if strings.HasSuffix(from, ".jar") {
		write = fmt.Sprintf(", write: COPY %s %s", filepath.ToSlash(relative(j.app.Jar, j.contextDir())), to)
	}
	switch {
	case len(found) > 1 && !strings.HasSuffix(to, "/"):
		return []string{fmt.Sprintf("%d files match %q%s", len(found), from, write)}, found
	case len(found) > 0:
		return nil, nil
	case len(j.glob(from)) > 0:
		return []string{"let .dockerignore keep it, by this line at its end: !" + from}, j.glob(from)
	case write != "":
		return []string{fmt.Sprintf("nothing matches %q%s", from, write)}, j.glob(path.Dir(from) + "/*.jar")
	}
	return []string{fmt.Sprintf("nothing matches %q in the directory of the Dockerfile", from)}, nil
}

// matches returns the files of the context that a pattern matches.
func (j *job) matches(pattern string) []string {
	sent := j.sent()
	return slices.DeleteFunc(j.glob(pattern), func(name string) bool { return !sent(name) })
}

// sent says which files of the context are: what .dockerignore names is not, and nothing is where
// that can't be read.
func (j *job) sent() func(name string) bool {
	ignored, err := j.ignored()
	if err != nil {
		return func(string) bool { return false }
	}
	matcher, err := patternmatcher.New(ignored)
	return func(name string) bool {
		if err != nil {
			return false
		}
		out, err := matcher.MatchesOrParentMatches(name)
		return !out && err == nil
	}
}

// glob returns the files that a pattern matches, those that are ignored too.
func (j *job) glob(pattern string) []string {
	found, _ := filepath.Glob(filepath.Join(j.contextDir(), filepath.FromSlash(pattern)))
	for i, f := range found {
		found[i] = filepath.ToSlash(relative(f, j.contextDir()))
	}
	return found
}

// credentials returns the docker command's for the registries that the Dockerfile
// names, by registry. Where they can't be read the pull says what is missing.
func (j *job) credentials() map[string]registry.AuthConfig {
	found := map[string]registry.AuthConfig{}
	file := config.LoadDefaultConfigFile(io.Discard)
	for _, node := range instructions(j.app.Dockerfile) {
		if !strings.EqualFold(node.Value, "FROM") {
			continue
		}
		named, err := reference.ParseNormalizedNamed(baseOf(node))
		if err != nil {
			continue
		}
		host := registryKey(reference.Domain(named))
		if auth, err := file.GetAuthConfig(host); err == nil && (auth.Username != "" || auth.IdentityToken != "" || auth.RegistryToken != "") {
			found[host] = registry.AuthConfig{Username: auth.Username, Password: auth.Password, Auth: auth.Auth,
				ServerAddress: auth.ServerAddress, IdentityToken: auth.IdentityToken, RegistryToken: auth.RegistryToken}
		}
	}
	return found
}

// registryKey is what config.json calls a registry: Docker Hub has an old name there.
func registryKey(domain string) string {
	if domain == "docker.io" {
		return "https://index.docker.io/v1/"
	}
	return domain
}

// isConnectionFailure says whether the engine was not reached, or has gone.
func isConnectionFailure(err error) bool { return client.IsErrConnectionFailed(err) }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// lineOf returns a line of a file, counted from one.
func lineOf(file string, line int) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[line-1])
}
