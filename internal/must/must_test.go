package must

import (
	"errors"
	"testing"
)

// recorder is a test that only records what ends it. A real one ends there.
type recorder struct{ said []any }

func (*recorder) Helper()             {}
func (r *recorder) Fatal(args ...any) { r.said = append(r.said, args...) }

func TestOnlyAnErrorEndsATest(t *testing.T) {
	t.Parallel()
	r, broken := &recorder{}, errors.New("broken")
	Do(r, nil)
	if got := Get(42, nil)(r); got != 42 || len(r.said) != 0 {
		t.Errorf("got %d, and the test ended with %v", got, r.said)
	}
	Do(r, broken)
	Get(0, broken)(r)
	if len(r.said) != 2 || r.said[0] != broken || r.said[1] != broken {
		t.Errorf("the test ended with %v", r.said)
	}
}
