package setup

import (
	"context"
	"errors"
	"reflect"
	"testing"
)

func check(id string, state State, err error, needs ...string) Check {
	return Check{ID: id, Needs: needs, Do: func(context.Context) (State, string, error) { return state, id, err }}
}

func TestRunShowsAllThatIsMissingAndSkipsWhatNeedsIt(t *testing.T) {
	broken := errors.New("broken")
	got := map[string]State{}
	err := Run(t.Context(), []Check{
		check("jdk", OK, nil),
		check("docker", "", broken),
		check("cluster", Fixed, nil, "docker"),
		check("context", OK, nil, "cluster"),
		check("disk", OK, nil),
	}, func(r Result) { got[r.ID] = r.State })
	want := map[string]State{"jdk": OK, "docker": Failed, "cluster": Skipped, "context": Skipped, "disk": OK}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !errors.Is(err, broken) {
		t.Errorf("got error %v, want %v", err, broken)
	}
}

func TestRunStopsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("interrupted")
	var seen []string
	err := Run(ctx, []Check{
		{ID: "one", Do: func(context.Context) (State, string, error) { cancel(stop); return OK, "", nil }},
		check("two", OK, nil),
	}, func(r Result) { seen = append(seen, r.ID) })
	if !errors.Is(err, stop) || len(seen) != 1 {
		t.Errorf("got %v after %v", err, seen)
	}
}

func TestJavaVersion(t *testing.T) {
	for out, want := range map[string]int{
		"javac 17.0.15\n":   17,
		"javac 1.8.0_402\n": 8,
		"javac 25\n":        25,
		"Picked up JAVA_TOOL_OPTIONS: -Xmx1g\njavac 21.0.2\n": 21,
		"nonsense": 0,
	} {
		if got, _ := javaVersion(out); got != want {
			t.Errorf("%q: got %d, want %d", out, got, want)
		}
	}
}

func TestJavaHomeWithoutJDKIsNamed(t *testing.T) {
	t.Setenv("JAVA_HOME", t.TempDir())
	state, _, err := Java().Do(t.Context())
	missing, ok := errors.AsType[*MissingError](err)
	if state != Failed || !ok || len(missing.Hints()) != 1 {
		t.Errorf("got %v, %v", state, err)
	}
}
