package cli

import (
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/cmdline"
	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/wiring"
)

func TestArgumentsAreTakenAsPeopleTypeThem(t *testing.T) {
	commands := newApp(wiring.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}).Commands
	for given, want := range map[string]string{
		"devloop":                                "devloop",
		"devloop --lang ko":                      "devloop",
		"devloop --lang=ko --help":               "devloop help",
		"devloop --lang ko run -p8080":           "devloop run -p 8080",
		"devloop -h":                             "devloop help",
		"devloop --help":                         "devloop help",
		"devloop --help run":                     "devloop help run",
		"devloop --help nothing":                 "devloop help",
		"devloop --version":                      "devloop version",
		"devloop -v":                             "devloop version",
		"devloop deploy --help extra":            "devloop help deploy",
		"devloop completion zsh -h":              "devloop help completion",
		"devloop exec web -- ls --help":          "devloop exec -- web -- ls --help",
		"devloop unknown web --follow":           "devloop unknown web --follow",
		"devloop logs web --follow":              "devloop logs --follow web",
		"devloop logs web -n here --tail=3":      "devloop logs -n here --tail=3 web",
		"devloop logs web --no-such x":           "devloop logs --no-such web x",
		"devloop logs web --tail":                "devloop logs --tail web",
		"devloop logs -fp web":                   "devloop logs -f -p web",
		"devloop logs -fn here web":              "devloop logs -f -n here web",
		"devloop logs -fnhere web":               "devloop logs -f -n here web",
		"devloop logs web -- x":                  "devloop logs -- web x",
		"devloop run -p8080":                     "devloop run -p 8080",
		"devloop run -p=8080":                    "devloop run -p=8080",
		"devloop run -port 8080":                 "devloop run -port 8080",
		"devloop run --fast-start=no":            "devloop run --fast-start=false",
		"devloop run --fast-start=false":         "devloop run --fast-start=false",
		"devloop status -o json":                 "devloop status --json",
		"devloop status -ojson":                  "devloop status --json",
		"devloop status -o wide":                 "devloop status --wide",
		"devloop status -Aojson":                 "devloop status -A --json",
		"devloop status --output=json":           "devloop status --json",
		"devloop deploy --without archive,swap":  "devloop deploy --without archive --without swap",
		"devloop deploy --without=archive,swap":  "devloop deploy --without archive --without swap",
		"devloop setup --only docker,jdk":        "devloop setup --only docker --only jdk",
		"devloop run -e A=1,2":                   "devloop run -e A=1,2",
		"devloop exec web -it -- ls -l --follow": "devloop exec -i -t -- web -- ls -l --follow",
		"devloop exec -i -- cat -n":              "devloop exec -i -- -- cat -n",
		"devloop apply - -f -":                   "devloop apply -f - -",
	} {
		got, err := cmdline.Arguments(commands, strings.Fields(given))
		if err != nil || !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s:\n got %v, %v\nwant %s", given, got, err, want)
		}
	}
}

func TestArgumentsThatContradictThemselvesAreRefused(t *testing.T) {
	commands := newApp(wiring.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}).Commands
	for given, want := range map[string]string{
		"devloop deploy --fast-start no":   "perhaps you mean: --fast-start=false",
		"devloop deploy --fast-start True": "perhaps you mean: --fast-start=true",
		"devloop status -o yaml":           "see its flags: devloop status --help",
		"devloop logs -o wide":             "see its flags: devloop logs --help",
		"devloop status --output":          "see its flags: devloop status --help",
		"devloop status -oyaml":            "see its flags: devloop status --help",
		"devloop logs -fx web":             "see its flags: devloop logs --help",
		"devloop logs -ftail":              "see its flags: devloop logs --help",
		"devloop -n here status -A":        "perhaps you mean: devloop status -n here -A",
	} {
		_, err := cmdline.Arguments(commands, strings.Fields(given))
		usage, ok := errors.AsType[*cmdline.UsageError](err)
		if !ok || !slices.Contains(usage.Hints(), want) {
			t.Errorf("%s: got %v", given, err)
		}
	}
}

// TestNoSuggestionMeansTheOpposite: a word that takes something away never leads to one that brings it.
func TestNoSuggestionMeansTheOpposite(t *testing.T) {
	a := newApp(wiring.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	for word, want := range map[string]string{
		"destroy": "down", "stop": "down", "rm": "down", "remove": "down", "up": "run", "dev": "run", "get": "status", "ps": "status",
		"port-forward": "forward", "deplyo": "deploy", "statsu": "status", "frobnicate": "",
		"prune": "down", "halt": "down", "quit": "", "edit": "", "LOGS": "logs", "Up": "run",
	} {
		if got := cmdline.MeantCommand(a, word); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
	if got := cmdline.MeantCommand(a, "create", "cluster"); got != "setup" {
		t.Errorf("create cluster: got %q", got)
	}
	for _, command := range slices.Concat(slices.Collect(maps.Values(cmdline.OtherTools)),
		slices.Collect(maps.Values(cmdline.OtherClusterWords))) {
		if word, _, _ := strings.Cut(command, " "); a.Command(word) == nil {
			t.Errorf("there is no command %q", command)
		}
	}
}
