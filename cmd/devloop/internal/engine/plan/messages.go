package plan

import (
	"bytes"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/classfile"
)

// whyNotMessages says why changed texts need a restart, "" if the next request reads them.
func (s Input) whyNotMessages(path, base string) string {
	if why := s.Runs.Messages.Kept; why != "" {
		return path + " is read only once: " + why
	}
	if _, is := s.After.sums.Of(path); !is {
		return "the JVM keeps the texts of " + path + ", which is gone"
	}
	why, err := s.Runs.State.whyTextsKept(base + ".properties")
	if err != nil {
		why = err.Error()
	}
	if why != "" {
		return path + " may be kept: " + why
	}
	return ""
}

// textSources are parts of the names of what code gets texts from: Spring's interface and what implements it, and the
// JDK's.
var textSources = []string{"MessageSource", "java/util/ResourceBundle"}

// whyTextsKept says why an application may keep texts of a file that it has read, "" if only requests read them: a
// class names the file, or gets texts in a method that may have run at startup or that may keep what it makes.
func (s State) whyTextsKept(file string) (string, error) {
	for _, path := range sorted(s.files) {
		class, isClass := strings.CutSuffix(path, ".class")
		switch text := s.files[path]; {
		case !isClass:
		case bytes.Contains(text, []byte(file)):
			return dotted(class) + " names " + file, nil
		case slices.ContainsFunc(textSources, func(source string) bool { return bytes.Contains(text, []byte(source)) }):
			if why, err := s.whyMethodKeeps(path); why != "" || err != nil {
				return why, err
			}
		}
	}
	return "", nil
}

// whyMethodKeeps says which method of a class may keep texts, and why.
func (s State) whyMethodKeeps(path string) (string, error) {
	c, err := classfile.Parse(s.files[path])
	if err != nil {
		return "", err
	}
	ran, err := s.startup()
	if err != nil {
		return "", err
	}
	for _, m := range c.Methods {
		if why := ran.reason(c.Name, m); why != "" && readsTexts(m) {
			return dotted(c.Name) + "." + m.Name + ": " + why, nil
		}
	}
	return "", nil
}

func readsTexts(m classfile.Member) bool {
	return m.Code != nil && slices.ContainsFunc(m.Code.Calls, func(c classfile.Call) bool {
		return slices.ContainsFunc(textSources,
			func(source string) bool { return strings.Contains(c.Owner+c.Desc, source) })
	})
}
