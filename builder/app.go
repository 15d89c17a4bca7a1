package builder

import (
	"context"

	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/builder/cds"
	"github.com/devloop-cli/devloop/builder/compiler"
	"github.com/devloop-cli/devloop/builder/image"
	"github.com/devloop-cli/devloop/builder/jvm"
	"github.com/devloop-cli/devloop/builder/project"
	"github.com/devloop-cli/devloop/builder/springboot"
	"github.com/devloop-cli/devloop/builder/supervisor"
)

// App is an application as the build left it.
type App = springboot.App

// Project is a directory with a Gradle or Maven build, Options say how to open one, and Compiler
// compiles it at each save.
type (
	Project  = project.Project
	Options  = project.Options
	Compiler = compiler.Compiler
)

// Open opens a project; see [project.Open].
func Open(ctx context.Context, dir string, o Options) (*Project, error) {
	return project.Open(ctx, dir, o)
}

// NewCompiler returns a compiler of a project; see [compiler.New].
func NewCompiler(p *Project, enabled bool) *Compiler { return compiler.New(p, enabled) }

// NoDockerfile ignores the project's Dockerfile.
const NoDockerfile = project.NoDockerfile

// BuildTools are the names of the tools that a project can be built with.
var BuildTools = project.BuildTools

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
	Report        = image.Report
	Advice        = image.Advice
	LayerNote     = image.LayerNote
	Option        = image.Option
)

// NewImager returns an Imager that uses docker. It asks the engine nothing yet.
func NewImager(docker client.APIClient, o ImagerOptions) *Imager { return image.New(docker, o) }

// Optimizations returns the names that [ImagerOptions.Without] accepts.
func Optimizations() []string { return image.Optimizations() }

// The optimizations that callers name.
const (
	OptimizationArchive = image.OptimizationArchive
	OptimizationRestart = image.OptimizationRestart
	OptimizationSwap    = image.OptimizationSwap
)
