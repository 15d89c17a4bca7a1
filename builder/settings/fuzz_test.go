package settings

import (
	"os"
	"strings"
	"testing"
)

// FuzzPort reads the settings of an application from anywhere.
func FuzzPort(f *testing.F) {
	f.Add("server.port=${PORT:${OTHER:9095}}\nspring.profiles.active=${a}\na=${b}\nb=${a}",
		"server:\n  port: ${PORT:1}\n---\nspring.config.activate.on-profile: a & (b | !c)\nserver: {port: 2}\n",
		"PORT=3")
	f.Add("#---\nspring.config.import=a.yaml\n",
		"a: &a [*a]\nspring: {profiles: {active: [x, y], group: {x: [x, y]}, include: x}}\n",
		"SPRING_APPLICATION_JSON={}")
	f.Fuzz(func(t *testing.T, properties, yaml, variable string) {
		read := func(name string) ([]byte, error) {
			switch {
			case strings.HasSuffix(name, ".properties"):
				return []byte(properties), nil
			case strings.HasSuffix(name, ".yaml"):
				return []byte(yaml), nil
			}
			return nil, os.ErrNotExist
		}
		ServerOf(read, libraries(true, "spring-boot-4.0.1.jar"), []string{variable})
		Values("application.yaml", []byte(yaml))
	})
}
