package queue

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/event"
	"github.com/devloop-cli/devloop/watch"
)

func saved(paths ...string) watch.Batch { return watch.Batch{Paths: paths} }

// next takes work that has to be there.
func next(t *testing.T, q *Queue) Work {
	t.Helper()
	w, ok := q.Next()
	if !ok {
		t.Fatal("the queue is empty")
	}
	return w
}

// built returns a queue whose first cycle has succeeded.
func built(t *testing.T) *Queue {
	t.Helper()
	q := New()
	q.Finish(next(t, q), nil)
	return q
}

var errCycle = errors.New("it does not compile")

func TestFirstCycleBuildsEverything(t *testing.T) {
	t.Parallel()
	q := New()
	if got := next(t, q); !reflect.DeepEqual(got,
		Work{N: 1, Because: "first build", Trigger: event.TriggerFirst, Changed: watch.Everything()}) {
		t.Errorf("got %+v", got)
	}
	if w, more := q.Next(); more {
		t.Errorf("and then %+v", w)
	}
}

func TestFailedCycleIsOwedToTheNextSave(t *testing.T) {
	t.Parallel()
	q := built(t)
	q.Save(saved("A.java"))
	q.Finish(next(t, q), errCycle)
	if q.Due() {
		t.Error("a cycle that failed is repeated without a new save")
	}
	q.Save(saved("B.java"))
	if got := next(t, q); got.Because != "A.java and 1 more changed" ||
		!reflect.DeepEqual(got.Changed, saved("A.java", "B.java")) {
		t.Errorf("got %+v", got)
	}
}

func TestSaveAfterAFailedFirstBuildIsNamed(t *testing.T) {
	t.Parallel()
	q := New()
	q.Finish(next(t, q), errCycle)
	q.Save(saved("A.java"))
	if got := next(t, q); got.Because != "A.java changed" || got.Trigger != event.TriggerSave || !got.Changed.All {
		t.Errorf("got %+v", got)
	}
}

func TestSaveDuringACycleIsForTheNextOne(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errCycle} {
		q := built(t)
		q.Save(saved("A.java"))
		running := next(t, q)
		if !q.Save(saved("B.java")) {
			t.Error("the running cycle is taken for up to date")
		}
		q.Finish(running, err)
		want := saved("B.java")
		if err != nil {
			want = saved("A.java", "B.java")
		}
		if got := next(t, q); !reflect.DeepEqual(got.Changed, want) {
			t.Errorf("after %v: got %+v, want %+v", err, got.Changed, want)
		}
	}
}

func TestNewPodsThatWereAskedForAreOwedUntilACycleMakesThem(t *testing.T) {
	t.Parallel()
	q := built(t)
	q.Save(watch.Everything())
	var asked []bool
	for _, err := range []error{errCycle, nil, nil} {
		w := next(t, q)
		asked = append(asked, w.NewPods)
		q.Finish(w, err)
		q.Save(saved("A.java"))
	}
	if !slices.Equal(asked, []bool{true, true, false}) {
		t.Errorf("new Pods: %v", asked)
	}
}

func TestCycleThatIsRepeatedHasTheSameWork(t *testing.T) {
	t.Parallel()
	for _, err := range []error{errCycle, nil} {
		q := built(t)
		q.Save(saved("A.java"))
		running := next(t, q)
		q.Repeat()
		q.Finish(running, err)
		got, again := q.Next()
		if again != (err != nil) || again && !reflect.DeepEqual(got.Changed, running.Changed) {
			t.Errorf("after %v: got %+v, %v", err, got, again)
		}
	}
}

func TestRequiredCycleMakesEverythingAndSaysWhy(t *testing.T) {
	t.Parallel()
	q := built(t)
	q.Save(saved("A.java"))
	q.Require("the container of app ended")
	if got := next(t, q); got.Because != "the container of app ended" || got.Trigger != event.TriggerPod ||
		!got.Changed.All || got.NewPods {
		t.Errorf("got %+v", got)
	}
}

func TestTestsConcernNothingThatRuns(t *testing.T) {
	t.Parallel()
	q := built(t)
	for want, b := range map[bool]watch.Batch{false: saved("src/test/java/ATest.java"),
		true: saved("src/test/java/ATest.java", "src/main/java/A.java")} {
		if got := q.Save(b); got != want || q.Due() != want {
			t.Errorf("%v: concerns what runs: %v", b.Paths, got)
		}
		q = built(t)
	}
	if !q.Save(watch.Whatever()) {
		t.Error("a rebuild that the user asks for does not count")
	}
}

func TestCycleIsNamedAfterItsMostImportantFile(t *testing.T) {
	t.Parallel()
	for want, paths := range map[string][]string{
		"AppController.java changed":            {"src/main/java/com/x/AppController.java"},
		"AppController.java and 1 more changed": {"README.md", "src/main/java/AppController.java"},
		"build.gradle and 2 more changed":       {"A.txt", "b/build.gradle", "src/test/java/T.java"},
		"asked for":                             nil,
	} {
		if got := reason(2, watch.Batch{Paths: paths, Unnamed: true}); got != want {
			t.Errorf("%q: got %q, want %q", paths, got, want)
		}
	}
}

// TestNoSaveIsLostAndNoneIsBuiltTwice plays any order of saves and cycles.
func TestNoSaveIsLostAndNoneIsBuiltTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := New()
		w, _ := q.Next()
		q.Finish(w, nil)
		var running *Work
		owed, covered := map[string]bool{}, map[string]int{}
		finish := func(err error) {
			for _, p := range running.Changed.Paths {
				if err == nil {
					delete(owed, p)
					covered[p]++
				}
			}
			q.Finish(*running, err)
			running = nil
		}
		for i, word := range rapid.SliceOf(
			rapid.SampledFrom([]string{"save", "start", "succeed", "fail"})).Draw(t, "steps") {
			switch {
			case word == "save":
				p := strings.Repeat("A", i+1) + ".java"
				q.Save(saved(p))
				owed[p] = true
			case word == "start" && running == nil:
				if w, ok := q.Next(); ok {
					running = &w
				}
			case word == "succeed" && running != nil:
				finish(nil)
			case word == "fail" && running != nil:
				finish(errCycle)
			}
		}
		if running != nil {
			finish(nil)
		}
		q.Save(saved("Z.java"))
		w, _ = q.Next()
		running = &w
		finish(nil)
		for p, n := range covered {
			if n > 1 {
				t.Errorf("%s was built %d times", p, n)
			}
		}
		if len(owed) > 0 {
			t.Errorf("%v were never built", owed)
		}
	})
}
