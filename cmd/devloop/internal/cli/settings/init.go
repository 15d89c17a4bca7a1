package settings

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"

	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/config"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/setup"
	"github.com/devloop-cli/devloop/internal/fault"
	"github.com/devloop-cli/devloop/runner/manifest"
)

// InitCommand is devloop init.
func InitCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "write a devloop.yaml in which every key is explained",
		ArgsUsage: "[DIR]",
		Description: `Writes devloop.yaml for the project in DIR (default: the current directory), with what
was found there, and a schema beside it for editors. The file is optional: every key is a
comment until you uncomment it, or give its flag here. A Dockerfile and a Pod manifest are
written only if you ask for them. --vscode and --idea write what the editor needs to run
devloop, to show its compile errors, and to attach its debugger, and nothing else. No file is
overwritten without --force.`,
		Flags: slices.Concat([]cli.Flag{
			&cli.BoolFlag{Name: "force", Usage: "overwrite existing files"},
			&cli.BoolFlag{Name: "print", Usage: "write devloop.yaml, or the editor's files, to stdout, and no file"},
			&cli.BoolFlag{Name: "vscode", Usage: "write tasks and a debugger's configuration for Visual Studio Code"},
			&cli.BoolFlag{Name: "idea", Usage: "write run configurations for IntelliJ IDEA"},
			&cli.BoolFlag{Name: "with-pod", Usage: "write a Pod manifest, pod.yaml, too"},
			&cli.BoolFlag{Name: "with-dockerfile", Usage: "write a Dockerfile, too"},
		}, wiring.SettingFlags(config.Names()...), wiring.DisplayFlags()),
		Action: func(c *cli.Context) error { return initialize(c, s, wiring.NewDisplay(c, s)) },
	}
}

func initialize(c *cli.Context, s wiring.Streams, d wiring.Display) error {
	write := writeSettings
	if c.Bool("vscode") || c.Bool("idea") {
		write = writeIDE
	}
	return wiring.RunSession(d, func() (error, bool) { return write(c, s, d), false })
}

// draft is a file that init is about to write.
type draft struct {
	path string
	text []byte
}

func writeSettings(c *cli.Context, s wiring.Streams, d wiring.Display) error {
	active, err := activeSettings(c)
	if err != nil {
		return err
	}
	project, err := wiring.OpenProject(c, d)
	if err != nil {
		return err
	}
	drafts := draftsFor(c, project)
	found, err := findings(project, drafts)
	if err != nil {
		return err
	}
	settings := []byte(config.Template(found, active))
	if c.Bool("print") {
		_, err := s.Out.Write(settings)
		return err
	}
	schema, err := config.Schema()
	if err != nil {
		return err
	}
	drafts = append(drafts, draft{config.File, settings}, draft{config.SchemaFile, schema})
	return writeDrafts(project.Dir, drafts, c.Bool("force"), d)
}

// activeSettings returns the settings whose flags were given, as YAML.
func activeSettings(c *cli.Context) (map[string]string, error) {
	active := map[string]string{}
	for _, s := range config.Settings {
		if !c.IsSet(s.Name) {
			continue
		}
		if err := wiring.CheckFlag(c, s); err != nil {
			return nil, &cmdline.UsageError{Err: err}
		}
		texts, node := wiring.FlagTexts(c, s), yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, text := range texts {
			item := yaml.Node{}
			if s.Kind == config.Switch {
				item = yaml.Node{Kind: yaml.ScalarNode, Value: text}
			} else {
				item.SetString(text)
			}
			node.Content = append(node.Content, &item)
		}
		if len(texts) == 1 {
			node = *node.Content[0]
		}
		text, err := yaml.Marshal(&node)
		if err != nil {
			return nil, err
		}
		active[s.Name] = strings.TrimSpace(string(text))
	}
	return active, nil
}

func draftsFor(c *cli.Context, p *project.Project) (drafts []draft) {
	if c.Bool("with-dockerfile") {
		drafts = append(drafts, draft{"Dockerfile", dockerfile(p, c.String("module"), c.String("base-image"))})
		if _, err := os.Stat(filepath.Join(p.Dir, ".dockerignore")); err != nil && p.Tool.Name == "gradle" {
			drafts = append(drafts, draft{".dockerignore",
				[]byte("# Gradle's second jar, without the libraries: COPY takes the other one\n**/*-plain.jar\n")})
		}
	}
	if c.Bool("with-pod") {
		drafts = append(drafts, draft{"pod.yaml", podManifest(p.Name, p.Server().Port)})
	}
	return drafts
}

// dockerfile is what a beginner writes for a Spring Boot jar.
func dockerfile(p *project.Project, module, base string) []byte {
	if base == "" {
		base = fmt.Sprintf("eclipse-temurin:%d-jre", max(setup.DeclaredJava(p.Dir).Version, setup.MinimumJava))
	}
	jar := "target/*.jar"
	if p.Tool.Name == "gradle" {
		jar = "build/libs/*.jar"
	}
	jar = filepath.ToSlash(filepath.Join(strings.ReplaceAll(strings.Trim(module, ":"), ":", "/"), jar))
	return fmt.Appendf(nil, "FROM %s\nCOPY %s /app.jar\nENTRYPOINT [\"java\", \"-jar\", \"/app.jar\"]\n", base, jar)
}

func podManifest(name string, port int) []byte {
	manifest := fmt.Appendf(nil, `apiVersion: v1
kind: Pod
metadata:
  name: %[1]s
spec:
  containers:
    - name: %[1]s
      image: %[1]s
`, name)
	if port > 0 {
		manifest = fmt.Appendf(manifest, "      ports:\n        - containerPort: %d\n", port)
	}
	return manifest
}

// findings says what there is of a project, for devloop.yaml. They name nothing of this machine: it is everybody's.
func findings(p *project.Project, drafts []draft) ([]string, error) {
	tool := map[string]string{"gradle": "Gradle", "maven": "Maven"}[p.Tool.Name]
	drafted := func(path string) bool {
		return slices.ContainsFunc(drafts, func(d draft) bool { return d.path == path })
	}
	image := "without a Dockerfile, in layers"
	if p.Dockerfile != "" || drafted("Dockerfile") {
		image = "by the Dockerfile"
	}
	files, err := manifest.Find(p.Dir)
	if variants, several := errors.AsType[*manifest.VariantsError](err); several {
		files, err = variants.Files, nil // the settings to write will name one
	}
	if err != nil {
		return nil, err
	}
	pod := "without a manifest: a Pod " + p.Name
	if port := p.Server().Port; port > 0 {
		pod += fmt.Sprintf(" with the port %d", port)
	}
	if drafted("pod.yaml") && len(files) == 0 {
		files = []string{filepath.Join(p.Dir, "pod.yaml")}
	}
	if len(files) > 0 {
		pod = "by " + strings.Join(wiring.RelativeTo(p.Dir, files), ", ")
	}
	return []string{
		fmt.Sprintf("How devloop works on %s, a %s project. Found here:", p.Name, tool),
		"  image   " + image,
		"  objects " + pod,
	}, nil
}

// writeDrafts writes all of them, or none where one is there already.
func writeDrafts(dir string, drafts []draft, force bool, d wiring.Display) error {
	var there []string
	for _, f := range drafts {
		old, err := os.ReadFile(filepath.Join(dir, f.path))
		if err == nil && !bytes.Equal(old, f.text) && !ownSchema(f.path, old) {
			there = append(there, f.path)
		}
	}
	if len(there) > 0 && !force {
		return &fault.Error{Code: "config.exists",
			Op:    fmt.Sprintf("write %s: there already, and nothing was written", strings.Join(there, " and ")),
			Hints: []string{"see what it would be: devloop init --print", "overwrite: devloop init --force"}}
	}
	for _, f := range drafts {
		path := filepath.Join(dir, f.path)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil {
			err = os.WriteFile(path, f.text, 0o644)
		}
		if err != nil {
			return fmt.Errorf("write %q: %w", f.path, errors.Unwrap(err))
		}
		d.Publish(0, event.Notice{Level: event.Info, Code: event.NoticeInit, Text: "wrote " + path})
	}
	return nil
}

// ownSchema knows the schema that an earlier devloop wrote.
func ownSchema(path string, text []byte) bool {
	return path == config.SchemaFile && bytes.Contains(text, []byte(`"title": "`+config.File+`"`))
}
