package builder

import (
	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/builder/supervisor"
)

// App is an application as the build left it.
type App = springboot.App

// JVMOptions are the variables from which every JVM takes options.
var JVMOptions = jvm.OptionVariables

// Where the supervisor of a Pod listens, and keeps changes.
const (
	SupervisorPort = supervisor.Port
	DebugPort      = supervisor.DebugPort
	ChangesDir     = supervisor.ChangesDir
)

// Archive describes the archive of classes that an image has.
type Archive = cds.Archive

// Refusal returns why a JVM does not use its archive, if a line of its log says so, else "".
func Refusal(line string) string { return cds.Rejection(line) }
