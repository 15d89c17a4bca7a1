package builder

import (
	"github.com/devloop-cli/devloop/builder/dockerfile"
	"github.com/devloop-cli/devloop/builder/image"
)

// Bases returns the images that the project's image is made from, before anything is
// built: those of the Dockerfile, else base, else the default for the Java version.
func Bases(p *Project, base string, java int) []string {
	switch {
	case p.Dockerfile != "":
		return dockerfile.Read(p.Dockerfile, "").Bases()
	case base != "":
		return []string{base}
	default:
		return []string{image.DefaultBase(java)}
	}
}
