package builder

import (
	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/image"
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

// The images of an application; see package image.
type (
	Imager        = image.Imager
	ImagerOptions = image.Options
	Image         = image.Image
	ImageError    = image.Error
	Explanation   = image.Explanation
	Advice        = image.Advice
	LayerNote     = image.LayerNote
	Option        = image.Option
)

// NewImager returns an Imager that uses docker. It asks the engine nothing yet.
func NewImager(docker client.APIClient, o ImagerOptions) *Imager { return image.New(docker, o) }

// Levers returns the names of what [ImagerOptions.Without] can leave out.
func Levers() []string { return image.Levers() }

// The levers that callers name, and the label of devloop's images.
const (
	LeverArchive = image.LeverArchive
	LeverRestart = image.LeverRestart
	LeverSwap    = image.LeverSwap
	ProjectLabel = image.ProjectLabel
)
