package cells

import (
	"slices"
	"testing"
)

func TestWidthCountsCells(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": 0, "Pod": 3, "파드": 4, "파드(Pod)": 9, "a → b …": 7, "e\u0301": 1, "漢字": 4, "✓": 1, "🚀": 2,
	} {
		if got := Width(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestCutShowsThatSomethingIsMissing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"one two": "one …", "five": "five", "파드 하나": "파드…"} {
		if got := Cut(text, 5); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestCutMiddleKeepsBothEnds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"one-two": "on…wo", "five": "five", "파드 하나": "파…나"} {
		if got := CutMiddle(text, 5); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestWrapBreaksAtSpaces(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                  nil,
		"one two three":     {"one two", "three"},
		"a-word-too-long b": {"a-word-too-long", "b"},
		"파드 하나와 둘":          {"파드", "하나와", "둘"},
		"one\ntwo":          {"one two"},
	} {
		if got := Wrap(text, 7); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestTableMeasuresCells(t *testing.T) {
	t.Parallel()
	got := Table([][]string{{"이름", "NAME", "끝"}, {"web", "파드 하나", "end"}}, 2)
	if want := "이름  NAME       끝\nweb   파드 하나  end\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
