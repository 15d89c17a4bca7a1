// Package must ends a test at an error that it is not about.
//
//	must.Do(t, os.Remove(path))
//	text := must.Get(os.ReadFile(path))(t)
package must

// tester is what [testing.TB] and a rapid.T have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
}

// Do ends the test if there is an error.
func Do(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Get returns a function that returns the value or, if there is an error, ends the test.
func Get[T any](value T, err error) func(tester) T {
	return func(t tester) T {
		t.Helper()
		Do(t, err)
		return value
	}
}
