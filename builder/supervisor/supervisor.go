// Package supervisor puts a process into an image that starts the application, and restarts it with changes.
//
//	layer := supervisor.Files()
//	command := supervisor.Command("java", application, supervisor.Debug{On: true}, env)
//
// The supervisor is a Java program (io/…/Supervise.java, with the protocol), since an image that runs Java may have no
// shell. Its class files are checked in; compile.sh makes them. It listens on the Pod's loopback address only.
//
// Sending it changes is up to others: they need the Pod.
package supervisor

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strconv"

	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/layertar"
	"github.com/devloop-cli/devloop/builder/springboot"
)

const (
	// Port is where the supervisor listens, on the loopback address of the Pod. It is not
	// assigned (IANA's registry of ports), and lower than Linux's ports for outgoing connections.
	Port = 17654
	// DebugPort is where the application's JVM listens for a debugger, likewise.
	DebugPort = 17655
	// ChangesDir is where the supervisor keeps changes for the Pod's next container. Without a volume it takes none.
	ChangesDir = "/" + layertar.AppDir + "/changes"
	// AddedDir has the libraries that changes bring, and the class path with them.
	AddedDir = layertar.AppDir + "/added"
	// ClassPathFile is the path in a change, from the application's classes, of the file with that class path.
	ClassPathFile = "../added/classpath"
	// Dir has the supervisor's class files.
	Dir = layertar.AppDir + "/supervisor"
)

// Dirs are the directories that the supervisor writes to, that of changes first.
var Dirs = []string{ChangesDir, "/" + layertar.ClassesDir, "/" + AddedDir}

// AddedLibrary returns the path of a library in a change, from the application's classes.
func AddedLibrary(name string) string { return path.Dir(ClassPathFile) + "/" + name }

//go:embed io/github/devloop_cli/*.class
var classFiles embed.FS

// Files returns the files of the supervisor's layer.
func Files() []springboot.Entry {
	var files []springboot.Entry
	err := fs.WalkDir(classFiles, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := classFiles.ReadFile(name)
		files = append(files, springboot.Entry{Path: Dir + "/" + name, File: springboot.Text(name, data)})
		return err
	})
	if err != nil {
		panic(err) // they are part of the program
	}
	return files
}

// Debug says whether the application's JVM listens for a debugger, and waits for one at each start.
type Debug struct{ On, Suspend bool }

// argument is the debug port as the supervisor is told it: 0 for none.
func (d Debug) argument() string {
	switch {
	case d.Suspend:
		return strconv.Itoa(DebugPort) + ":suspend"
	case d.On:
		return strconv.Itoa(DebugPort)
	}
	return "0"
}

// smallJVM are the options of a JVM that takes as little as one can, 10 MB of its own. JDK 17
// and later would move the archive of the JDK's classes to a random address, which makes
// 7 MB of it their own that all JVMs of the image could share; older ones don't know the option.
var smallJVM = []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xms8m", "-Xmx16m", "-Xss256k",
	"-XX:+IgnoreUnrecognizedVMOptions", "-XX:+UnlockDiagnosticVMOptions", "-XX:ArchiveRelocationMode=0"}

// Command returns the command of a supervisor that runs application. Java is the JVM's command, and given are options
// that the user decides about, and variables that may have options for every JVM, none of them [jvm.Exclusive]. It
// gives way to their collector: a JVM that is told two does not start.
func Command(java string, application []string, debug Debug, given []string) []string {
	options := slices.DeleteFunc(slices.Clone(smallJVM),
		func(option string) bool { return jvm.Contradicts(option, given) })
	return slices.Concat([]string{java}, options, []string{"-cp", "/" + Dir,
		"io.github.devloop_cli.Supervise", strconv.Itoa(Port), "/" + layertar.ClassesDir, ChangesDir, debug.argument()},
		application)
}
