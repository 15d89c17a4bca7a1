package settings

import (
	"slices"
	"strings"
)

// Libraries are what is on the class path of an application besides its own files.
type Libraries struct {
	// Names are those of the jars.
	Names []string
	// Has returns which of the classes that decide about a server are in them; see [Decisive].
	Has func() map[string]bool
}

// A web application is one for servlets or a reactive one, by these classes. Clients need Spring's web support, too,
// but no servlets, and mostly not WebFlux.
// https://docs.spring.io/spring-boot/reference/features/spring-application.html#features.spring-application.web-environment
const (
	webContext = "org/springframework/web/context/ConfigurableWebApplicationContext"
	webFlux    = "org/springframework/web/reactive/DispatcherHandler"
)

var servlets = []string{"jakarta/servlet/Servlet", "javax/servlet/Servlet"}

// webServers are the servers that Spring Boot starts: a class of the server, and those of Spring Boot 1, of 2 and 3,
// and of 4 that start it. Only Netty serves nothing but WebFlux.
var webServers = []struct {
	server    string
	startedBy []string
}{
	{"org/apache/catalina/startup/Tomcat", []string{
		"org/springframework/boot/context/embedded/tomcat/TomcatEmbeddedServletContainerFactory",
		"org/springframework/boot/web/embedded/tomcat/TomcatServletWebServerFactory",
		"org/springframework/boot/tomcat/TomcatWebServerFactory"}},
	{"org/eclipse/jetty/server/Server", []string{
		"org/springframework/boot/context/embedded/jetty/JettyEmbeddedServletContainerFactory",
		"org/springframework/boot/web/embedded/jetty/JettyServletWebServerFactory",
		"org/springframework/boot/jetty/JettyWebServerFactory"}},
	{"io/undertow/Undertow", []string{
		"org/springframework/boot/context/embedded/undertow/UndertowEmbeddedServletContainerFactory",
		"org/springframework/boot/web/embedded/undertow/UndertowServletWebServerFactory"}},
	{netty, []string{
		"org/springframework/boot/web/embedded/netty/NettyReactiveWebServerFactory",
		"org/springframework/boot/reactor/netty/NettyReactiveWebServerFactory"}},
}

const netty = "reactor/netty/http/server/HttpServer"

// decisive are all classes that decide about a server.
var decisive = func() []string {
	all := append([]string{webContext, webFlux}, servlets...)
	for _, s := range webServers {
		all = append(append(all, s.server), s.startedBy...)
	}
	return all
}()

// Decisive returns the classes among the files of a jar that decide whether an application is a server.
func Decisive(files []string) []string {
	found := []string{}
	for _, file := range files {
		if class, isClass := strings.CutSuffix(file, ".class"); isClass && slices.Contains(decisive, class) {
			found = append(found, class)
		}
	}
	return found
}

// startServer reports whether Spring Boot finds a web server among the libraries, and something for it to serve.
func (l Libraries) startServer() bool {
	classes := l.Has()
	has := func(class string) bool { return classes[class] }
	reactive := has(webFlux)
	web := reactive || has(webContext) && slices.ContainsFunc(servlets, has)
	for _, s := range webServers {
		if has(s.server) && slices.ContainsFunc(s.startedBy, has) && web && (reactive || s.server != netty) {
			return true
		}
	}
	return false
}
