// Package launcher gives packages of classes in files the titles and versions that they have in the started jar.
//
//	l := launcher.New(files)             // nil if the jar's manifest has none
//	l.Files()                            // a jar for the end of the class path
//	l.Command("com.example.Shop")        // runs in place of the main class
//
// Package.getImplementationVersion, and with it Spring Boot's banner and spring.application.version, read
// the manifest of the jar from which the first class of a package came. A directory has none. So the
// jar has a class for each package, which a Java program (io/…/Launcher.java) loads before it starts
// the application. Its class file is checked in; compile.sh makes it.
package launcher

import (
	_ "embed"
	"encoding/binary"
	"path"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/springboot"
)

const (
	// Jar is the path of the jar in an image, without a leading slash.
	Jar       = layertar.AppDir + "/manifest.jar"
	mainClass = "io.github.devloop_cli.Launcher"
	directory = "io/github/devloop_cli/"
	// Class is the file of the class that runs a main class, in a jar.
	Class = directory + "Launcher.class"
	// marker is the class of each package. It is never initialized.
	marker = "DevloopPackage"
)

// Code is the content of [Class].
//
//go:embed io/github/devloop_cli/Launcher.class
var Code []byte

// attributes are what a package takes from a manifest
// (https://docs.oracle.com/en/java/javase/17/docs/specs/jar/jar.html#main-attributes).
var attributes = []string{"Implementation-Title", "Implementation-Version", "Implementation-Vendor",
	"Specification-Title", "Specification-Version", "Specification-Vendor"}

// Launcher starts an application.
type Launcher struct{ jar []byte }

// New returns the launcher for an application, nil if its manifest has nothing for packages.
func New(files *springboot.Files) *Launcher {
	manifest := "Manifest-Version: 1.0\r\n"
	none := manifest
	for _, name := range attributes {
		if value := files.Manifest[name]; value != "" {
			manifest += folded(name + ": " + value)
		}
	}
	packages := packagesOf(files)
	if manifest == none || len(packages) == 0 {
		return nil
	}
	classes := []layertar.JarFile{{Name: Class, Data: Code}}
	var list []byte
	for _, p := range packages {
		name := p + "/" + marker
		classes = append(classes, layertar.JarFile{Name: name + ".class", Data: emptyInterface(name)})
		list = append(list, strings.ReplaceAll(name, "/", ".")+"\n"...)
	}
	first := []layertar.JarFile{{Name: springboot.ManifestPath, Data: []byte(manifest + "\r\n")},
		{Name: directory + "packages", Data: list}}
	return &Launcher{layertar.Jar(append(first, classes...)...)}
}

// Files returns the jar.
func (l *Launcher) Files() []springboot.Entry {
	return []springboot.Entry{{Path: Jar, File: springboot.Text(Jar, l.jar)}}
}

// Command returns the main class that starts another one, and its argument.
func (l *Launcher) Command(application string) []string { return []string{mainClass, application} }

// packagesOf returns the packages of the application's own classes, with slashes.
func packagesOf(files *springboot.Files) []string {
	var packages []string
	for _, e := range files.Own {
		if dir := path.Dir(e.Path); strings.HasSuffix(e.Path, ".class") && dir != "." &&
			!strings.HasPrefix(dir, "META-INF") {
			packages = append(packages, dir)
		}
	}
	slices.Sort(packages)
	return slices.Compact(packages)
}

// folded splits a line of a manifest, which has 72 bytes at most.
func folded(line string) string {
	var text strings.Builder
	for limit := 70; len(line) > limit; limit = 69 {
		text.WriteString(line[:limit] + "\r\n ")
		line = line[limit:]
	}
	return text.String() + line + "\r\n"
}

// emptyInterface returns a class file of Java 8 (JVM specification, 4.1).
func emptyInterface(name string) []byte {
	utf8 := func(text string) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{1}, uint16(len(text))), text...)
	}
	data := []byte{0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 52, 0, 5, 7, 0, 2}
	data = append(data, utf8(name)...)
	data = append(data, 7, 0, 4)
	data = append(data, utf8("java/lang/Object")...)
	const flags = 0x0200 | 0x0400 | 0x1000 // interface, abstract, synthetic
	data = binary.BigEndian.AppendUint16(data, flags)
	return append(data, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0)
}
