package builder

import (
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/springboot"
)

// App is an application as the build left it.
type App = springboot.App

// JVMOptions are the variables from which every JVM takes options.
var JVMOptions = jvm.OptionVariables
