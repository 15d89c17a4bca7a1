package plan

import (
	"testing"

	"github.com/devloop-cli/devloop/hack/real"
)

func TestFilesThatALibraryMayHaveReadNeedANewJVM(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]bool{
		"application.yml": false, "openapi.yml": false, "static-data.yaml": false, "application-dev.properties": false, "logback-spring.xml": false, "messages_de.properties": false,
		"data.sql": false, "git.properties": false, "countries.json": false, "config/own.properties": false, "META-INF/build-info.properties": false,
		"templates/a.html": false, "static/a.xml": false,
		"hibernate.properties": true, "spring.properties": true, "ehcache.xml": true, "jndi.properties": true,
		"META-INF/services/java.sql.Driver": true, "META-INF/spring.factories": true,
	} {
		if why := NewState(inMemory(map[string][]byte{file: nil}), nil).NeedsNewJVM(); (why != "") != want {
			t.Errorf("%s: got %q", file, why)
		}
	}
}

func TestClassesThatSetUpTheJVMNeedANewOne(t *testing.T) {
	t.Parallel()
	real.Java(t)
	for want, body := range map[string]string{
		"":                             `System.getProperty("a"); java.util.TimeZone.getDefault(); "setProperty".trim();`,
		"A calls System.setProperty":   `System.setProperty("a", "b");`,
		"A calls TimeZone.setDefault":  `Runnable r = () -> java.util.TimeZone.setDefault(null); r.run();`,
		"A calls Locale.setDefault":    `java.util.Locale.setDefault(java.util.Locale.ROOT);`,
		"A calls Security.addProvider": `java.security.Security.addProvider(null);`,
		"A calls System.setOut":        `System.setOut(null);`,
	} {
		classes := compileJava(t, "class A { public static void main(String[] a) { "+body+" } }")
		if got := NewState(inMemory(map[string][]byte{"A.class": classes[0]}), nil).NeedsNewJVM(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
