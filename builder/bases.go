package builder

import (
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Bases returns the images that the project's image is made from, before anything is
// built: those that the Dockerfile's FROMs name, else base, else that of the Java
// version.
func (p *Project) Bases(base string, java int) []string {
	switch {
	case p.Dockerfile != "":
		return basesOf(instructions(p.Dockerfile))
	case base != "":
		return []string{base}
	default:
		return []string{defaultBase(java)}
	}
}

// basesOf leaves out the stages of the same Dockerfile, and what only the build's
// arguments tell.
func basesOf(nodes []*parser.Node) []string {
	values := variables(nodes)
	var bases, stages []string
	for _, n := range nodes {
		if !strings.EqualFold(n.Value, "FROM") {
			continue
		}
		base := expand(baseOf(n), values)
		if !slices.Contains(stages, base) && base != "scratch" && base != "" && !strings.Contains(base, "$") && !slices.Contains(bases, base) {
			bases = append(bases, base)
		}
		if as := n.Next; as != nil && as.Next != nil && as.Next.Next != nil { // FROM image AS stage
			stages = append(stages, as.Next.Next.Value)
		}
	}
	return bases
}

func expand(text string, values map[string]string) string {
	for name, value := range values {
		text = strings.NewReplacer("${"+name+"}", value, "$"+name, value).Replace(text)
	}
	return text
}
