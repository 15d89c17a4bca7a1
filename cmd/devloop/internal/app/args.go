package app

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// flagsFirst puts a command's flags before its arguments, so that `devloop logs web
// --follow` is what it looks like: the flag package stops at the first argument.
// What stands behind "--" is not touched: it belongs to somebody else.
func flagsFirst(commands []*cli.Command, args []string) []string {
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return len(args) > 1 && c.HasName(args[1]) })
	if i < 0 {
		return args
	}
	flags, rest := slices.Clone(args[:2]), []string(nil)
	for words := args[2:]; len(words) > 0; words = words[1:] {
		word := words[0]
		switch {
		case word == "--":
			return slices.Concat(flags, words[:1], rest, words) // the first ends the flags, and is taken out
		case !strings.HasPrefix(word, "-") || word == "-":
			rest = append(rest, word)
		default:
			flags = append(flags, word)
			if takesValue(commands[i], word) && len(words) > 1 {
				flags, words = append(flags, words[1]), words[1:]
			}
		}
	}
	return append(flags, rest...)
}

// takesValue says whether the next word belongs to the flag. An unknown one stands
// alone: the flag package will complain about it.
func takesValue(c *cli.Command, word string) bool {
	name := strings.TrimLeft(word, "-")
	if strings.Contains(name, "=") {
		return false
	}
	for _, f := range c.Flags {
		_, isBool := f.(*cli.BoolFlag)
		if slices.Contains(f.Names(), name) {
			return !isBool
		}
	}
	return false
}
