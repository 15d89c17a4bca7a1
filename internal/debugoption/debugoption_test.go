package debugoption

import "testing"

func TestPort(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:8000":               8000,
		"-Xmx1g -agentlib:jdwp=transport=dt_socket,address=5005,server=y -Da=b":              5005,
		"java -Xdebug -Xrunjdwp:transport=dt_socket,server=y,address=127.0.0.1:7777 app.jar": 7777,
		"JAVA_TOOL_OPTIONS=-agentlib:jdwp=transport=dt_socket,server=y,address=[::]:5005":    5005,
		"-agentlib:jdwp=transport=dt_socket,server=y address=5005":                           0,
		"-Dserver.address=10.0.0.1:5005":                                                     0,
		"":                                                                                   0,
	} {
		if got := Port("java", text); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
}
