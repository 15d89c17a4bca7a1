package springboot

import (
	"os"
	"strings"
	"testing"
)

func TestWhereAnApplicationListens(t *testing.T) {
	web := []string{"spring-boot-4.0.1.jar", "spring-boot-tomcat-4.0.1.jar", "spring-boot-webmvc-4.0.1.jar", "tomcat-embed-core-11.0.1.jar"}
	worker := []string{"spring-core-7.0.1.jar", "kafka-clients-4.jar"}
	grpc := []string{"spring-core-7.0.1.jar", "grpc-netty-shaded-1.76.jar", "spring-grpc-server-spring-boot-autoconfigure-1.0.0.jar"}
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
		{"server.port=${PORT:${OTHER:9095}}", "", web, 9095},
		{"server.port=${PORT:${OTHER}}\nother=9096", "", web, 9096},
		{"server.port=80${END:${NONE:81}}", "", web, 8081},
		{"server.port=${A}\na=${server.port}", "", web, 8080},
		{"server.port=${PORT:${OTHER:9095}", "", web, 8080},
		{"", "", grpc, 9090},
		{"", "spring.grpc.server.port: ${GRPC_PORT:9097}", grpc, 9097},
		{"spring.grpc.server.port=0", "", grpc, 0},
		{"spring.main.web-application-type=none", "", append(web, "grpc-spring-boot-starter-5.1.5.jar"), 6565},
		{"grpc.server.port=9098", "", append(worker, "grpc-server-spring-boot-starter-3.1.0.RELEASE.jar"), 9098},
		{"", "", append(web, grpc...), 8080},
		{"server.port=0", "", web, 8080},
		{"server.port=-1", "", web, 0},
		{"spring.main.web-application-type=none", "", web, 0},
		{"", "spring.main.webApplicationType: none", nil, 0},
		{"", "a: [", web, 8080},
		{"", "server:\n  port: 8081\n--- # production\nspring.config.activate.on-profile: production\nserver:\n  port: 80\n", web, 8081},
		{"", "# ours\n---\nserver.port: 9093\n---\nserver.port: 9094\n", web, 9094},
		{"", "spring.profiles: prod\nserver.port: 80\n---\nserver.port: 9093\n", web, 9093},
		{"", "a: b\n---\nspring.config.activate.on-profile: prod\nserver.port: 80\n", web, 8080},
		{"a=b\n#---\nspring.config.activate.on-profile=prod\nserver.port=80\n", "", web, 8080},
	} {
		got, _ := Port(func(name string) ([]byte, error) {
			text := map[string]string{"application.properties": c.properties, "application.yaml": c.yaml}[name]
			if text == "" {
				return nil, os.ErrNotExist
			}
			return []byte(text), nil
		}, c.libraries, nil)
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
		"server.servlet.context-path=/api/${CONTEXT}":       "",
		"server.servlet.context-path=/api/${CONTEXT:v1}":    "/api/v1",
		"server.servlet.context-path=/":                     "",
		"spring.webflux.base-path=/api":                     "/api",
		"server.port=-1\nserver.servlet.context-path=/shop": "",
	} {
		_, got := Port(func(name string) ([]byte, error) {
			if name != "application.properties" {
				return nil, os.ErrNotExist
			}
			return []byte(properties), nil
		}, nil, nil)
		if got != want {
			t.Errorf("%q: got %q, want %q", properties, got, want)
		}
	}
}

func TestPortIsFoundWhereSpringFindsIt(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		env   string
		want  int
	}{
		{"a profile's file", map[string]string{"application-dev.properties": "server.port=9090"}, "SPRING_PROFILES_ACTIVE=dev", 9090},
		{"no profile", map[string]string{"application-dev.properties": "server.port=9090"}, "", 8080},
		{"the last profile", map[string]string{"application-a.yml": "server.port: 1", "application-b.yml": "server.port: 2"}, "SPRING_PROFILES_ACTIVE=a,b", 2},
		{"the default profile", map[string]string{"application-default.yml": "server.port: 9090"}, "", 9090},
		{"a profile by the settings", map[string]string{"application.yml": "spring.profiles.active: [dev]", "application-dev.yml": "server.port: 9090"}, "", 9090},
		{"a profile over the settings'", map[string]string{"application.yml": "spring.profiles.active: dev", "application-dev.yml": "server.port: 9090"}, "SPRING_PROFILES_ACTIVE=prod", 8080},
		{"a group", map[string]string{"application.properties": "spring.profiles.group.prod=db,tls", "application-tls.yml": "server.port: 8443"}, "SPRING_PROFILES_ACTIVE=prod", 8443},
		{"an included profile", map[string]string{"application.properties": "spring.profiles.include=tls", "application-tls.yml": "server.port: 8443"}, "", 8443},
		{"a document of the profile", map[string]string{"application.yml": "a: b\n---\nspring.config.activate.on-profile: dev | test\nserver.port: 9090"}, "SPRING_PROFILES_ACTIVE=dev", 9090},
		{"a document of other profiles", map[string]string{"application.yml": "a: b\n---\nspring.config.activate.on-profile: '!dev'\nserver.port: 9090"}, "SPRING_PROFILES_ACTIVE=dev", 8080},
		{"a document of both profiles", map[string]string{"application.properties": "a=b\n#---\nspring.config.activate.on-profile=dev & eu\nserver.port=9090"}, "SPRING_PROFILES_ACTIVE=eu,dev", 9090},
		{"a document for Kubernetes", map[string]string{"application.yml": "spring.config.activate.on-cloud-platform: kubernetes\nserver.port: 9090"}, "", 9090},
		{"a document for another platform", map[string]string{"application.yml": "spring.config.activate.on-cloud-platform: heroku\nserver.port: 9090"}, "", 8080},
		{"config/", map[string]string{"config/application.yml": "server:\n  port: 8081"}, "", 8081},
		{"config/ over the root", map[string]string{"config/application.yml": "server.port: 8081", "application.properties": "server.port=8082"}, "", 8081},
		{"a profile over config/", map[string]string{"config/application.yml": "server.port: 8081", "application-dev.properties": "server.port=8082"}, "SPRING_PROFILES_ACTIVE=dev", 8082},
		{"a variable", map[string]string{"application.yml": "server.port: 8081"}, "SERVER_PORT=9090", 9090},
		{"a variable that the settings name", map[string]string{"application.yml": "server.port: ${PORT:8081}"}, "PORT=9090", 9090},
		{"a system property", nil, "JAVA_TOOL_OPTIONS=-Xmx1g -Dserver.port=9090", 9090},
		{"JSON", nil, `SPRING_APPLICATION_JSON={"server":{"port":9090}}`, 9090},
	} {
		got, _ := Port(func(name string) ([]byte, error) {
			if text, there := c.files[name]; there {
				return []byte(text), nil
			}
			return nil, os.ErrNotExist
		}, nil, []string{c.env})
		if got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestServerIsKnownByItsLibraries(t *testing.T) {
	for _, c := range []struct {
		libraries string
		want      bool
	}{
		{"spring-boot-3.5.7 spring-web-6.2.1 spring-webmvc-6.2.1 tomcat-embed-core-10.1.1", true},
		{"spring-boot-3.5.7 spring-web-6.2.1 jetty-server-12.0.1", true},
		{"spring-boot-3.5.7 spring-web-6.2.1 undertow-core-2.3.1.Final", true},
		{"spring-boot-3.5.7 spring-web-6.2.1 spring-webflux-6.2.1 reactor-netty-http-1.2.1", true},
		{"spring-boot-3.5.7 spring-web-6.2.1", false},
		{"spring-boot-3.5.7 spring-web-6.2.1 reactor-netty-http-1.2.1", false},
		{"spring-boot-3.5.7 spring-web-6.2.1 httpclient5-5.4 netty-nio-client-2.2", false},
		{"spring-boot-4.0.1 lettuce-core-6.8 netty-common-4.2", false},
		{"spring-boot-4.0.1 spring-boot-webmvc-4.0.1 spring-boot-tomcat-4.0.1 tomcat-embed-core-11.0.1", true},
		{"spring-boot-4.0.1 spring-boot-webflux-4.0.1 spring-boot-reactor-netty-4.0.1", true},
		{"spring-boot-4.0.1 spring-boot-webclient-4.0.1 spring-webflux-7.0.1 reactor-netty-http-1.3.1", false},
	} {
		if got := hasServer(strings.Fields(c.libraries)); got != c.want {
			t.Errorf("%s: got %v", c.libraries, got)
		}
	}
}
