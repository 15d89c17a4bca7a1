package image

import (
	"reflect"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/classpath"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/optimization"
	"github.com/devloop-cli/devloop/builder/pages"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/builder/supervisor"
)

// beginning is how an application starts, as far as its libraries and settings decide it.
type beginning struct {
	options   []optimization.Option
	templates []pages.Templates
	messages  pages.Messages
	noSpare   string
}

func (c *composer) beginning(files *springboot.Files) (beginning, error) {
	b := beginning{options: c.jvmOptions(files)}
	if !c.options.supervised() {
		return b, nil
	}
	set, err := c.settings(files)
	if err != nil {
		return b, err
	}
	var forTemplates, forMessages []optimization.Option
	b.templates, forTemplates = c.templates(files, set)
	b.messages, forMessages = c.messages(files, set)
	b.options = slices.Concat(b.options, forTemplates, forMessages)
	b.noSpare = c.spareBlocker(files)
	return b, nil
}

// versions returns the versions of libraries by their names.
func versions(libs []springboot.Library) map[string]string {
	all := map[string]string{}
	for _, l := range libs {
		all[l.Name] = l.File.Version()
	}
	return all
}

// WithLibraries returns what has a supervisor start the application of the image with the libraries of app: a class
// path and the libraries that the image does not have, by their paths in a change. It reports false if that takes a new
// image: there is no supervisor, the JVM's options depend on the libraries, or one can't be read, which the making of
// an image explains.
func (i Image) WithLibraries(app springboot.App) (change map[string][]byte, possible bool) {
	if i.composed == nil || !i.Report.Supervised {
		return nil, false
	}
	files, err := app.Files()
	if err != nil {
		return nil, false
	}
	defer files.Close()
	c := *i.composed
	c.app = app
	if begins, err := c.beginning(files); err != nil || !reflect.DeepEqual(begins, c.begins) {
		return nil, false
	}
	change, err = c.change(files)
	return change, err == nil
}

func (c composer) change(files *springboot.Files) (map[string][]byte, error) {
	classPath, added, err := c.classPathOf(files)
	if err != nil {
		return nil, err
	}
	change := map[string][]byte{supervisor.ClassPathFile: nil} // the image's own
	if !slices.Equal(classPath, c.ClassPath) {
		change[supervisor.ClassPathFile] = []byte(strings.Join(classPath, ":"))
	}
	for _, l := range added {
		if change[supervisor.AddedLibrary(l.Name)], err = springboot.ReadAll(l.File); err != nil {
			return nil, err
		}
	}
	return change, nil
}

// classPathOf returns a class path with other libraries than the image's, and those that the image does not have.
//
// The archive of classes fits every class path that begins with its own. So new libraries come last if their place
// makes no difference.
func (c composer) classPathOf(files *springboot.Files) (classPath []string, added []springboot.Library, err error) {
	before, own, after := c.ClassPath[:c.librariesAt], c.ClassPath[c.librariesAt:][:len(c.libraries)],
		c.ClassPath[c.librariesAt+len(c.libraries):]
	var libs, kept, last []string
	late := map[string]bool{}
	for _, l := range files.Libraries {
		entry := "/" + layertar.LibDir + "/" + l.Name
		if c.libraries[l.Name] == l.File.Version() {
			kept = append(kept, entry)
		} else {
			entry = "/" + supervisor.AddedDir + "/" + l.Name
			added, last, late[l.Name] = append(added, l), append(last, entry), true
		}
		libs = append(libs, entry)
	}
	if c.Archive.Used && slices.Equal(kept, own) {
		if same, err := classpath.CanComeLast(files, late); same || err != nil {
			return slices.Concat(c.ClassPath, last), added, err
		}
	}
	return slices.Concat(before, libs, after), added, nil
}
