package fault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/devloop-cli/devloop/internal/fault"
)

func TestErrorNamesWhatFailedAndWhy(t *testing.T) {
	t.Parallel()
	cause := errors.New("no such file")
	for want, e := range map[string]*fault.Error{
		"read pom.xml":               {Op: "read pom.xml"},
		"no such file":               {Err: cause},
		"read pom.xml: no such file": {Op: "read pom.xml", Err: cause},
	} {
		if e.Error() != want {
			t.Errorf("got %q, want %q", e.Error(), want)
		}
	}
}

func TestErrorIsFoundInTheChain(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("build: %w", &fault.Error{Code: "image.failed", Err: fs.ErrNotExist})
	found, ok := errors.AsType[*fault.Error](err)
	if !ok || found.Code != "image.failed" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", found)
	}
}

// typed is an error type of a domain.
type typed struct{ err error }

func (typed) Error() string   { return "typed" }
func (typed) Code() string    { return "typed.code" }
func (typed) Hints() []string { return []string{"do this"} }
func (e typed) Unwrap() error { return e.err }

func TestOfTakesTheOutermost(t *testing.T) {
	t.Parallel()
	inner := &fault.Error{Code: "inner", Hints: []string{"inner"}, Evidence: []string{"seen"}}
	for name, c := range map[string]struct {
		err                  error
		code, hint, evidence string
	}{
		"none":                    {fs.ErrNotExist, "", "", ""},
		"nil":                     {nil, "", "", ""},
		"a fault":                 {fmt.Errorf("x: %w", inner), "inner", "inner", "seen"},
		"a type around a fault":   {fmt.Errorf("x: %w", typed{inner}), "typed.code", "do this", "seen"},
		"a fault around a type":   {&fault.Error{Code: "outer", Err: typed{}}, "outer", "do this", ""},
		"the second of several":   {errors.Join(fs.ErrNotExist, inner), "inner", "inner", "seen"},
		"the first of two faults": {errors.Join(typed{}, inner), "typed.code", "do this", "seen"},
	} {
		f := fault.Of(c.err)
		if f.Code != c.code || first(f.Hints) != c.hint || first(f.Evidence) != c.evidence {
			t.Errorf("%s: got %+v", name, f)
		}
	}
}

func first(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}
