package builder

import (
	"embed"
	"io/fs"
	"slices"
	"strconv"

	"github.com/devloop-cli/devloop/builder/springboot"
)

// An image for [ImagerOptions.Develop] can be changed while it runs: a supervisor starts
// the application, takes changes of its classes and resources, and starts it again
// (supervise/…/Supervise.java, whose comment has the protocol).

const (
	// SupervisorPort is where the supervisor listens, on the loopback address of the Pod.
	// It is one that nobody is assigned (IANA's registry of ports) and below those that
	// Linux gives to outgoing connections.
	SupervisorPort = 17654
	// DebugPort is where the application's JVM listens for a debugger, in the same way.
	DebugPort = 17655
	// ChangesDir is where the supervisor keeps what it was told, for the next container of the
	// Pod: a volume has to be there, else it takes nothing.
	ChangesDir = "/" + appDir + "/changes"
	// LeverRestart names the supervisor among the [Levers].
	LeverRestart = "restart"
	// LeverSwap names the JVM's readiness to take changed methods, which needs the supervisor.
	LeverSwap = "hot-swap"

	supervisorDir = appDir + "/supervisor"
)

//go:embed supervise/io/github/devloop_cli/*.class
var supervisorCode embed.FS

// supervised says whether images have a supervisor.
func (j *job) supervised() bool { return j.develop && !slices.Contains(j.without, LeverRestart) }

// supervisor returns the layer to be that holds the supervisor.
func supervisor() part {
	p := part{name: "supervisor"}
	files, err := fs.Glob(supervisorCode, "supervise/io/github/devloop_cli/*.class")
	if err != nil {
		panic(err) // the pattern is right
	}
	for _, file := range files {
		data, err := supervisorCode.ReadFile(file)
		if err != nil {
			panic(err) // it was just found
		}
		p.entries = append(p.entries, springboot.Entry{Path: supervisorDir + file[len("supervise"):], File: springboot.Text(file, data)})
	}
	return p
}

// swappable says whether the JVM takes changed methods.
func (j *job) swappable() bool { return !slices.Contains(j.without, LeverSwap) }

// debugPort is the one that the JVM is asked to listen on for a debugger, as the supervisor
// is told it: 0 for none.
func (j *job) debugPort() string {
	switch {
	case j.debug.suspend:
		return strconv.Itoa(DebugPort) + ":suspend"
	case j.debug.on || j.swappable():
		return strconv.Itoa(DebugPort)
	}
	return "0"
}

// smallJVM are the options of a JVM that takes as little as one can, 10 MB of its own. JDK 17
// and later would move the archive of the JDK's classes to a random address, which makes
// 7 MB of it their own that all JVMs of the image could share; older ones don't know the option.
var smallJVM = []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx16m", "-Xss256k",
	"-XX:+IgnoreUnrecognizedVMOptions", "-XX:+UnlockDiagnosticVMOptions", "-XX:ArchiveRelocationMode=0"}

// supervise returns how the supervisor runs a command.
func (j *job) supervise(command []string) []string {
	return slices.Concat([]string{j.java()}, smallJVM, []string{"-cp", "/" + supervisorDir,
		"io.github.devloop_cli.Supervise", strconv.Itoa(SupervisorPort), "/" + classesDir, ChangesDir, j.debugPort()}, command)
}
