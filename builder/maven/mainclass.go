package maven

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/buildtool"
	"github.com/devloop-cli/devloop/builder/classfile"
)

// bootApplication is the annotation by which Spring Boot's plugin chooses among several main classes.
const bootApplication = "org/springframework/boot/autoconfigure/SpringBootApplication"

// mainClass returns the class that starts a module whose build names none: the only one with a main method or, of
// several, the only one with @SpringBootApplication. It returns "" if that leaves a choice.
func mainClass(one buildtool.Module) string {
	var mains, applications []string
	for _, dir := range one.Classes {
		_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".class" {
				return nil
			}
			data, _ := os.ReadFile(path)
			c, err := classfile.Parse(data)
			if err != nil || !c.Main() {
				return nil
			}
			name := strings.ReplaceAll(c.Name, "/", ".")
			mains = append(mains, name)
			if slices.ContainsFunc(c.Annotations,
				func(a classfile.Annotation) bool { return a.Type == bootApplication }) {
				applications = append(applications, name)
			}
			return nil
		})
	}
	for _, names := range [][]string{applications, mains} {
		if len(names) == 1 {
			return names[0]
		}
	}
	return ""
}

// HasBootPlugin reports whether a pom.xml of the build runs Spring Boot's plugin.
func (t Maven) HasBootPlugin(b buildtool.Build) bool {
	dirs := []string{b.ModuleDir(), b.Root}
	for _, m := range t.DeclaredModules(b.Root) {
		dirs = append(dirs, filepath.Join(b.Root, m))
	}
	return slices.ContainsFunc(dirs, func(dir string) bool {
		p, err := readPom(dir)
		return err == nil && slices.ContainsFunc(p.plugins(),
			func(name string) bool { return strings.TrimSpace(name) == "spring-boot-maven-plugin" })
	})
}
