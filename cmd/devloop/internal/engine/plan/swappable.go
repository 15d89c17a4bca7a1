package plan

import (
	"strings"

	"github.com/devloop-cli/devloop/builder/classfile"
)

// whyNoSwap says why a file that differs needs a restart, "" if the running JVM can take it. With
// anyhow it does not matter whether the application keeps what the methods did before.
func (s State) whyNoSwap(path string, after State, anyhow bool) string {
	class, isClass := strings.CutSuffix(path, ".class")
	class = strings.ReplaceAll(class, "/", ".")
	before, now := s.files[path], after.files[path]
	switch {
	case !isClass:
		return path + " is read at start"
	case before == nil:
		return class + " is new"
	case now == nil:
		return class + " is gone"
	}
	methods, why := changedMethods(class, before, now)
	if why != "" || anyhow {
		return why
	}
	return s.whyStateKept(class, methods)
}

// changedMethods returns the methods of a class whose bodies differ, or why the JVM cannot
// replace the class.
func changedMethods(class string, before, now []byte) (methods []classfile.Member, why string) {
	old, err := classfile.Parse(before)
	if err != nil {
		return nil, err.Error()
	}
	fresh, err := classfile.Parse(now)
	if err != nil {
		return nil, err.Error()
	}
	d := classfile.Compare(old, fresh)
	if d.Kind == classfile.Shape {
		return nil, class + ": " + d.Why
	}
	return d.Methods, ""
}

// whyStateKept says why the application may keep what methods of a class did before, "" if it
// cannot.
func (s State) whyStateKept(class string, methods []classfile.Member) string {
	if len(methods) == 0 {
		return ""
	}
	ran, err := s.startup()
	if err != nil {
		return err.Error()
	}
	for _, m := range methods {
		if why := ran.reason(strings.ReplaceAll(class, ".", "/"), m); why != "" {
			return class + "." + m.Name + ": " + why
		}
	}
	return ""
}

// startupOf analyses all classes among files.
func startupOf(files map[string][]byte) (*startup, error) {
	var classes []*classfile.Class
	for _, path := range sorted(files) {
		if !strings.HasSuffix(path, ".class") {
			continue
		}
		c, err := classfile.Parse(files[path])
		if err != nil {
			return nil, err
		}
		classes = append(classes, c)
	}
	return newStartup(classes), nil
}
