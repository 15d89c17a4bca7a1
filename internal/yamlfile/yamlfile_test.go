package yamlfile

import (
	"slices"
	"strings"
	"testing"
)

func TestDocumentsKeepTheirLines(t *testing.T) {
	t.Parallel()
	f := New("pod.yaml",
		[]byte("\ufeffkind: Pod\r\n---\n# nothing\n---\nkind: Service\nspec:\n  port: 80\n...\nkind: Secret\n"))
	documents, problems := f.Documents()
	if len(problems) > 0 || len(documents) != 3 {
		t.Fatalf("got %d documents, %v", len(documents), problems)
	}
	for i, want := range []struct {
		kind string
		line int
	}{{"Pod", 1}, {"Service", 5}, {"Secret", 9}} {
		if n := Get(documents[i].Node, "kind"); n.Value != want.kind || n.Line != want.line {
			t.Errorf("document %d: got %s in line %d, want %+v", i, n.Value, n.Line, want)
		}
	}
	port := documents[1].Value.(map[string]any)["spec"].(map[string]any)["port"]
	if port != int64(80) {
		t.Errorf("the port is %T %v", port, port)
	}
	got := f.Problem(Get(Get(documents[1].Node, "spec"), "port"), "", "not a port").String()
	if want := "pod.yaml:7:9: not a port\n    7 |   port: 80\n      |         ^"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAMistakeInOneDocumentHidesNoOther(t *testing.T) {
	t.Parallel()
	documents, problems := New("all.yaml", []byte("a: b: c\n---\nkind: Pod\n---\nx:\n\ty: 1\n\tz: 2\n")).Documents()
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
	}
	if len(documents) != 1 || !slices.Equal(lines, []int{1, 6, 7}) {
		t.Errorf("got %d documents, %v", len(documents), Problems(problems).Evidence())
	}
	if hints := Problems(problems).Hints(); len(hints) != 2 {
		t.Errorf("the same hint is given twice: %q", hints)
	}
}

func TestSyntaxErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		line    int
		message string
	}{
		"a: 1\nb: c: d\n":          {2, "a `key: value` is not allowed here"},
		"a: \"open\nb: 1\n":        {1, "the closing quote is missing"},
		"a: 1\n  b: 2\n c: 3\n":    {2, "a `key: value` is not allowed here"},
		"a:\n  b: 1\n c: 2\n":      {2, "the lines of this block have different indentation"},
		"a: @b\n":                  {1, "a value cannot start with this character"},
		"a: 1\nb\n":                {2, "this key has no `:`"},
		"a: 1\nb: *no\nc: 2\n":     {2, "not valid YAML: unknown anchor 'no' referenced"},
		"a: 1\nb: {{ .c }}\n":      {2, "this is a line of a template, as Helm has them, and not of YAML"},
		"x: 1\na: &me\n  b: *me\n": {3, "this alias is inside of what it stands for"},
	} {
		_, problems := New("x.yaml", []byte(text)).Documents()
		if len(problems) != 1 || problems[0].Line != want.line || problems[0].Message != want.message {
			t.Errorf("%q: got %q, want %+v", text, problems, want)
		}
	}
}

func TestMergedKeysAreFoundUnlessTheMappingHasItsOwn(t *testing.T) {
	t.Parallel()
	documents, problems := New("x.yaml", []byte("base: &base {image: old, port: 80}\nmore: &more {env: test}\napp:\n  <<: [*base, *more]\n  image: new\ncopy: *base\n")).Documents()
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	root := documents[0].Node
	var keys []string
	for _, p := range Pairs(Get(root, "app")) {
		keys = append(keys, p.Key.Value+"="+p.Value.Value)
	}
	if got := strings.Join(keys, " "); got != "image=new port=80 env=test" {
		t.Errorf("got %s", got)
	}
	if n := Get(Get(root, "copy"), "port"); n == nil || n.Value != "80" {
		t.Errorf("an alias is not followed: %v", n)
	}
	if Get(root, "none") != nil || Get(nil, "x") != nil {
		t.Error("a key was found that does not exist")
	}
}
