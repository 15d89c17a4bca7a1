package cmdline

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/config"
	"github.com/devloop-cli/devloop/internal/lists"
	"github.com/urfave/cli/v2"
)

// UsageError says that the command line can't be understood.
type UsageError struct {
	Err     error
	Command string // whose line it is, "" where that is not known
	Meant   string // what the user may have meant, "" for nothing that is close
}

func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns what the flag parser said.
func (e *UsageError) Unwrap() error { return e.Err }

// Code implements the loop's contract for errors.
func (e *UsageError) Code() string { return "usage" }

// Hints says where the flags are described.
func (e *UsageError) Hints() []string {
	var hints []string
	if e.Meant != "" {
		hints = append(hints, "perhaps you mean: "+e.Meant)
	}
	if e.Command == "" {
		return append(hints, "see what there is: devloop help")
	}
	return append(hints, fmt.Sprintf("see its flags: devloop %s --help", e.Command))
}

// NameOf returns the name of a command as it is typed, as in "cluster start".
func NameOf(c *cli.Command) string {
	return strings.TrimPrefix(cmp.Or(c.HelpName, c.Name), "devloop ") // cli puts it there
}

// Got tells arguments that a command does not take.
func Got(args []string) string {
	if len(args) == 0 {
		return "none"
	}
	return strings.Join(lists.Map(args, strconv.Quote), " ")
}

// What the flag package says of a line that it can't parse; its errors are texts.
var (
	noSuchFlag = regexp.MustCompile(`^flag provided but not defined: --?(.+)$`)
	noValue    = regexp.MustCompile(`^flag needs an argument: --?(.+)$`)
	badValue   = regexp.MustCompile(`^invalid (?:boolean )?value (".*") for (?:flag )?-(\S+): (.+)$`)
)

// FlagError says in our words what is wrong with a command's flags.
func FlagError(c *cli.Context, err error, _ bool) error {
	e := &UsageError{Err: err}
	if c.Command != nil && c.Command.Name != c.App.Name {
		e.Command = NameOf(c.Command)
	}
	if m := noSuchFlag.FindStringSubmatch(err.Error()); m != nil {
		e.Err = fmt.Errorf("no flag %s", dashed(m[1]))
		if e.Command != "" {
			e.Meant = meantFlag(c.Command, m[1])
		}
	} else if m := noValue.FindStringSubmatch(err.Error()); m != nil {
		e.Err = fmt.Errorf("%s needs a value", dashed(m[1]))
	} else if m := badValue.FindStringSubmatch(err.Error()); m != nil {
		e.Err = fmt.Errorf("%s %s: %s", dashed(m[2]), m[1], wrongValue(m[2], m[3]))
	}
	return e
}

// wrongValue says what a flag's value has to be.
func wrongValue(flag, parser string) string {
	if s, known := config.Find(flag); known {
		if err := s.Check("not one"); err != nil {
			return err.Error()
		}
	}
	if parser == "parse error" {
		return "must be a number"
	}
	return parser
}
