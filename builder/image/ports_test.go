package image

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func TestExposedPortForRequests(t *testing.T) {
	t.Parallel()
	agent := "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:"
	for _, c := range []struct {
		exposed, entrypoint []string
		want                int
	}{
		{nil, nil, 0},
		{[]string{"8080/tcp"}, nil, 8080},
		{[]string{"9090/tcp", "8080/tcp", "53/udp"}, nil, 8080},
		{[]string{"8080/tcp", "5005/tcp"}, nil, 8080},
		{[]string{"5005/tcp"}, nil, 5005},
		{[]string{"5005/tcp"}, []string{"java", agent + "5005", "-jar", "app.jar"}, 0},
		{[]string{"8080/tcp", "8000/tcp"}, []string{"java", agent + "8000", "-jar", "app.jar"}, 8080},
	} {
		config := v1.Config{Entrypoint: c.entrypoint, ExposedPorts: map[string]struct{}{}}
		for _, port := range c.exposed {
			config.ExposedPorts[port] = struct{}{}
		}
		for range 20 { // a map has no order
			if got := lowestPort(config); got != c.want {
				t.Errorf("EXPOSE %v, %v: got %d, want %d", c.exposed, c.entrypoint, got, c.want)
			}
		}
	}
}
