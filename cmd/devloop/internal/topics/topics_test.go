package topics

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cells"
	"github.com/devloop-cli/devloop/internal/fault"
)

func TestEveryTopicIsWholeAndShort(t *testing.T) {
	t.Parallel()
	for _, language := range languages {
		names := map[string]string{}
		for _, topic := range All(language) {
			if topic.Word == "" || topic.Title == "" || strings.TrimSpace(topic.Text) == "" {
				t.Errorf("%s: %+v has an empty part", language, topic)
			}
			lines := strings.Split(strings.TrimRight(topic.Text, "\n"), "\n")
			if len(lines) > 24 {
				t.Errorf("%s, %s has %d lines: who reads that", topic.Word, language, len(lines))
			}
			for _, line := range append(lines, topic.Word+": "+topic.Title,
				fmt.Sprintf("%-20s %s", topic.Word, topic.Title)) {
				if width := cells.Width(line); width > 80 {
					t.Errorf("%s, %s: %d cells in %q", topic.Word, language, width, line)
				}
			}
			for _, name := range append([]string{topic.Word}, topic.Also...) {
				if other, taken := names[plain(name)]; taken {
					t.Errorf("%s: %q belongs to %s and %s", language, name, other, topic.Word)
				}
				names[plain(name)] = topic.Word
			}
		}
	}
}

var languages = []string{"en", "ko"}

// TestEveryTopicHasItsTwin compares what is the same in any language: the word and its names, the
// commands, the references and the examples.
func TestEveryTopicHasItsTwin(t *testing.T) {
	t.Parallel()
	english, korean := All("en"), All("ko")
	if len(english) != len(korean) {
		t.Fatalf("%d topics in English, %d in Korean", len(english), len(korean))
	}
	for i, e := range english {
		k := korean[i]
		if e.Word != k.Word {
			t.Errorf("%s is called %s in Korean", e.Word, k.Word)
		}
		for _, name := range e.Also {
			if !slices.Contains(k.Also, name) {
				t.Errorf("%s is not found as %q in Korean", e.Word, name)
			}
		}
		if got, want := commands(k.Text), commands(e.Text); !slices.Equal(got, want) {
			t.Errorf("%s: the commands differ:\n%q\n%q", e.Word, got, want)
		}
		for _, mark := range []string{"→", "image: spring-server", "apiVersion:", "- name:", "ENTRYPOINT ["} {
			if got, want := strings.Count(k.Text, mark), strings.Count(e.Text, mark); got != want {
				t.Errorf("%s has %q %d times in English and %d times in Korean", e.Word, mark, want, got)
			}
		}
		if !hangul.MatchString(k.Title) || !hangul.MatchString(k.Text) {
			t.Errorf("%s is not translated", e.Word)
		}
	}
}

var hangul = regexp.MustCompile(`\p{Hangul}`)

// command is a command line on its own, behind an arrow, a colon or a column.
var command = regexp.MustCompile(`(?m)(?:^ {2,}|  |→ |: )((?:devloop|docker|jdb|kubectl) [!-~]+(?: [!-~]+)?)`)

// commands returns the commands in a text, sorted.
func commands(text string) (list []string) {
	for _, m := range command.FindAllStringSubmatch(text, -1) {
		list = append(list, strings.TrimRight(m[1], ".,"))
	}
	slices.Sort(list)
	return list
}

// TestImagePullBackOffNamesItsCure: who meets the status needs no second topic.
func TestImagePullBackOffNamesItsCure(t *testing.T) {
	t.Parallel()
	for _, language := range languages {
		topic, err := Find("ImagePullBackOff", All(language))
		if err != nil || !strings.Contains(topic.Text, "imagePullPolicy: IfNotPresent") {
			t.Errorf("%s: %v in %s", language, err, topic.Text)
		}
	}
}

func TestLearnersWordsHaveTopics(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"image", "container", "node", "registry", "apiVersion", "kind", "metadata", "spec",
		"labels", "Ingress", "Running", "Completed", "Dockerfile", "kubectl", "cluster", "events", "volume", "Job",
		"STATUS", "RESTARTS", "template", "matchLabels", "StatefulSet"} {
		if _, err := Find(word, All("en")); err != nil {
			t.Error(err)
		}
	}
	for korean, want := range map[string]string{"파드": "Pod", "노드": "node", "디플로이먼트": "Deployment", "이미지": "image",
		"네임스페이스": "namespace"} {
		if got, err := Find(korean, All("ko")); err != nil || got.Word != want {
			t.Errorf("%s: got %s, %v", korean, got.Word, err)
		}
	}
}

// TestEveryTopicReferredToIsThere follows the texts' own "devloop explain WORD".
func TestEveryTopicReferredToIsThere(t *testing.T) {
	t.Parallel()
	reference := regexp.MustCompile(`devloop explain ([A-Za-z-]+)`)
	followed := 0
	for _, topic := range All("en") {
		for _, m := range reference.FindAllStringSubmatch(topic.Text, -1) {
			followed++
			if _, err := Find(m[1], All("en")); err != nil {
				t.Errorf("%s refers to %q: %v", topic.Word, m[1], err)
			}
		}
	}
	if followed == 0 {
		t.Error("no text refers to another")
	}
}

func TestFindTakesAWordAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"CrashLoopBackOff": "CrashLoopBackOff", "crashloopbackoff": "CrashLoopBackOff", "crash-loop": "CrashLoopBackOff",
		"exit code 137": "OOMKilled", "IfNotPresent": "imagePullPolicy", "pull policy": "imagePullPolicy",
		"localhost": "localhost", "terminationGracePeriodSeconds": "grace-period",
	} {
		if got, err := Find(word, All("en")); err != nil || got.Word != want {
			t.Errorf("%q: got %q, %v, want %q", word, got.Word, err, want)
		}
	}
	for word, want := range map[string]string{"CrashLopBackOf": "CrashLoopBackOff", "Pendin": "Pending",
		"readiness": "probes", "xylophone": "list all topics: devloop explain"} {
		got, err := Find(word, All("en"))
		if err == nil && got.Word == want {
			continue // found by another name
		}
		if hints := fault.Of(err).Hints; len(hints) != 1 ||
			!strings.HasSuffix(hints[0], "devloop explain "+want) && hints[0] != want {
			t.Errorf("%q: got %v, want a hint at %q", word, err, want)
		}
	}
}
