package manifest

import (
	"slices"
	"testing"
)

func TestProjectImages(t *testing.T) {
	pod := func(images ...string) Manifest {
		text := "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n"
		for i, image := range images {
			text += "  - {name: c" + string(rune('0'+i)) + ", image: \"" + image + "\"}\n"
		}
		return read(t, text)
	}
	for name, c := range map[string]struct {
		manifest Manifest
		called   string
		images   []string
		guessed  bool
	}{
		"the lab's own manifest":             {pod("spring-server"), "", []string{"spring-server"}, true},
		"with a tag":                         {pod("spring-server:1.0"), "", []string{"spring-server:1.0"}, true},
		"beside images of others":            {pod("postgres:16", "spring-server", "ghcr.io/team/proxy", "grafana/grafana"), "", []string{"spring-server"}, true},
		"called as the project":              {pod("demo", "spring-server"), "", []string{"demo"}, false},
		"called as the user says":            {pod("demo", "spring-server"), "spring-server", []string{"spring-server"}, false},
		"not called as the user says":        {pod("spring-server"), "demo", nil, false},
		"two without an explanation":         {pod("spring-server", "worker"), "", nil, false},
		"a word of the project":              {pod("worker", "ghcr.io/team/clinic-backend:2", "redis"), "", []string{"ghcr.io/team/clinic-backend:2"}, true},
		"a word of two":                      {pod("clinic-backend", "clinic-frontend"), "", nil, false},
		"the directory's name":               {pod("spring-lab", "clinic-frontend"), "", []string{"spring-lab"}, true},
		"a service with a word of it":        {pod("quay.io/keycloak/keycloak", "spring-server"), "", []string{"spring-server"}, true},
		"a word that tells nothing":          {pod("team/spring-backend"), "", nil, false},
		"twice the same":                     {pod("spring-server", "spring-server"), "", []string{"spring-server"}, true},
		"an official image":                  {pod("nginx:latest"), "", nil, false},
		"a user's image of Docker Hub":       {pod("somebody/spring-server"), "", nil, false},
		"an image of a registry":             {pod("localhost:5000/spring-server"), "", nil, false},
		"an official image by its long name": {pod("docker.io/library/redis"), "", nil, false},
	} {
		images, guessed := c.manifest.ProjectImages(c.called, "demo", "spring-lab", "keycloak-clinic")
		if !slices.Equal(images, c.images) || guessed != c.guessed {
			t.Errorf("%s: got %q, guessed %v, want %q, %v", name, images, guessed, c.images, c.guessed)
		}
	}
}

func TestAnInitContainersImageAloneIsNotTheProjects(t *testing.T) {
	m := read(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  initContainers: [{name: a, image: migrate}]\n  containers: [{name: b, image: nginx}]\n")
	if images, guessed := m.ProjectImages("", "demo"); guessed || images != nil {
		t.Errorf("got %q", images)
	}
}
