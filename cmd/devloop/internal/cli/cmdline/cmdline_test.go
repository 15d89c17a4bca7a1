package cmdline

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"
)

// command has a flag of each type.
func command() *cli.Command {
	return &cli.Command{
		Name: "logs", Usage: "print a Pod's log", ArgsUsage: "[NAME]", Action: func(*cli.Context) error { return nil }, OnUsageError: FlagError,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "go on until Ctrl+C"},
			&cli.BoolFlag{Name: "json", Usage: "one JSON line per event"},
			&cli.BoolFlag{Name: "cleanup", Usage: "remove the Pod at the end", Value: true},
			&cli.IntFlag{Name: "tail", Usage: "begin with the last `LINES`"},
			&cli.StringFlag{Name: "namespace", Aliases: []string{"n"}, Usage: "look in this `NAMESPACE`",
				Value: "default"},
			&cli.StringFlag{Name: "manifest", Usage: "apply this `FILE`"},
			&cli.DurationFlag{Name: "timeout", Usage: "wait so long", Value: time.Minute},
		},
	}
}

func app() *cli.App {
	return &cli.App{Name: "devloop", Usage: "run a project", Writer: io.Discard, ErrWriter: io.Discard,
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   FlagError,
		Commands:       []*cli.Command{command(), {Name: "status", Usage: "list Pods"}, {Name: "secret", Hidden: true}}}
}

func TestExitCodeFollowsFromTheLongestPrefix(t *testing.T) {
	t.Parallel()
	for failure, want := range map[string]int{
		"usage": 2, "project.none": 3, "project.held": 4, "manifest.invalid": 3, "compile.failed": 10, "tool.missing": 10, "image.failed": 11,
		"load.failed": 12, "deploy.failed": 13, "pod.foreign": 13, "pod.crash": 14, "port.busy": 15, "forward.failed": 15,
		"docker.unreachable": 20, "cluster.foreign": 21, "interrupted": 130, "unexpected": 1, "podium": 1, "": 1,
	} {
		if got := ExitCode(failure); got != want {
			t.Errorf("%s: got %d, want %d", failure, got, want)
		}
	}
}

// TestNoFlagMeansTheOpposite: a name that turns something off never leads to what turns it on.
func TestNoFlagMeansTheOpposite(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"folow": "--follow", "no-cleanup": "--cleanup=false", "nocleanup": "--cleanup=false", "no-tail": "", "no-such": "",
		"namespcae": "--namespace", "all-namespaces": "", "profile": "", "file": "--manifest", "filename": "--manifest", "Tail": "--tail", "x": "", "": "",
	} {
		if got := meantFlag(command(), name); got != want {
			t.Errorf("--%s: got %q, want %q", name, got, want)
		}
	}
}

// TestWrongFlagsAreExplained goes through cli, whose errors are texts.
func TestWrongFlagsAreExplained(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]struct{ text, meant string }{
		"logs --folow":         {"no flag --folow", "--follow"},
		"logs --no-cleanup":    {"no flag --no-cleanup", "--cleanup=false"},
		"logs -x":              {"no flag -x", ""},
		"logs --tail":          {"--tail needs a value", ""},
		"logs --tail many":     {`--tail "many": must be a number`, ""},
		"logs --follow=maybe":  {`--follow "maybe": `, ""},
		"logs --timeout later": {`--timeout "later": `, ""},
	} {
		a := app()
		err := a.Run(append([]string{"devloop"}, strings.Fields(given)...))
		usage, ok := errors.AsType[*UsageError](err)
		if !ok || !strings.HasPrefix(usage.Error(), want.text) || usage.Meant != want.meant ||
			usage.Command != "logs" || usage.Code() != "usage" {
			t.Errorf("%s: got %+v, %v", given, usage, err)
		}
	}
	if err := app().Run([]string{"devloop", "logs", "--tail", "3", "-f", "web"}); err != nil {
		t.Errorf("a correct line: %v", err)
	}
}

func TestHelpFitsTheTerminal(t *testing.T) {
	t.Parallel()
	words := "A command writes what it has to say in as many lines as the terminal has room for, and a\nline break in the text does not count.\n\n  devloop logs web --follow --namespace a-namespace-with-a-long-name-that-stays-in-its-line\n\nThe end."
	for _, width := range []int{53, 80, 100} {
		text := filled(words, "    ", width)
		for line := range strings.Lines(text) {
			if line = strings.TrimSuffix(line, "\n"); len(line) > width && !strings.HasPrefix(line, "      ") {
				t.Errorf("width %d: %d columns: %q", width, len(line), line)
			}
		}
		if !slices.Equal(strings.Fields(text), strings.Fields(words)) {
			t.Errorf("width %d: words were lost:\n%s", width, text)
		}
		if !strings.Contains(text, "\n      devloop logs web --follow --namespace a-namespace-with-a-long-name-that-stays-in-its-line\n\n    The end.\n") {
			t.Errorf("width %d: the command's line was filled:\n%s", width, text)
		}
	}
}

func TestLongNamesHaveALineOfTheirOwn(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"  -f":         "  -f    follow\n        it\n",
		"  --followit": "  --followit\n        follow\n        it\n",
	} {
		if got := beside(name, "follow it", 8, 15); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
}

func printHelp(w io.Writer, of any) { HelpPrinter(func(text string) string { return text })(w, "", of) }

func TestHelpShowsNamesValuesAndDefaults(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	printHelp(&b, command())
	for _, want := range []string{
		"devloop logs: print a Pod's log\n\nUsage: devloop logs [FLAG...] [NAME]\n",
		"  -f, --follow            go on until Ctrl+C\n",
		"      --tail LINES        begin with the last LINES\n",
		"  -n, --namespace NAMESPACE\n                          look in this NAMESPACE (default: default)\n",
		"      --timeout TIME      wait so long (default: 1m0s)\n",
		"  -h, --help ",
		"  devloop logs web --previous ",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("without %q:\n%s", want, b.String())
		}
	}
	b.Reset()
	printHelp(&b, app())
	if !strings.Contains(b.String(), "\nCommands:\n  logs        print a Pod's log\n  status      list Pods\n") ||
		strings.Contains(b.String(), "secret") {
		t.Errorf("got\n%s", b.String())
	}
}

func TestKindsMayStandBeforeNames(t *testing.T) {
	t.Parallel()
	for given, want := range map[string][]Object{
		"":                nil,
		"web":             {{"", "web"}},
		"pod/web":         {{"Pod", "web"}},
		"pod web":         {{"Pod", "web"}},
		"po web api":      {{"Pod", "web"}, {"Pod", "api"}},
		"deploy/web":      {{"Deployment", "web"}},
		"Deployment/web":  {{"Deployment", "web"}},
		"certificate/web": {{"certificate", "web"}},
		"pod":             {{"", "pod"}},
		"web api":         {{"", "web"}, {"", "api"}},
	} {
		if got := Objects(strings.Fields(given)); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", given, got, want)
		}
	}
}

func TestValueBehindAFlagIsNoArgument(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]bool{"--tail": true, "-n": true, "--tail=3": false, "-f": false,
		"--unknown": false} {
		if got := TakesValue(command(), word); got != want {
			t.Errorf("%s: got %v", word, got)
		}
	}
}

// TestFlagsStandUnderTheirHeading: what only this command has comes first, and not under a heading of what many share.
func TestFlagsStandUnderTheirHeading(t *testing.T) {
	t.Parallel()
	c := command()
	c.Flags = append(c.Flags, &cli.BoolFlag{Name: "quiet", Usage: "say less"},
		&cli.StringFlag{Name: "lang", Usage: "speak it"},
		&cli.StringFlag{Name: "cluster", Usage: "there"}, &cli.BoolFlag{Name: "watch", Category: OwnFlags, Usage: "go on"},
		&cli.DurationFlag{Name: "since", Usage: "only later lines"})
	var out strings.Builder
	HelpPrinter(English)(&out, "", c)
	under, heading := map[string][]string{}, ""
	for line := range strings.Lines(out.String()) {
		switch fields := strings.Fields(line); {
		case len(fields) == 1 && strings.HasSuffix(fields[0], ":"):
			heading = fields[0]
		case strings.Contains(line, "  --") || strings.Contains(line, ", --"):
			_, name, _ := strings.Cut(line, "--")
			name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
			under[heading] = append(under[heading], name)
		}
	}
	for heading, want := range map[string]string{
		"Flags:": "follow tail watch since", "Project:": "cleanup manifest", "Pod:": "timeout",
		"Cluster:": "namespace cluster", "Output:": "json quiet lang help",
	} {
		if got := strings.Join(under[heading], " "); got != want {
			t.Errorf("%s got %q, want %q", heading, got, want)
		}
	}
	if strings.Contains(out.String(), "default: 0s") {
		t.Error("no time at all is told as a default")
	}
}

// TestUsageErrorsNameTheSubcommand: the command in the hint is one that can be typed.
func TestUsageErrorsNameTheSubcommand(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"cluster start --foo", "cluster start --color maybe"} {
		a := app()
		a.Commands = append(a.Commands, &cli.Command{Name: "cluster", Subcommands: []*cli.Command{
			{Name: "start", Action: func(*cli.Context) error { return nil }, OnUsageError: FlagError,
				Flags: []cli.Flag{ColorFlag()}},
		}})
		usage, ok := errors.AsType[*UsageError](a.Run(append([]string{"devloop"}, strings.Fields(given)...)))
		if !ok || usage.Command != "cluster start" {
			t.Errorf("%s: got %+v", given, usage)
		}
	}
	if got := Got(nil) + " " + Got([]string{"a", "b c"}); got != `none "a" "b c"` {
		t.Errorf("got %s", got)
	}
}
