package cmdline

import (
	"cmp"
	"strings"

	"github.com/urfave/cli/v2"
)

// LanguageFlag is the flag of commands that have texts in several languages.
func LanguageFlag() cli.Flag {
	return &cli.StringFlag{Name: "lang", Usage: "the `LANGUAGE`: en or ko (default: DEVLOOP_LANG, or the locale's)"}
}

// Language returns the language of the flag, of $DEVLOOP_LANG or of the locale: ko, or en for all
// others.
func Language(flag string, getenv func(string) string) string {
	locale := cmp.Or(flag, getenv("DEVLOOP_LANG"), getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG"))
	language, _, _ := strings.Cut(strings.ToLower(locale), "_") // ko_KR.UTF-8
	language, _, _ = strings.Cut(language, ".")
	if language, _, _ = strings.Cut(language, "-"); language == "ko" {
		return "ko"
	}
	return "en"
}
