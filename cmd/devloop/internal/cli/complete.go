package cli

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/completion"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/machine"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/config"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/topics"
	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/loader"
	"github.com/devloop-cli/devloop/runner"
	"github.com/devloop-cli/devloop/runner/cluster"
	"github.com/devloop-cli/devloop/runner/inspect"
)

// completeCommand is how a shell asks devloop, see package completion. It is not for people, so cli does not know it.
const completeCommand = "__complete"

// completionPatience bounds what a shell waits for at a press of the tabulator.
const completionPatience = time.Second

func completionCommand(s wiring.Streams) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a shell script that completes commands, flags, Pods and ports",
		ArgsUsage: "SHELL",
		Description: `SHELL is bash, zsh, fish or powershell. To load it in every shell, add to its start file:

   ~/.bashrc
      source <(devloop completion bash)
   ~/.zshrc, after compinit
      source <(devloop completion zsh)
   ~/.config/fish/config.fish
      devloop completion fish | source
   $PROFILE
      devloop completion powershell | Out-String | Invoke-Expression`,
		Action: func(c *cli.Context) error {
			script, err := completion.Script(c.Args().First())
			if err != nil || c.NArg() != 1 {
				return &cmdline.UsageError{Err: fmt.Errorf("want bash, zsh, fish or powershell, got %s",
					cmdline.Got(c.Args().Slice()))}
			}
			_, err = s.Out.Write(script)
			return err
		},
	}
}

// candidate is a word that could come next, and what it is.
type candidate struct{ word, meaning string }

// complete prints the candidates for the last of words.
func complete(ctx context.Context, s wiring.Streams, commands []*cli.Command, words []string) {
	if len(words) == 0 {
		words = []string{""}
	}
	for _, c := range candidates(ctx, s, commands, words) {
		if strings.HasPrefix(c.word, words[len(words)-1]) {
			_, _ = fmt.Fprintf(s.Out, "%s\t%s\n", c.word, c.said(s.Say))
		}
	}
}

// said returns what a candidate is, translated, in a line.
func (c candidate) said(say func(message string) string) string {
	meaning, repeated := strings.CutSuffix(c.meaning, "; may be repeated")
	if meaning = say(meaning); repeated {
		meaning += "; " + say("may be repeated")
	}
	return strings.NewReplacer("`", "", "\n", " ").Replace(meaning)
}

func candidates(ctx context.Context, s wiring.Streams, commands []*cli.Command, words []string) []candidate {
	before, last := words[:len(words)-1], words[len(words)-1]
	if len(before) == 0 {
		return commandCandidates(commands)
	}
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(before[0]) })
	switch {
	case slices.Contains(before, "--"): // the words of the command in the Pod
		return nil
	case i < 0 && before[0] == "help":
		return commandCandidates(commands)
	case i < 0:
		return nil
	}
	command, previous := commands[i], before[len(before)-1]
	switch {
	case len(command.Subcommands) > 0:
		return candidates(ctx, s, command.Subcommands, words[1:])
	case strings.HasPrefix(last, "-"):
		if flag, _, joined := strings.Cut(last, "="); joined && cmdline.TakesValue(command, flag) {
			return behind(flag+"=", valueCandidates(ctx, command, strings.TrimLeft(flag, "-"), before))
		}
		return flagCandidates(command)
	case strings.HasPrefix(previous, "-") && cmdline.TakesValue(command, previous):
		return valueCandidates(ctx, command, strings.TrimLeft(previous, "-"), before)
	default:
		return argumentCandidates(ctx, s.Language, command, before)
	}
}

func commandCandidates(commands []*cli.Command) []candidate {
	var all []candidate
	for _, c := range commands {
		if !c.Hidden {
			all = append(all, candidate{c.Name, c.Usage})
		}
	}
	return all
}

func flagCandidates(c *cli.Command) []candidate {
	all := []candidate{{"--help", "show the command's flags"}}
	for _, f := range c.Flags {
		usage := ""
		if documented, ok := f.(cli.DocGenerationFlag); ok {
			usage = documented.GetUsage()
		}
		all = append(all, candidate{"--" + f.Names()[0], usage})
	}
	return all
}

// valueCandidates are the values of a flag, where there are only so many.
func valueCandidates(ctx context.Context, c *cli.Command, flag string, before []string) []candidate {
	if i := slices.IndexFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), flag) }); i >= 0 {
		flag = c.Flags[i].Names()[0]
	}
	switch flag {
	case "context", "allow-context":
		return contextCandidates(before)
	case "namespace":
		return namespaceCandidates(ctx, before)
	case "module":
		return moduleCandidates(append(argumentsOf(c, before[1:]), ".")[0])
	}
	words := map[string][]string{"only": machine.StepIDs, "skip": machine.StepIDs, "lang": {"en", "ko"},
		"progress": {"auto", "plain"}, "color": {"auto", "always", "never"}}[flag]
	if s, known := config.Find(flag); known {
		words = s.Choices
	}
	return plain(words)
}

func behind(prefix string, all []candidate) []candidate {
	for i := range all {
		all[i].word = prefix + all[i].word
	}
	return all
}

func moduleCandidates(dir string) []candidate {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil
	}
	return plain(project.DeclaredModules(dir))
}

// contextCandidates are the contexts of the kubeconfig that the words or the environment name, else of the user's.
func contextCandidates(words []string) []candidate {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = placeOf("kubeconfig", words)
	config, err := rules.Load()
	if err != nil {
		return nil
	}
	return plain(slices.Sorted(maps.Keys(config.Contexts)))
}

func plain(words []string) []candidate {
	return lists.Map(words, func(w string) candidate { return candidate{w, ""} })
}

// argumentCandidates are what may stand behind a command: Pods, a Pod's ports, words.
func argumentCandidates(ctx context.Context, language string, c *cli.Command, before []string) []candidate {
	args := argumentsOf(c, before[1:])
	switch {
	case c.Name == "completion" && len(args) == 0:
		return plain([]string{"bash", "zsh", "fish", "powershell"})
	case c.Name == "explain" && len(args) == 0:
		return lists.Map(allTopics(language), func(t topics.Topic) candidate { return candidate{t.Word, t.Title} })
	case c.Name == "learn" && len(args) == 0:
		return labCandidates(language)
	case slices.Contains([]string{"describe", "logs", "exec", "forward", "delete"}, c.Name):
		return podCandidates(ctx, c, before, args)
	}
	return nil
}

// argumentsOf leaves flags and their values out.
func argumentsOf(c *cli.Command, words []string) []string {
	var args []string
	for i := 0; i < len(words); i++ {
		switch {
		case !strings.HasPrefix(words[i], "-"):
			args = append(args, words[i])
		case cmdline.TakesValue(c, words[i]):
			i++
		}
	}
	return args
}

func namespaceCandidates(ctx context.Context, words []string) []candidate {
	ctx, cancel := context.WithTimeout(ctx, completionPatience)
	defer cancel()
	r := connected(ctx, words)
	if r == nil {
		return nil
	}
	list, err := r.Core.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil
	}
	return lists.Map(list.Items, func(n corev1.Namespace) candidate { return candidate{n.Name, ""} })
}

// connected returns the cluster that the words, the environment and the kubeconfig name, if it is
// one of this machine. It takes nothing from a devloop.yaml but the namespace: a kubeconfig may name programs
// to log in with, and a shell that completes must not run what a cloned repository names. A
// shell has no use for an error: without such a cluster it is nil.
func connected(ctx context.Context, words []string) *runner.Runner {
	place := func(name string) string { return placeOf(name, words) }
	pods, err := runner.Connect(
		cluster.Options{Kubeconfig: place("kubeconfig"), Context: place("context"), Namespace: place("namespace")})
	if err != nil {
		return nil
	}
	docker, err := dockerapi.Connect(ctx)
	if err != nil {
		return nil
	}
	defer func() { _ = docker.Close() }()
	if _, err := loader.Detect(ctx, docker, pods.Context(), pods.Server()); err != nil {
		return nil
	}
	return pods
}

// podCandidates are the Pods of the namespace, and the ports of a Pod.
func podCandidates(ctx context.Context, c *cli.Command, words, args []string) []candidate {
	ctx, cancel := context.WithTimeout(ctx, completionPatience)
	defer cancel()
	pods := connected(ctx, words)
	if pods == nil {
		return nil
	}
	list, err := pods.Viewer.List(ctx, inspect.Selection{Namespace: pods.Namespace(), All: true})
	if err != nil {
		return nil
	}
	var all []candidate
	for _, p := range list {
		switch {
		case len(args) == 0:
			all = append(all, candidate{p.Name, p.Status})
		case c.Name == "forward" && len(args) == 1 && p.Name == args[0]:
			for _, port := range p.Ports {
				all = append(all, candidate{fmt.Sprint(port), "a port of " + p.Name})
			}
		}
	}
	return all
}

// placeOf returns a setting's value: of a flag among words, else of the environment, the namespace's also of the file.
func placeOf(name string, words []string) string {
	s, _ := config.Find(name)
	for i, w := range words {
		flag, value, joined := strings.Cut(strings.TrimLeft(w, "-"), "=")
		if !strings.HasPrefix(w, "-") || flag != s.Name && flag != s.Alias {
			continue
		}
		if !joined && i+1 < len(words) {
			value = words[i+1]
		}
		return value
	}
	if name != "namespace" {
		return os.Getenv(s.Env())
	}
	settings, err := config.Load("", os.LookupEnv)
	if err != nil || len(settings[name].Texts) == 0 {
		return ""
	}
	return settings[name].Texts[0]
}
