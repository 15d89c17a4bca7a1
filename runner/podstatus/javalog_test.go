package podstatus

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestLastWordsOfAnApplication(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ log, cause, evidence string }{
		{"10:00 ERROR o.s.boot.SpringApplication : Application run failed\n\n" +
			"java.lang.IllegalStateException: on purpose\n\tat shop.App.main(App.java:7) ~[classes/:na]\n" +
			"\tat org.springframework.boot.SpringApplication.run(SpringApplication.java:9) ~[spring-boot-4.0.7.jar:4.0.7]",
			"java.lang.IllegalStateException: on purpose", "at shop.App.main(App.java:7)"},
		{"11:19 [main] ERROR org.springframework.boot.SpringApplication -- Application run failed\n" +
			"while parsing a flow node\n in 'reader', line 8, column 1:\n    \n    ^\n" +
			"expected the node content, but found '<stream end>'\n in 'reader', line 9, column 2:\n\n" +
			strings.Repeat("\tat org.yaml.snakeyaml.Yaml.load(Yaml.java:1)\n", 30) +
			"\tat shop.App.main(App.java:22)\n\tat io.github.devloop_cli.Launcher.run(Unknown Source)",
			"a YAML file that it reads is wrong at line 9, column 2", "found '<stream end>'"},
		{"java.lang.IllegalStateException: first\n\tat shop.App.main(App.java:7)\n" +
			"Caused by: java.io.IOException: second\n\t... 30 common frames omitted",
			"java.io.IOException: second", "Caused by: java.io.IOException: second"},
		{"a note on java.io.IOException: no trace\njava.io.IOException: no trace either\nthe end", "", "the end"},
		{"java.lang.IllegalStateException: made\n\tat shop.App$$SpringCGLIB$$0.x(<generated>) ~[classes/:na]\n" +
			"\tat org.springframework.samples.App.x(App.java:1)",
			"java.lang.IllegalStateException: made", "at org.springframework.samples.App.x"},
	} {
		said := explainLog(strings.Split(c.log, "\n"))
		has := slices.ContainsFunc(said.evidence, func(line string) bool { return strings.Contains(line, c.evidence) })
		noise := slices.ContainsFunc(said.evidence, regexp.MustCompile("snakeyaml|CGLIB|Launcher").MatchString)
		if said.cause != c.cause || !has || noise {
			t.Errorf("got %q with %q, want %q with %q", said.cause, said.evidence, c.cause, c.evidence)
		}
	}
}
