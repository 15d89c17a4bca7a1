package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/golden"
	"github.com/devloop-cli/devloop/internal/must"
	"github.com/devloop-cli/devloop/internal/testfile"
)

func nothing(string) (string, bool) { return "", false }

// load reads text as a project's devloop.yaml.
func load(t *testing.T, text string, environment map[string]string) (Config, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	testfile.Write(t, "", File, text)
	return Load("", func(name string) (string, bool) { v, ok := environment[name]; return v, ok })
}

func TestEnvironmentWinsOverTheFile(t *testing.T) {
	got, err := load(t, "version: 1\nport: [8080, 6006:5005]\nwait: 30s\nmanifest: k8s\nfast-start: false\n",
		map[string]string{"DEVLOOP_WAIT": "2m", "DEVLOOP_KEEP": "grace,probes", "DEVLOOP_CONTEXT": ""})
	want := Config{
		"port":       {[]string{"8080", "6006:5005"}, "devloop.yaml:2"},
		"wait":       {[]string{"2m"}, "$DEVLOOP_WAIT"},
		"manifest":   {[]string{"k8s"}, "devloop.yaml:4"},
		"fast-start": {[]string{"false"}, "devloop.yaml:5"},
		"keep":       {[]string{"grace", "probes"}, "$DEVLOOP_KEEP"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v\nwant %v", got, err, want)
	}
}

func TestPathsAreRelativeToTheFile(t *testing.T) {
	dir := t.TempDir()
	testfile.Write(t, dir, File, "version: 1\nmanifest: [k8s/pod.yaml, /etc/pod.yaml]\n")
	got, err := Load(dir, nothing)
	if want := []string{filepath.Join(dir, "k8s", "pod.yaml"), "/etc/pod.yaml"}; err != nil ||
		!reflect.DeepEqual(got["manifest"].Texts, want) {
		t.Errorf("got %v, %v", got["manifest"].Texts, err)
	}
	t.Setenv("HOME", "/home/ada")
	t.Setenv("USERPROFILE", "/home/ada") // on Windows
	for value, want := range map[string]string{"none": "none", "docker/Dockerfile": filepath.Join(dir, "docker",
		"Dockerfile"), "~/Dockerfile": filepath.FromSlash("/home/ada/Dockerfile")} {
		testfile.Write(t, dir, File, "version: 1\ndockerfile: "+value+"\n")
		if got, err := Load(dir, nothing); err != nil || !reflect.DeepEqual(got["dockerfile"].Texts, []string{want}) {
			t.Errorf("%s: got %v, %v", value, got["dockerfile"], err)
		}
	}
}

// TestEveryMistakeComesAtOnce compares with testdata/broken.txt.
func TestEveryMistakeComesAtOnce(t *testing.T) {
	text := testfile.Read(t, "testdata/broken.yaml")
	file, err := filepath.Abs("testdata/broken.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, err = load(t, string(text), map[string]string{"DEVLOOP_TIMEOUT": "soon", "DEVLOOP_WITHOUT": "archive,quik"})
	invalid, ok := errors.AsType[*Error](err)
	if !ok || invalid.Code() != "config.invalid" {
		t.Fatalf("got %v", err)
	}
	golden.Compare(t, file, invalid.Error()+"\n"+strings.Join(invalid.Evidence(), "\n")+"\n→ "+
		strings.Join(invalid.Hints(), "\n→ ")+"\n")
}

func TestMistakesOfTheWholeFile(t *testing.T) {
	for text, want := range map[string]string{
		"wait: 30s\n":                       "devloop.yaml:1:1: there is no `version`",
		"version: 2\n":                      "devloop.yaml:1:10: `version` must be 1",
		"- a\n":                             "devloop.yaml:1:1: settings are lines of `key: value`",
		"version: 1\n---\nwait: 1s\n":       "devloop.yaml:3:1: a second document begins here",
		"version: 1\n\twait: 30s\n":         "devloop.yaml:2:1: this line is indented with a tab",
		"version: 1\nwait: 1s\nwait: 2s":    "devloop.yaml:3:1: `wait` is there twice, first in line 2",
		"version: 1\nnamespace:\n":          "`namespace` has no value",
		"version: 1\nnamespace: My_Shop\n":  "devloop.yaml:2:12: `namespace` must be small letters, digits and hyphens",
		"version: 1\nport: {local: 80}\n":   "devloop.yaml:2:7: `port` must be a text, or a list of them",
		"version: 1\naddress: elsewhere\n":  "`address` must be localhost or an IP address",
		"version: 1\nport: [80, 70000]\n":   "devloop.yaml:2:12: `port` must be LOCAL",
		"version: 1\nfast-start: perhaps\n": "`fast-start` must be true or false",
	} {
		if _, err := load(t, text, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
	for _, text := range []string{"", "# nothing yet\n", "version: 1\n"} {
		if got, err := load(t, text, nil); err != nil || len(got) > 0 {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
}

func TestAFileOfAnotherNameIsNotPassedOver(t *testing.T) {
	dir := t.TempDir()
	testfile.Write(t, dir, "devloop.yml", "")
	if _, err := Load(dir, nothing); err == nil || !strings.Contains(err.Error(), "devloop reads devloop.yaml") {
		t.Errorf("got %v", err)
	}
	for _, dir := range []string{filepath.Join(dir, "missing"), filepath.Join(dir, "devloop.yml")} {
		if _, err := Load(dir, nothing); err != nil {
			t.Errorf("%s: %v", dir, err) // the project reports a DIR that does not exist
		}
	}
}

func TestPortsAreReadStrictly(t *testing.T) {
	for text, want := range map[string][2]int{"1234": {1234, 0}, "6006:5005": {6006, 5005}, "0": {0, 0},
		"0:80": {0, 80}} {
		if l, c, err := Port(text); err != nil || want != [2]int{l, c} {
			t.Errorf("%q: got %d, %d, %v", text, l, c, err)
		}
	}
	for _, bad := range []string{"", "eighty", "-1", "70000", "80:0", "80:", "1:2:3"} {
		if _, _, err := Port(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// TestEveryExampleIsGood uncomments the template's lines: what it shows must be taken.
func TestEveryExampleIsGood(t *testing.T) {
	var text strings.Builder
	for line := range strings.Lines(Template(nil, map[string]string{"module": `":web"`})) {
		for _, s := range Settings {
			if strings.HasPrefix(line, "# "+s.Name+": ") {
				line = strings.TrimPrefix(line, "# ")
			}
		}
		text.WriteString(line)
	}
	got, err := load(t, text.String(), nil)
	if err != nil {
		t.Error(errors.AsType[*Error](err))
	}
	for _, s := range Settings {
		if len(got[s.Name].Texts) == 0 {
			t.Errorf("%s has no example", s.Name)
		}
		if s.Default != "" && s.Check(s.Default) != nil {
			t.Errorf("%s: its default %q is refused", s.Name, s.Default)
		}
	}
}

// TestSchemaKnowsEverySetting looks that the schema is JSON and names all keys.
func TestSchemaKnowsEverySetting(t *testing.T) {
	text := must.Get(Schema())(t)
	var schema struct {
		AdditionalProperties *bool
		Properties           map[string]struct {
			Description string
			Type        any
			AnyOf       []any
		}
	}
	must.Do(t, json.Unmarshal(text, &schema))
	if runAs, port := schema.Properties["run-as"].Type,
		schema.Properties["debug-port"].AnyOf; !reflect.DeepEqual(runAs, []any{"string", "number"}) || len(port) != 2 {
		t.Errorf("editors flag numbers: run-as is of %v, debug-port of %v", runAs, port)
	}
	if schema.AdditionalProperties == nil || *schema.AdditionalProperties {
		t.Error("unknown keys pass")
	}
	for _, s := range Settings {
		if schema.Properties[s.Name].Description == "" {
			t.Errorf("%s is missing", s.Name)
		}
	}
}

// TestDocsHaveTheSettings keeps docs/settings.md equal to the table.
func TestDocsHaveTheSettings(t *testing.T) {
	const path, mark = "../../../../docs/settings.md",
		"<!-- made from the code: go test ./cmd/devloop/internal/config -update -->\n"
	text := testfile.Read(t, path)
	head, _, found := strings.Cut(string(text), mark)
	if !found {
		t.Fatalf("%s has no line %s", path, mark)
	}
	golden.Compare(t, path, head+mark+markdown())
}

func TestCommasOfAVariablesValueArePartOfIt(t *testing.T) {
	for text, want := range map[string][]string{
		"A=b": {"A=b"}, "A=b,c,D=e": {"A=b,c", "D=e"}, "A=,B=c": {"A=", "B=c"}, "wrong,A=b": {"wrong", "A=b"},
	} {
		if got := parts(text, true); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	if got := parts("docs,**/*.md", false); len(got) != 2 {
		t.Errorf("got %q", got)
	}
	got, err := Load(t.TempDir(),
		func(name string) (string, bool) { return map[string]string{"DEVLOOP_ENV": "wrong"}[name], true })
	if err == nil || !strings.Contains(err.Error(), "NAME=VALUE") {
		t.Errorf("got %v, %v", got, err)
	}
}

// markdown returns the table of docs/settings.md.
func markdown() string {
	var b strings.Builder
	b.WriteString("| key, and flag | environment | default | what it is for | example |\n|---|---|---|---|---|\n")
	for _, s := range Settings {
		usage := strings.TrimSuffix(s.help(), " (default: "+s.Default+")")
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | `%s` |\n", s.Name, s.Env(), code(s.Default), usage, s.Example)
	}
	return b.String()
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}
