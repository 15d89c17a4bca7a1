package cmdline

import (
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/devloop-cli/devloop/internal/spelling"
)

// OtherTools are the words of other tools for what a command of devloop does.
var OtherTools = map[string]string{
	"destroy": "down", "stop": "down", "rm": "down", "remove": "down", "uninstall": "down", "undeploy": "down",
	"clean": "down", "cleanup": "down", "prune": "down", "purge": "down", "teardown": "down", "halt": "down",
	"kill": "down", "undo": "down", "clear": "down",
	"up": "run", "dev": "run", "develop": "run", "start": "run", "watch": "run", "debug": "run --debug",
	"build": "deploy", "install": "deploy", "redeploy": "deploy", "restart": "deploy", "update": "deploy",
	"render": "deploy --explain",
	"get":    "status", "ps": "status", "ls": "status", "list": "status", "pods": "status", "top": "status",
	"port-forward": "forward", "log": "logs", "tail": "logs --follow",
	"sh": "exec NAME -- sh", "shell": "exec NAME -- sh", "bash": "exec NAME -- bash", "ssh": "exec NAME -- sh",
	"create": "apply", "check": "doctor", "diagnose": "doctor", "events": "describe", "settings": "config",
}

// OtherClusterWords are the words of other tools for what can be done with a cluster.
var OtherClusterWords = map[string]string{
	"create": "setup", "new": "setup", "make": "setup", "add": "setup",
	"up": "cluster start", "resume": "cluster start",
	"down": "cluster stop", "halt": "cluster stop", "pause": "cluster stop", "kill": "cluster stop",
	"rm": "cluster delete", "remove": "cluster delete", "destroy": "cluster delete",
	"list": "doctor", "ls": "doctor", "get": "doctor", "status": "doctor", "info": "doctor",
}

// otherFlags are other tools' names for flags. They mean nothing in a command without the flag.
var otherFlags = map[string]string{
	"all-namespaces": "", "follow": "follow", "file": "manifest", "filename": "manifest", "profile": "env",
}

// MeantCommand returns the command that the first word of a line stands for, "" for none.
func MeantCommand(a *cli.App, words ...string) string {
	word := strings.ToLower(words[0])
	if len(words) > 1 && strings.TrimSuffix(strings.ToLower(words[1]), "s") == "cluster" && word == "create" {
		return "setup" // kind create cluster
	}
	if known := OtherTools[word]; known != "" {
		return known
	}
	names := lists.Map(a.Commands, func(c *cli.Command) string { return c.Name })
	near := spelling.Closest(word, append(names, slices.Sorted(maps.Keys(OtherTools))...)) // "destory" is not "deploy"
	if known := OtherTools[near]; known != "" {
		return known
	}
	return near
}

// meantFlag returns the flag of a command that a name stands for, "" for none. One
// that begins with "no" turns a switch off, and never stands for the switch itself.
func meantFlag(c *cli.Command, name string) string {
	flags := lists.Map(c.Flags, func(f cli.Flag) string { return f.Names()[0] })
	if known, is := otherFlags[name]; is {
		if slices.Contains(flags, known) {
			return "--" + known
		}
		return ""
	}
	off, negated := strings.CutPrefix(name, "no")
	near := spelling.Closest(strings.TrimPrefix(off, "-"), flags)
	switch of := (&line{command: c}); {
	case near != "" && !negated:
		return "--" + near
	case near != "" && isSwitch(of.find(near)):
		return "--" + near + "=false"
	}
	return ""
}
