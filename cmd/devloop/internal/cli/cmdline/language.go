package cmdline

import (
	"cmp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// AddLanguageFlag adds --lang to the commands that run something. [Language] reads it.
func AddLanguageFlag(commands []*cli.Command) {
	for _, c := range commands {
		AddLanguageFlag(c.Subcommands)
		if len(c.Subcommands) == 0 && c.Name != "help" {
			c.Flags = append(c.Flags, &cli.StringFlag{Name: "lang",
				Usage: "the `LANGUAGE` of messages: en or ko (default: DEVLOOP_LANG, or the locale's)", Action: known})
		}
	}
}

// known returns the error of a language that there is not.
var known = OneOf("lang", "en", "ko")

// withoutLanguage takes a --lang in front of the command out of a command line, where [Language] has read it.
func withoutLanguage(args []string) ([]string, error) {
	switch {
	case len(args) > 2 && args[1] == "--lang":
		return slices.Delete(slices.Clone(args), 1, 3), known(nil, args[2])
	case len(args) > 1 && strings.HasPrefix(args[1], "--lang="):
		return slices.Delete(slices.Clone(args), 1, 2), known(nil, strings.TrimPrefix(args[1], "--lang="))
	}
	return args, nil
}

// Language returns the language of --lang in a command line, of $DEVLOOP_LANG or of the locale: ko, or en for
// all others. It is known before the line is parsed, because errors and help have it too.
func Language(args []string, getenv func(string) string) string {
	flag := ""
	for i, arg := range args {
		if arg == "--" {
			break
		}
		if value, joined := strings.CutPrefix(arg, "--lang="); joined {
			flag = value
		} else if arg == "--lang" && i+1 < len(args) {
			flag = args[i+1]
		}
	}
	locale := cmp.Or(flag, getenv("DEVLOOP_LANG"), getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"))
	language, _, _ := strings.Cut(strings.ToLower(locale), "_") // ko_KR.UTF-8
	language, _, _ = strings.Cut(language, ".")
	if language, _, _ = strings.Cut(language, "-"); language == "ko" {
		return "ko"
	}
	return "en"
}
