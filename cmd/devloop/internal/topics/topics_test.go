package topics

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

func TestEveryTopicIsWholeAndShort(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	for _, topic := range All() {
		if topic.Word == "" || topic.Title == "" || strings.TrimSpace(topic.Text) == "" {
			t.Errorf("%+v has an empty part", topic)
		}
		lines := strings.Split(strings.TrimRight(topic.Text, "\n"), "\n")
		if len(lines) > 24 {
			t.Errorf("%s has %d lines: who reads that", topic.Word, len(lines))
		}
		for _, line := range append(lines, topic.Title) {
			if len([]rune(line)) > 90 {
				t.Errorf("%s: %d characters in %q", topic.Word, len([]rune(line)), line)
			}
		}
		for _, name := range append([]string{topic.Word}, topic.Also...) {
			if other, taken := names[plain(name)]; taken {
				t.Errorf("%q belongs to %s and %s", name, other, topic.Word)
			}
			names[plain(name)] = topic.Word
		}
	}
}

// TestEveryTopicReferredToIsThere follows the texts' own "devloop explain WORD".
func TestEveryTopicReferredToIsThere(t *testing.T) {
	t.Parallel()
	reference := regexp.MustCompile(`devloop explain ([A-Za-z-]+)`)
	followed := 0
	for _, topic := range All() {
		for _, m := range reference.FindAllStringSubmatch(topic.Text, -1) {
			followed++
			if _, err := Find(m[1], All()); err != nil {
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
		if got, err := Find(word, All()); err != nil || got.Word != want {
			t.Errorf("%q: got %q, %v, want %q", word, got.Word, err, want)
		}
	}
	for word, want := range map[string]string{"CrashLopBackOf": "CrashLoopBackOff", "Pendin": "Pending", "readiness": "probes", "xylophone": ""} {
		got, err := Find(word, All())
		var unknown *UnknownError
		if err == nil && got.Word == want {
			continue // found by another name
		}
		if !errors.As(err, &unknown) || unknown.Near != want {
			t.Errorf("%q: got %v, want a hint at %q", word, err, want)
		}
	}
}
