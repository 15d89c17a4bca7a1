package app

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"github.com/xrash/smetrics"
)

// otherTools are the words of other tools for what a command of devloop does.
var otherTools = map[string]string{
	"destroy": "down", "stop": "down", "rm": "down", "remove": "down", "uninstall": "down", "undeploy": "down", "clean": "down", "cleanup": "down",
	"up": "run", "dev": "run", "develop": "run", "start": "run", "watch": "run", "debug": "run --debug",
	"build": "deploy", "install": "deploy", "render": "deploy --explain",
	"get": "status", "ps": "status", "ls": "status", "list": "status", "pods": "status", "top": "status",
	"port-forward": "forward", "log": "logs", "tail": "logs --follow", "sh": "exec NAME -- sh", "shell": "exec NAME -- sh", "bash": "exec NAME -- bash", "ssh": "exec NAME -- sh",
	"create": "apply", "check": "doctor", "diagnose": "doctor", "events": "describe", "settings": "config",
}

// otherFlags are other tools' names for flags.
var otherFlags = map[string]string{
	"all-namespaces": "all", "follow": "follow", "file": "manifest", "filename": "manifest", "profile": "env",
}

// meantCommand returns the command that a word stands for, "" for none.
func meantCommand(a *cli.App, word string) string {
	if known := otherTools[strings.ToLower(word)]; known != "" {
		return known
	}
	var names []string
	for _, command := range a.Commands {
		names = append(names, command.Name)
	}
	return closest(word, names)
}

// meantFlag returns the flag of a command that a name stands for, "" for none. One
// that begins with "no-" turns a switch off, and never stands for the switch itself.
func meantFlag(c *cli.Context, name string, flags []string) string {
	if known := "--" + otherFlags[name]; slices.Contains(flags, known) {
		return known
	}
	off, negated := strings.CutPrefix(name, "no-")
	if !negated {
		return closest("--"+name, flags)
	}
	if near := closest("--"+off, flags); near != "" && c.Command != nil {
		of := line{command: c.Command}
		if isSwitch(of.find(near[2:])) {
			return near + "=false"
		}
	}
	return ""
}

// closest returns the candidate that word is most likely a slip of, "" for none: at most
// one edit in three letters.
func closest(word string, candidates []string) string {
	best, distance := "", len(strings.TrimLeft(word, "-"))/3+1
	for _, c := range candidates {
		if d := smetrics.WagnerFischer(word, c, 1, 1, 1); d <= distance {
			best, distance = c, d-1
		}
	}
	return best
}
