package builder

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/cli/cli/config"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/client"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
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

// copyHints looks at what the sources of a COPY match in the context, since the
// builders' own words don't say it.
func (j *job) copyHints(node *parser.Node, values map[string]string) (hints, matches []string) {
	for _, flag := range node.Flags {
		if strings.HasPrefix(flag, "--from") {
			return nil, nil
		}
	}
	var args []string
	for n := node.Next; n != nil; n = n.Next {
		args = append(args, os.Expand(n.Value, func(name string) string { return values[name] }))
	}
	if len(args) < 2 {
		return nil, nil
	}
	to := args[len(args)-1]
	for _, from := range args[:len(args)-1] {
		h, m := j.sourceHint(from, to)
		hints, matches = append(hints, h...), append(matches, m...)
	}
	return hints, matches
}

// sourceHint says what is wrong with one source of a COPY.
func (j *job) sourceHint(from, to string) (hints, matches []string) {
	found, _ := filepath.Glob(filepath.Join(j.contextDir(), filepath.FromSlash(from)))
	for i, f := range found {
		found[i] = filepath.ToSlash(relative(f, j.contextDir()))
	}
	better := fmt.Sprintf("COPY %s %s", filepath.ToSlash(relative(j.app.Jar, j.contextDir())), to)
	isJar := strings.HasSuffix(from, ".jar")
	switch {
	case len(found) == 0 && isJar:
		return []string{fmt.Sprintf("nothing matches %q, write: %s", from, better)}, j.neighbours(from)
	case len(found) == 0:
		return []string{fmt.Sprintf("nothing matches %q in the directory of the Dockerfile", from)}, nil
	case len(found) > 1 && !strings.HasSuffix(to, "/"):
		hints = []string{fmt.Sprintf("%d files match %q", len(found), from)}
		if isJar {
			hints = []string{fmt.Sprintf("%d files match %q, write: %s", len(found), from, better)}
		}
		return hints, found
	}
	if _, err := os.Stat(filepath.Join(j.contextDir(), ".dockerignore")); err == nil {
		return []string{fmt.Sprintf("see whether .dockerignore leaves it out, and add: !%s", from)}, found
	}
	return nil, nil
}

// neighbours lists the jars where a pattern looked for one.
func (j *job) neighbours(pattern string) []string {
	dir := filepath.Join(j.contextDir(), filepath.FromSlash(path.Dir(pattern)))
	found, _ := filepath.Glob(filepath.Join(dir, "*.jar"))
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
