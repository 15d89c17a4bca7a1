// Package cmdline reads command lines the way people type them, and explains the ones that cannot be read.
//
//	line, err := cmdline.Arguments(app.Commands, os.Args) // logs -fp web → logs -f -p web
//	fmt.Println(cmdline.ExitCode("pod.crashed"))          // 14
//
// urfave/cli parses the result. This package adds what cli does not do: flags behind
// arguments, joined short flags, suggestions ("up" means run), help that fits the terminal,
// usage errors in plain words, and the table of exit codes. It runs nothing and needs no cluster.
package cmdline

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/config"
	"github.com/devloop-cli/devloop/internal/lists"
)

// Arguments rewrites a command line as people type it for cli, but not what is another program's, after "--".
//
//	devloop --help               devloop help
//	devloop --help run           devloop help run
//	devloop deploy --help x      devloop help deploy
//	devloop logs web --follow    devloop logs --follow web
//	devloop logs -fp web         devloop logs -f -p web
//	devloop run -p8080           devloop run -p 8080
//	devloop status -o json       devloop status --json
//	devloop --lang ko run        devloop run
//
// Its error is a [*UsageError].
func Arguments(commands []*cli.Command, args []string) ([]string, error) {
	args, err := withoutLanguage(args)
	if err != nil || len(args) < 2 {
		return args, err
	}
	named := func(word string) int {
		return slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(word) })
	}
	switch args[1] {
	case "-h", "--help", "-help":
		if len(args) > 2 && named(args[2]) >= 0 {
			return []string{args[0], "help", args[2]}, nil
		}
		return []string{args[0], "help"}, nil
	case "-v", "-V", "--version", "-version":
		return []string{args[0], "version"}, nil
	}
	i := named(args[1])
	if i < 0 {
		return args, flagBeforeCommand(args[1:], named)
	}
	command, n := innermost(commands[i], args[2:])
	path, words := args[:2+n], args[2+n:]
	line := line{command: command}
	rest, err := line.read(words)
	if err != nil {
		return nil, err
	}
	if line.help {
		return slices.Concat(path[:1], []string{"help"}, path[1:]), nil
	}
	return slices.Concat(path, line.flags, rest), nil
}

// innermost returns the subcommand that words begin with, as in devloop cluster stop, and how many of them name it.
func innermost(command *cli.Command, words []string) (*cli.Command, int) {
	for n, word := range words {
		sub := command.Command(word)
		if sub == nil {
			return command, n
		}
		command = sub
	}
	return command, len(words)
}

// flagBeforeCommand refuses a flag of a command in front of it, as kubectl takes them.
func flagBeforeCommand(words []string, named func(string) int) error {
	i := slices.IndexFunc(words, func(word string) bool { return named(word) >= 0 })
	if i < 0 || !strings.HasPrefix(words[0], "-") {
		return nil
	}
	return &UsageError{Err: errors.New("flags must follow the command"), Command: words[i],
		Meant: strings.Join(slices.Concat([]string{"devloop", words[i]}, words[:i], words[i+1:]), " ")}
}

// line is a command's flags, as they are read.
type line struct {
	command *cli.Command
	flags   []string
	help    bool
}

// read takes the flags out of words, and returns the arguments.
func (l *line) read(words []string) (arguments []string, err error) {
	for ; len(words) > 0; words = words[1:] {
		word := words[0]
		switch {
		case word == "--":
			if l.command.Name != "exec" { // which alone asks where it stood
				words = words[1:]
			}
			return slices.Concat([]string{"--"}, arguments, words), nil // cli takes the first one out
		case !strings.HasPrefix(word, "-") || word == "-":
			arguments = append(arguments, word)
		default:
			used, err := l.flag(word, words[1:])
			if err != nil {
				return nil, err
			}
			words = words[used:]
		}
	}
	return arguments, nil
}

// flag reads a flag, and returns how many of the words behind it belong to it.
func (l *line) flag(word string, next []string) (used int, err error) {
	name, value, inWord := strings.Cut(strings.TrimLeft(word, "-"), "=")
	f := l.find(name)
	switch {
	case name == "h" || name == "help":
		l.help = true
		return 0, nil
	case f == nil && (name == "o" || name == "output") && l.find("json") != nil:
		return l.output(word, value, inWord, next)
	case f == nil && !strings.HasPrefix(word, "--") && len(name) > 1:
		return l.joined(word[1:], next)
	case isChoice(f):
		return l.choices(word, value, inWord, next)
	case isSwitch(f):
		return 0, l.set(word, name, value, inWord, next)
	case f == nil || inWord || len(next) == 0: // the flag package complains about an unknown one
		l.flags = append(l.flags, word)
		return 0, nil
	}
	l.flags = append(l.flags, word, next[0])
	return 1, nil
}

// joined reads short flags in one word: -fp, -p8080, -ojson.
func (l *line) joined(letters string, next []string) (used int, err error) {
	for i := range letters {
		f := l.find(letters[i : i+1])
		if f == nil && letters[i] == 'o' && l.find("json") != nil {
			return l.output("-o", letters[i+1:], i+1 < len(letters), next)
		}
		if f == nil {
			return 0, &UsageError{Err: fmt.Errorf("no flag -%s", letters), Command: l.command.Name,
				Meant: meantFlag(l.command, letters)}
		}
		if !isSwitch(f) && i+1 < len(letters) {
			l.flags = append(l.flags, "-"+letters[i:i+1], strings.TrimPrefix(letters[i+1:], "="))
			return 0, nil
		}
		if used, err = l.flag("-"+letters[i:i+1], next); err != nil {
			return 0, err
		}
	}
	return used, nil
}

// truth are the words that people write for a switch's value.
var truth = map[string]string{"true": "true", "yes": "true", "on": "true", "false": "false",
	"no": "false", "off": "false"}

// set reads a switch. Its value stands behind an equals sign.
func (l *line) set(word, name, value string, inWord bool, next []string) error {
	if inWord {
		if known := truth[strings.ToLower(value)]; known != "" {
			word = "--" + name + "=" + known
		}
	} else if len(next) > 0 && truth[strings.ToLower(next[0])] != "" {
		return &UsageError{Err: fmt.Errorf("%s is a switch: its value must follow an equals sign", dashed(name)),
			Command: l.command.Name,
			Meant:   fmt.Sprintf("--%s=%s", name, truth[strings.ToLower(next[0])])}
	}
	l.flags = append(l.flags, word)
	return nil
}

// choices reads a flag that takes some of a known set: commas separate several of them.
func (l *line) choices(word, value string, inWord bool, next []string) (used int, err error) {
	flag := strings.TrimSuffix(word, "="+value)
	if !inWord {
		if len(next) == 0 {
			l.flags = append(l.flags, word) // for the flag package to complain about
			return 0, nil
		}
		value, used = next[0], 1
	}
	for one := range strings.SplitSeq(value, ",") {
		l.flags = append(l.flags, flag, strings.TrimSpace(one))
	}
	return used, nil
}

// output reads kubectl's -o json and -o wide.
func (l *line) output(word, value string, inWord bool, next []string) (used int, err error) {
	if !inWord && len(next) > 0 {
		value, used = next[0], 1
	}
	if value != "json" && (value != "wide" || l.find("wide") == nil) {
		return 0, &UsageError{Err: fmt.Errorf("%s %q: must be json", strings.TrimSuffix(word, "="+value), value),
			Command: l.command.Name}
	}
	l.flags = append(l.flags, "--"+value)
	return used, nil
}

func (l *line) find(name string) cli.Flag {
	if i := slices.IndexFunc(l.command.Flags,
		func(f cli.Flag) bool { return slices.Contains(f.Names(), name) }); i >= 0 {
		return l.command.Flags[i]
	}
	return nil
}

func isSwitch(f cli.Flag) bool {
	_, is := f.(*cli.BoolFlag)
	return is
}

// isChoice says whether a flag may be repeated and has a known set of values, none of which has a comma.
func isChoice(f cli.Flag) bool {
	if f == nil {
		return false
	}
	name := f.Names()[0]
	s, known := config.Find(name)
	return name == "only" || name == "skip" || known && s.Kind == config.List && len(s.Choices) > 0
}

// dashed returns a flag as it is typed: -p, --port.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// kinds are kinds of objects as kubectl's users write them before an object's name, with the kind in full.
var kinds = map[string]string{
	"pod": "Pod", "pods": "Pod", "po": "Pod",
	"deployment": "Deployment", "deployments": "Deployment", "deploy": "Deployment",
	"statefulset": "StatefulSet", "statefulsets": "StatefulSet", "sts": "StatefulSet",
	"daemonset": "DaemonSet", "daemonsets": "DaemonSet", "ds": "DaemonSet",
	"replicaset": "ReplicaSet", "replicasets": "ReplicaSet", "rs": "ReplicaSet",
	"job": "Job", "jobs": "Job", "cronjob": "CronJob", "cronjobs": "CronJob", "cj": "CronJob",
	"service": "Service", "services": "Service", "svc": "Service",
	"configmap": "ConfigMap", "configmaps": "ConfigMap", "cm": "ConfigMap",
	"secret": "Secret", "secrets": "Secret", "ingress": "Ingress", "ingresses": "Ingress", "ing": "Ingress",
	"serviceaccount": "ServiceAccount", "sa": "ServiceAccount", "pvc": "PersistentVolumeClaim",
	"persistentvolumeclaim": "PersistentVolumeClaim",
	"hpa":                   "HorizontalPodAutoscaler", "pdb": "PodDisruptionBudget", "netpol": "NetworkPolicy",
}

// Objects takes the kind off the names: "pod web" and "pod/web" are both web, of kind Pod.
// A kind in front goes for all names behind it. Kind is "" where none was written.
func Objects(args []string) []Object {
	var all []Object
	kind := ""
	if len(args) > 1 && kinds[strings.ToLower(args[0])] != "" {
		kind, args = kinds[strings.ToLower(args[0])], args[1:]
	}
	for _, arg := range args {
		o := Object{kind, arg}
		if k, name, both := strings.Cut(arg, "/"); both {
			o = Object{cmp.Or(kinds[strings.ToLower(k)], k), name}
		}
		all = append(all, o)
	}
	return all
}

// Object is what a user calls an object.
type Object struct{ Kind, Name string }

// String returns KIND/NAME, or the name alone where no kind was written.
func (o Object) String() string {
	if o.Kind == "" {
		return o.Name
	}
	return o.Kind + "/" + o.Name
}

// ObjectNames are the names of objects, as KIND/NAME where a kind was written.
func ObjectNames(args []string) []string { return lists.Map(Objects(args), Object.String) }

// TakesValue says whether the next word belongs to the flag.
func TakesValue(c *cli.Command, word string) bool {
	name, _, inWord := strings.Cut(strings.TrimLeft(word, "-"), "=")
	f := (&line{command: c}).find(name)
	return f != nil && !inWord && !isSwitch(f)
}
