package app

import (
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestArgumentsAreTakenAsPeopleTypeThem(t *testing.T) {
	commands := newApp(Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}).Commands
	for given, want := range map[string]string{
		"devloop":                                "devloop",
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
		got, err := arguments(commands, strings.Fields(given))
		if err != nil || !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s:\n got %v, %v\nwant %s", given, got, err, want)
		}
	}
}

func TestArgumentsThatContradictThemselvesAreRefused(t *testing.T) {
	commands := newApp(Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}).Commands
	for given, want := range map[string]string{
		"devloop deploy --fast-start no":   "perhaps you mean: --fast-start=false",
		"devloop deploy --fast-start True": "perhaps you mean: --fast-start=true",
		"devloop status -o yaml":           "see its flags: devloop status --help",
		"devloop status --output":          "see its flags: devloop status --help",
		"devloop status -oyaml":            "see its flags: devloop status --help",
		"devloop logs -fx web":             "see its flags: devloop logs --help",
		"devloop logs -ftail":              "see its flags: devloop logs --help",
		"devloop -n here status -A":        "perhaps you mean: devloop status -n here -A",
	} {
		_, err := arguments(commands, strings.Fields(given))
		usage, ok := errors.AsType[*UsageError](err)
		if !ok || !slices.Contains(usage.Hints(), want) {
			t.Errorf("%s: got %v", given, err)
		}
	}
}

// TestNoSuggestionMeansTheOpposite: a word that takes something away never leads to one that brings it.
func TestNoSuggestionMeansTheOpposite(t *testing.T) {
	a := newApp(Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	for word, want := range map[string]string{
		"destroy": "down", "stop": "down", "rm": "down", "remove": "down", "up": "run", "dev": "run", "get": "status", "ps": "status",
		"port-forward": "forward", "deplyo": "deploy", "statsu": "status", "frobnicate": "",
		"prune": "down", "halt": "down", "quit": "", "edit": "", "LOGS": "logs", "Up": "run",
	} {
		if got := meantCommand(a, word); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
	if got := meantCommand(a, "create", "cluster"); got != "setup" {
		t.Errorf("create cluster: got %q", got)
	}
	for _, command := range slices.Concat(slices.Collect(maps.Values(otherTools)), slices.Collect(maps.Values(otherClusterWords))) {
		if word, _, _ := strings.Cut(command, " "); a.Command(word) == nil {
			t.Errorf("there is no command %q", command)
		}
	}
	for name, want := range map[string]string{
		"no-cleanup": "--cleanup=false", "no-port": "", "no-such": "", "prot": "--port", "file": "--manifest",
		"nocleanup": "--cleanup=false", "noport": "", "all-namespaces": "", "follow": "", "detach": "", "Port": "--port",
	} {
		if got := meantFlag(a.Command("run"), name); got != want {
			t.Errorf("--%s: got %q, want %q", name, got, want)
		}
	}
}

func TestKindsMayStandBeforeNames(t *testing.T) {
	for given, want := range map[string][]object{
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
		if got := objects(strings.Fields(given)); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", given, got, want)
		}
	}
}

func TestTwoLocalPortsForOneContainerPortAreRefused(t *testing.T) {
	for _, bad := range [][]string{{"8080", "9090"}, {"9090:8080", "9191:8080"}} {
		if got, err := localPorts(bad); err == nil {
			t.Errorf("%v: got %v", bad, got)
		}
	}
	got, err := localPorts([]string{"9090", "9191:5005", "9090"})
	if err != nil || !maps.Equal(got, map[int]int{0: 9090, 5005: 9191}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestASlashMakesNoOtherProject: a shell that completes a directory's name ends it with a slash.
func TestASlashMakesNoOtherProject(t *testing.T) {
	dir := t.TempDir()
	k8s := filepath.Join(dir, "k8s")
	if err := os.Mkdir(k8s, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(k8s, "pod.yaml")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, given := range []string{k8s, k8s + "/", k8s + "/./", file} {
		if got, err := manifestDir(given); err != nil || got != k8s {
			t.Errorf("%s: got %q, %v", given, got, err)
		}
	}
	t.Chdir(dir)
	if got, err := manifestDir("-"); err != nil || filepath.Base(got) != filepath.Base(dir) {
		t.Errorf("stdin: got %q, %v", got, err)
	}
}

func TestForwardArguments(t *testing.T) {
	for text, want := range map[string]struct {
		name  string
		ports portPair
	}{
		"":            {"", portPair{}},
		"web":         {"web", portPair{}},
		"8080":        {"", portPair{8080, 8080, false}},
		"web 80":      {"web", portPair{80, 80, false}},
		"pod/web 80":  {"web", portPair{80, 80, false}},
		"pod web 80":  {"web", portPair{80, 80, false}},
		"web 8080:80": {"web", portPair{8080, 80, true}},
		"web :80":     {"web", portPair{0, 80, false}},
		"web 0:80":    {"web", portPair{0, 80, false}},
	} {
		name, ports, err := forwardArgs(strings.Fields(text))
		if err != nil || name != want.name || ports != want.ports {
			t.Errorf("%q: got %q %v %v", text, name, ports, err)
		}
	}
	for _, bad := range []string{"web eighty", "web 80:", "web 70000", "web 1:2:3", "a b c", "web -1"} {
		if _, _, err := forwardArgs(strings.Fields(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestAddressesLastAsLongAsTheirProcess writes addresses down as a session does.
func TestAddressesLastAsLongAsTheirProcess(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	book := &addressBook{}
	a := address{Context: "kind-a", Namespace: "default", Pod: "web", Port: 8080, URL: "http://localhost:8080"}
	book.add(a)
	moved := a
	moved.Pod = "web-2" // the same local port leads elsewhere now
	book.add(moved)
	if got := openAddresses("kind-a"); !slices.Equal(got, []address{moved}) {
		t.Errorf("got %v", got)
	}
	if got := openAddresses("kind-b"); len(got) != 0 {
		t.Errorf("another cluster has %v", got)
	}
	if err := book.lock.Unlock(); err != nil { // as the system does when a process dies
		t.Fatal(err)
	}
	if got := openAddresses("kind-a"); len(got) != 0 {
		t.Errorf("a dead process still has %v", got)
	}
}
