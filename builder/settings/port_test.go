package settings

import (
	"os"
	"strings"
	"testing"
)

func TestWhereAnApplicationListens(t *testing.T) {
	web := libraries(true, "spring-boot-4.0.1.jar")
	worker := libraries(false, "spring-core-7.0.1.jar", "kafka-clients-4.jar")
	grpc := []string{"spring-core-7.0.1.jar", "grpc-netty-shaded-1.76.jar",
		"spring-grpc-server-spring-boot-autoconfigure-1.0.0.jar"}
	for _, c := range []struct {
		properties, yaml string
		libraries        Libraries
		want             int
	}{
		{"", "", web, 8080},
		{"", "", Libraries{}, 8080},
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
		{"server.port=" + strings.Repeat("${server.port}", 50), "", web, 8080}, // 50 to the power of how deep it is followed
		{"server.port=${PORT:${OTHER:9095}", "", web, 8080},
		{"", "", libraries(false, grpc...), 9090},
		{"", "spring.grpc.server.port: ${GRPC_PORT:9097}", libraries(false, grpc...), 9097},
		{"spring.grpc.server.port=0", "", libraries(false, grpc...), 0},
		{"spring.main.web-application-type=none", "", libraries(true, "grpc-spring-boot-starter-5.1.5.jar"), 6565},
		{"grpc.server.port=9098", "", libraries(false, "grpc-server-spring-boot-starter-3.1.0.RELEASE.jar"), 9098},
		{"", "", libraries(true, grpc...), 8080},
		{"server.port=0", "", web, 8080},
		{"server.port=-1", "", web, 0},
		{"spring.main.web-application-type=none", "", web, 0},
		{"", "spring.main.webApplicationType: none", Libraries{}, 0},
		{"", "a: [", web, 8080},
		{"", "server:\n  port: 8081\n--- # production\nspring.config.activate.on-profile: production\nserver:\n  port: 80\n", web, 8081},
		{"", "# ours\n---\nserver.port: 9093\n---\nserver.port: 9094\n", web, 9094},
		{"", "spring.profiles: prod\nserver.port: 80\n---\nserver.port: 9093\n", web, 9093},
		{"", "a: b\n---\nspring.config.activate.on-profile: prod\nserver.port: 80\n", web, 8080},
		{"a=b\n#---\nspring.config.activate.on-profile=prod\nserver.port=80\n", "", web, 8080},
	} {
		got := ServerOf(func(name string) ([]byte, error) {
			text := map[string]string{"application.properties": c.properties, "application.yaml": c.yaml}[name]
			if text == "" {
				return nil, os.ErrNotExist
			}
			return []byte(text), nil
		}, c.libraries, nil).Port
		if got != c.want {
			t.Errorf("%q, %q with %q: got %d, want %d", c.properties, c.yaml, c.libraries.Names, got, c.want)
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
		got := ServerOf(func(name string) ([]byte, error) {
			if name != "application.properties" {
				return nil, os.ErrNotExist
			}
			return []byte(properties), nil
		}, Libraries{}, nil).ContextPath
		if got != want {
			t.Errorf("%q: got %q, want %q", properties, got, want)
		}
	}
}

func TestServerThatTakesTLS(t *testing.T) {
	for properties, want := range map[string]bool{
		"": false,
		"server.port=8443\nserver.ssl.bundle=web":                                  true,
		"server.ssl.keyStore=classpath:keystore.p12":                               true,
		"server.ssl.bundle=web\nserver.ssl.enabled=false":                          false,
		"server.ssl.bundle=web\nserver.ssl.enabled=${TLS:true}":                    true,
		"management.server.ssl.bundle=web":                                         false,
		"spring.main.web-application-type=none\nserver.ssl.bundle=web":             false,
		"a=b\n#---\nspring.config.activate.on-profile=prod\nserver.ssl.bundle=web": false,
	} {
		got := ServerOf(func(name string) ([]byte, error) {
			if name != "application.properties" {
				return nil, os.ErrNotExist
			}
			return []byte(properties), nil
		}, Libraries{}, nil).HTTPS
		if got != want {
			t.Errorf("%q: got %v", properties, got)
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
		got := ServerOf(func(name string) ([]byte, error) {
			if text, there := c.files[name]; there {
				return []byte(text), nil
			}
			return nil, os.ErrNotExist
		}, Libraries{}, []string{c.env}).Port
		if got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// libraries have these names, and a web server of Spring Boot 4 or none.
func libraries(server bool, names ...string) Libraries {
	classes := map[string]bool{}
	if server {
		classes = map[string]bool{webContext: true, servlets[0]: true, webServers[0].server: true,
			webServers[0].startedBy[2]: true}
	}
	return Libraries{Names: names, Has: func() map[string]bool { return classes }}
}

func TestServerIsKnownByItsClasses(t *testing.T) {
	t.Parallel()
	tomcat, jetty, netty := webServers[0], webServers[1], webServers[3]
	boot1, boot3, boot4 := 0, 1, 2
	for _, c := range []struct {
		what    string
		classes []string
		want    bool
	}{
		{"Tomcat of Boot 1", []string{webContext, "javax/servlet/Servlet", tomcat.server, tomcat.startedBy[boot1]}, true},
		{"Tomcat of Boot 3", []string{webContext, "jakarta/servlet/Servlet", tomcat.server, tomcat.startedBy[boot3]}, true},
		{"Jetty of Boot 4", []string{webContext, "jakarta/servlet/Servlet", jetty.server, jetty.startedBy[boot4]}, true},
		{"Netty with WebFlux of Boot 3", []string{webContext, webFlux, netty.server, netty.startedBy[0]}, true},
		{"Tomcat with WebFlux", []string{webContext, webFlux, tomcat.server, tomcat.startedBy[boot3]}, true},
		{"Spring's web support for a client", []string{webContext, tomcat.startedBy[boot3]}, false},
		{"Netty for a client", []string{webContext, netty.server, netty.startedBy[0]}, false},
		{"WebFlux and Netty for a client of Boot 4", []string{webContext, webFlux, netty.server}, false},
		{"a servlet API without a server", []string{webContext, "jakarta/servlet/Servlet", tomcat.startedBy[boot3]}, false},
		{"a Jetty that a library of Boot 4 brings", []string{webContext, "jakarta/servlet/Servlet", jetty.server}, false},
		{"a Tomcat without Spring's web support", []string{"jakarta/servlet/Servlet", tomcat.server, tomcat.startedBy[boot3]}, false},
	} {
		var files []string
		for _, class := range c.classes {
			files = append(files, class+".class")
		}
		classes := map[string]bool{}
		for _, class := range Decisive(append(files, "com/example/App.class")) {
			classes[class] = true
		}
		if got := (Libraries{Has: func() map[string]bool { return classes }}).startServer(); got != c.want ||
			len(classes) != len(c.classes) {
			t.Errorf("%s: got %v", c.what, got)
		}
	}
}
