package builder

import (
	"os"
	"testing"
)

func TestWhereAnApplicationListens(t *testing.T) {
	web, worker := []string{"spring-core-7.0.1.jar", "spring-web-7.0.1.jar"}, []string{"spring-core-7.0.1.jar", "kafka-clients-4.jar"}
	for _, c := range []struct {
		properties, yaml string
		libraries        []string
		want             int
	}{
		{"", "", web, 8080},
		{"", "", nil, 8080},
		{"", "", worker, 0},
		{"server.port=9090", "", web, 9090},
		{"server.port=9090", "", worker, 9090},
		{"", "server:\n  port: 9091", web, 9091},
		{"server.port = 9090", "server.port: 9091", web, 9090},
		{"server.port=${PORT:9092}", "", web, 9092},
		{"server.port=${PORT}", "", web, 8080},
		{"server.port=0", "", web, 8080},
		{"server.port=-1", "", web, 0},
		{"spring.main.web-application-type=none", "", web, 0},
		{"", "spring.main.webApplicationType: none", nil, 0},
		{"", "a: [", web, 8080},
		{"", "# ours\n---\nserver.port: 9093\n---\nserver.port: 9094\n", web, 9094},
		{"", "spring.profiles: prod\nserver.port: 80\n---\nserver.port: 9093\n", web, 9093},
		{"", "a: b\n---\nspring.config.activate.on-profile: prod\nserver.port: 80\n", web, 8080},
		{"a=b\n#---\nspring.config.activate.on-profile=prod\nserver.port=80\n", "", web, 8080},
	} {
		got, _ := listens(func(name string) ([]byte, error) {
			text := map[string]string{"application.properties": c.properties, "application.yaml": c.yaml}[name]
			if text == "" {
				return nil, os.ErrNotExist
			}
			return []byte(text), nil
		}, c.libraries)
		if got != c.want {
			t.Errorf("%q, %q with %q: got %d, want %d", c.properties, c.yaml, c.libraries, got, c.want)
		}
	}
}

func TestPathBelowWhichAnApplicationAnswers(t *testing.T) {
	for properties, want := range map[string]string{
		"":                                    "",
		"server.servlet.context-path=/shop":   "/shop",
		"server.servlet.contextPath=/a/shop/": "/a/shop",
		"server.servlet.context-path=${CONTEXT:/shop}":      "/shop",
		"server.servlet.context-path=${CONTEXT}":            "",
		"server.servlet.context-path=/":                     "",
		"spring.webflux.base-path=/api":                     "/api",
		"server.port=-1\nserver.servlet.context-path=/shop": "",
	} {
		_, got := listens(func(name string) ([]byte, error) {
			if name != "application.properties" {
				return nil, os.ErrNotExist
			}
			return []byte(properties), nil
		}, nil)
		if got != want {
			t.Errorf("%q: got %q, want %q", properties, got, want)
		}
	}
}
