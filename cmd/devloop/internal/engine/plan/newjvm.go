package plan

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/classfile"
)

// NeedsNewJVM says why the application has to start in a new JVM, "" if a spare one will do.
//
// A spare JVM has loaded libraries before the application's main method runs. That makes a difference
// where the application sets up the JVM before its libraries look at it, or has files that a library
// reads only once, when it is loaded.
func (s State) NeedsNewJVM() string {
	for _, file := range slices.Sorted(s.sums.Paths()) {
		if readOnce(file) {
			return "a library may read " + file + " when it is loaded"
		}
		if class, isClass := strings.CutSuffix(file, ".class"); isClass {
			if call := setsUpJVM(s.files[file]); call != "" {
				return strings.ReplaceAll(class, "/", ".") + " calls " + call
			}
		}
	}
	return ""
}

// laterFiles match files at the top of the class path that are read at each start of an application.
var laterFiles = []string{"application*", "bootstrap*", "logback*", "banner*", "messages*", "ValidationMessages*",
	"git.properties", "*.sql"}

// settingFiles are the suffixes of files that the libraries which a spare JVM has loaded take settings from. YAML is
// not among them: of these libraries only Spring Boot reads it, at each start. An openapi.yml is common.
var settingFiles = set(".properties", ".xml", ".conf", ".config", ".groovy")

// readOnce reports whether a library may read a file when it is loaded.
func readOnce(file string) bool {
	if file == "META-INF/spring.factories" || strings.HasPrefix(file, "META-INF/services/") {
		return true
	}
	if strings.Contains(file, "/") || !settingFiles[path.Ext(file)] {
		return false
	}
	return !slices.ContainsFunc(laterFiles, func(pattern string) bool {
		matches, _ := path.Match(pattern, file) // the patterns are well-formed
		return matches
	})
}

// jvmSetters are methods that change the whole JVM, by their class.
var jvmSetters = map[string]map[string]bool{
	"java/lang/System": set("setProperty", "setProperties", "clearProperty", "getProperties",
		"setOut", "setErr"),
	"java/util/TimeZone": set("setDefault"),
	"java/util/Locale":   set("setDefault"),
	"java/security/Security": set("addProvider", "insertProviderAt",
		"removeProvider", "setProperty"),
	"java/net/URL": set("setURLStreamHandlerFactory"),
	"org/springframework/core/SpringProperties": set("setProperty", "setFlag"),
}

// setsUpJVM returns the first method that a class calls to change the whole JVM, "" for none.
func setsUpJVM(data []byte) string {
	named := func(names map[string]bool) bool {
		for name := range names {
			if bytes.Contains(data, []byte(name)) {
				return true
			}
		}
		return false
	}
	suspect := false
	for owner, names := range jvmSetters {
		suspect = suspect || bytes.Contains(data, []byte(owner)) && named(names)
	}
	if !suspect {
		return ""
	}
	class, err := classfile.Parse(data)
	if err != nil {
		return "what devloop cannot read: " + err.Error()
	}
	for _, m := range class.Methods {
		if m.Code == nil {
			continue
		}
		for _, call := range m.Code.Calls {
			if jvmSetters[call.Owner][call.Name] {
				return simple(call.Owner) + "." + call.Name
			}
		}
	}
	return ""
}
