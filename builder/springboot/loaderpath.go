package springboot

import (
	"cmp"
	"path"
	"strings"

	"github.com/devloop-cli/devloop/builder/settings"
)

// LoaderPath returns what Boot's PropertiesLauncher, which a jar of layout ZIP has, puts on the class path
// before the application: a directory and the jars in it, or a jar. dir is the working directory, env
// are the variables, NAME=VALUE, and the JVM's options that the application is given.
// https://docs.spring.io/spring-boot/specification/executable-jar/property-launcher.html
func (f *Files) LoaderPath(dir string, env []string) []string {
	if !strings.HasSuffix(f.Manifest["Main-Class"], ".PropertiesLauncher") {
		return nil
	}
	var classPath []string
	for _, entry := range strings.Split(cmp.Or(settings.Environment(env, "loader.path"), f.loaderProperties(),
		f.Manifest["Loader-Path"]), ",") {
		entry = strings.TrimSuffix(strings.TrimSpace(entry), "/*")
		if entry == "" || strings.ContainsAny(entry, ":!$") { // an archive in another one, or a placeholder
			continue
		}
		if !path.IsAbs(entry) {
			entry = path.Join(dir, entry)
		}
		entry = path.Clean(entry)
		classPath = append(classPath, entry)
		if !strings.HasSuffix(entry, ".jar") && !strings.HasSuffix(entry, ".zip") {
			classPath = append(classPath, entry+"/*")
		}
	}
	return classPath
}

// loaderProperties returns loader.path of the application's loader.properties, "" if it is not set.
func (f *Files) loaderProperties() string {
	for _, e := range f.Own {
		if e.Path == "loader.properties" {
			text, err := ReadAll(e.File)
			if err == nil {
				return settings.ParseProperties(text)["loader.path"]
			}
		}
	}
	return ""
}
