package translate

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/internal/testfile"
)

// untranslated are the places whose prose stays English, each with the reason. A path stands for what is below it, too.
var untranslated = map[string]string{
	"builder/classfile":                         "the save goes to the build, and what is wrong with a class file is for those who mend devloop",
	"builder/internal/buildtest":                "for tests",
	"builder/internal/enginetest":               "for tests",
	"builder/internal/jartest":                  "for tests",
	"builder/cds/train.go":                      "the trainer's last words are a protocol",
	"cmd/devloop/internal/cli/attach/mcp.go":    "assistants are told in English what the tools do",
	"cmd/devloop/internal/cli/man.go":           "the manual page is English",
	"cmd/devloop/internal/cli/settings/ide.go":  "files that editors read",
	"cmd/devloop/internal/cli/settings/init.go": "what stands in files that a team shares",
	"cmd/devloop/internal/config/write.go":      "what stands in devloop.yaml, which a team shares",
	"cmd/devloop/internal/engine/state":         "what can't be: for those who mend devloop",
	"cmd/devloop/internal/event":                "the JSON Schema, and the reading of JSON, are for programs",
	"cmd/devloop/internal/jdwp":                 "debuggers read it",
	"cmd/devloop/internal/livereload":           "browsers' extensions read it",
	"internal/golden":                           "for tests",
	"loader/containerd/image_gc.go":             "a script for the node",
	"loader/containerd/script.go":               "a script for the node, and the proof of a load for the JSON",
	"loader/containerd/session.go":              "a script for the node",
	"loader/internal/loadertest":                "for tests",
	"runner/explain/explain.go":                 "what the supervisor writes into the application's log",
	"runner/internal/fakeapi":                   "for tests",
	"internal/testscreen":                       "for tests",
	"runner/localport/outage/outage.go":         "HTML, whose words are values",
	"runner/testdata":                           "applications for tests",
	"runner/tunnel/tunneltest":                  "for tests",
}

// others are texts that are no messages, each with the reason.
var others = map[string]string{
	"# written by devloop setup":                       "a comment in a file",
	"display notification (item 2 of argv) with title": "a script for the Mac",
	"this page is served as":                           "a foreign page gets it",
	"another page asked for it":                        "a foreign page gets it",
	"nothing happens":                                  "a comment in a stream",
	"complete (%d/%d layers), image %.19s":             "the proof of a load, for the JSON",
	"minikube image load succeeded":                    "the proof of a load, for the JSON",
	"export KUBECONFIG=/etc/kubernetes/admin.conf":     "a script for the node",
	"pod-security.kubernetes.io/enforce=privileged":    "a part of a command",
	"data: ":                      "a line of a stream",
	"not found":                   "the registry's words",
	", commit %s of %s":           "the version is for programs, too",
	"--name ":                     "a part of a command",
	"process %d":                  "the name of a process",
	"the answer is %s":            "it is not shown",
	"javac: %+v":                  "for tests",
	"parse error":                 "the flag package's words",
	"Error unpacking image":       "Docker's words",
	"Download complete":           "Docker's words",
	"no such host":                "the resolver's words",
	"deadline exceeded":           "Go's words",
	"network is unreachable":      "the system's words",
	"connection refused":          "the system's words",
	"pull access denied":          "the registry's words",
	"no match for platform":       "the registry's words",
	"didn't have free ports":      "the scheduler's words",
	"not one":                     "a value that no setting takes",
	"only the application":        "a part of a hash",
	"gone back":                   "the supervisor's answer",
	"the name %.40q… is too long": "what can't be",
	"serviceaccount %q not found": "Kubernetes' words",
	"minikube start --profile":    "a command",
	"k3d cluster start":           "a command",
	"docker desktop":              "a name",
	"cluster start":               "a command",
	"cluster stop":                "a command",
	"cluster delete":              "a command",
	"on run argv":                 "a script for the Mac",
	"end run":                     "a script for the Mac",
	"* What went wrong:":          "Gradle's words",
	"spare of":                    "the key of an event",
	"read layer %v: its size is not %d bytes":          "what can't be",
	"read the image's configuration: it is %v, not %v": "what can't be",
}

// prose matches what a person may read: two words, or the begin or the end of a sentence.
var prose = regexp.MustCompile(`[a-z]{2,} [a-z]{2,}|[a-z]{2,}:? $|^,? [a-z]{2,}`)

// goVerb matches a verb of package fmt.
var goVerb = regexp.MustCompile(`%(?:\[\d\])?[-+# 0]*\d*(?:\.\d+)?[a-zA-Z]`)

// TestEveryMessageIsTranslated looks for prose in the sources that the catalogue does not have.
func TestEveryMessageIsTranslated(t *testing.T) {
	t.Parallel()
	words := map[string]bool{}
	for _, e := range parsed() {
		for _, part := range verb.Split(e.english, -1) {
			words[trimmed(part)] = true
		}
	}
	found := 0
	messages(t, func(place, text string) {
		found++
		for paragraph := range strings.SplitSeq(text, "\n\n") {
			if !strings.HasPrefix(paragraph, " ") && !translated(strings.Join(strings.Fields(paragraph), " "), words) {
				t.Errorf("%s: add the Korean of %q to ko.txt, or a reason here why it stays English", place, paragraph)
			}
		}
	})
	if found < 1500 {
		t.Errorf("found %d messages", found)
	}
}

// translated reports whether the catalogue has the words of a text, or an entry that fits it.
func translated(text string, words map[string]bool) bool {
	text, _ = strings.CutSuffix(text, "; may be repeated") // which help translates on its own
	for _, argument := range []string{"x", "7", `"x"`} {
		if _, known := parsed().say(goVerb.ReplaceAllString(text, argument)); known {
			return true
		}
	}
	return commandLine.MatchString(text) || !slices.ContainsFunc(goVerb.Split(text, -1), func(part string) bool {
		part = trimmed(part)
		return len(part) > 3 && !words[part]
	})
}

// trimmed returns the words between two arguments.
func trimmed(part string) string { return strings.Trim(part, " :,;.`") }

// commandLine matches an example.
var commandLine = regexp.MustCompile(`^(?:devloop [a-z]+(?: |$)|curl |claude |source )`)

// messages calls do for each text in the sources that may be a message.
func messages(t *testing.T, do func(place, text string)) {
	t.Helper()
	for _, dir := range []string{"cmd", "builder", "internal", "loader", "runner", "watch"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") ||
				exempt(path) {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				l, is := n.(*ast.BasicLit)
				if is && l.Kind == token.STRING {
					if text, _ := strconv.Unquote(l.Value); isProse(text) {
						do(files.Position(l.Pos()).String(), text)
					}
				}
				return !isForeign(n)
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryWordOfThePageIsTranslated looks for the formats in the page of a session, which have to be in the catalogue
// as they are.
func TestEveryWordOfThePageIsTranslated(t *testing.T) {
	t.Parallel()
	formats := Formats("ko")
	words := wordsOfThePage.FindAllStringSubmatch(page(t), -1)
	for _, m := range words {
		if word := strings.Join(m[1:], ""); formats[word] == "" {
			t.Errorf("not translated: %q", word)
		}
	}
	if len(words) < 40 || len(Formats("en")) > 0 {
		t.Errorf("found %d words, and %d formats in English", len(words), len(Formats("en")))
	}
}

// wordsOfThePage matches what the page of a session translates.
var wordsOfThePage = regexp.MustCompile(`\bsay\((?:'([^']+)'|"([^"]+)")| data-say>([^<]+)<|aria-label="([^"]+)"`)

// page returns the page of a session and its script.
func page(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{"page.js", "page.html"} {
		text := testfile.Read(t, filepath.Join(root, "cmd/devloop/internal/page/assets", name))
		all.Write(text)
	}
	return all.String()
}

func exempt(path string) bool {
	rel, _ := filepath.Rel(root, path)
	rel = filepath.ToSlash(rel)
	for place := range untranslated {
		if rel == place || strings.HasPrefix(rel, place+"/") {
			return true
		}
	}
	return false
}

func isProse(text string) bool {
	if !prose.MatchString(goVerb.ReplaceAllString(text, "")) {
		return false
	}
	for other := range others {
		if strings.HasPrefix(strings.Trim(text, " :\n"), strings.Trim(other, " :")) {
			return false
		}
	}
	return true
}

// isForeign reports whether the texts in a node are what other programs say, or are no texts: patterns, what a function
// of package strings looks for, the tags of fields.
func isForeign(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.Field:
		return n.Tag != nil
	case *ast.CallExpr:
		called, is := n.Fun.(*ast.SelectorExpr)
		if !is {
			return false
		}
		of, is := called.X.(*ast.Ident)
		return is && (of.Name == "regexp" || of.Name == "strings" && slices.Contains([]string{"Contains", "HasPrefix",
			"HasSuffix", "Cut", "CutPrefix", "CutSuffix", "TrimPrefix", "TrimSuffix", "Index"}, called.Sel.Name))
	}
	return false
}
