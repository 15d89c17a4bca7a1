package loop

import (
	"reflect"
	"testing"

	"github.com/devloop-cli/devloop/builder"
	"github.com/devloop-cli/devloop/watch"
)

func parts(rest string, files ...string) builder.Parts {
	p := builder.Parts{Rest: rest, Own: map[string][]byte{}}
	for i := 0; i < len(files); i += 2 {
		p.Own[files[i]] = []byte(files[i+1])
	}
	return p
}

func TestChangeIsWhatDiffers(t *testing.T) {
	before := parts("", "A.class", "a", "B.class", "b", "static/a.css", "a", "empty.txt", "")
	after := parts("", "A.class", "a2", "C.class", "c", "static/a.css", "a", "empty.txt", "")
	want := map[string][]byte{"A.class": []byte("a2"), "B.class": nil, "C.class": []byte("c")}
	if got := changesOf(before, after); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	if again := parts("", "A.class", "a", "B.class", "b", "static/a.css", "a", "empty.txt", ""); stateOf(before) == stateOf(after) || stateOf(before) != stateOf(again) {
		t.Error("the states are not told apart by their content")
	}
	for want, files := range map[string]map[string][]byte{
		"1 class":                  {"A.class": nil},
		"2 classes and 1 resource": {"A.class": nil, "B.class": nil, "a.css": nil},
		"2 resources":              {"a.css": nil, "b.css": nil},
	} {
		if got := summary(files); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNewPodIsMadeWhereAnythingElseChanged(t *testing.T) {
	now := parts("libraries", "A.class", "a")
	saved := watch.Batch{Paths: []string{"A.java"}, Kinds: watch.Source}
	for want, c := range map[string]struct {
		parts   builder.Parts
		changed watch.Batch
	}{
		"": {parts: now, changed: saved},
		"more than the application's own classes and resources has changed": {parts: parts("others", "A.class", "a"), changed: saved},
		"-": {parts: now, changed: watch.Everything()},
	} {
		l, _ := newTestLoop(&fakes{})
		l.live.present = &present{now: now}
		if got := l.whyNewPod(c.parts, c.changed); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	l, _ := newTestLoop(&fakes{})
	l.live.present = &present{now: now}
	l.live.faster.Store(true)
	if got := l.whyNewPod(now, saved); got != "there is an archive of the dependencies' classes by now" {
		t.Errorf("got %q", got)
	}
	if done, err := l.inPlaceOf(t.Context(), 1, builder.App{Dockerfile: "/project/Dockerfile"}, saved); done || err != nil {
		t.Errorf("with a Dockerfile: %v, %v", done, err)
	}
}
