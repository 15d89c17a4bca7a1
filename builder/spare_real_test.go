package builder

import (
	"archive/zip"
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/devloop-cli/devloop/builder/jdk"
	"github.com/devloop-cli/devloop/builder/spare"
	"github.com/devloop-cli/devloop/hack/real"
	"github.com/devloop-cli/devloop/internal/must"
)

// stateController answers with what an application can see of its JVM, numbers aside.
const stateController = `package com.example;

import java.lang.management.ManagementFactory;
import java.util.*;
import ch.qos.logback.classic.LoggerContext;
import org.slf4j.LoggerFactory;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
public class AppController {
    static int starts;

    public AppController() { starts++; }

    @GetMapping("/")
    public String home() throws Exception {
        List<String> lines = new ArrayList<>();
        lines.add("Hello, World " + starts);
        for (Object name : System.getProperties().keySet()) {
            lines.add("property " + name + "=" + System.getProperty((String) name));
        }
        for (Thread t : Thread.getAllStackTraces().keySet()) {
            boolean jvm = t.getThreadGroup() == null || !t.getThreadGroup().getName().equals("main")
                || t.getName().equals("DestroyJavaVM"); // there once the main method has returned, which may be after this
            if (!jvm) {
                lines.add("thread " + t.getName() + " " + t.isDaemon() + " " + t.getPriority() + " " + String.valueOf(t.getContextClassLoader()).replaceAll("@.*", ""));
            }
        }
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        for (ch.qos.logback.classic.Logger logger : context.getLoggerList()) {
            logger.iteratorForAppenders().forEachRemaining(a -> lines.add("appender " + logger.getName() + " " + a.getName()));
            if (logger.getLevel() != null || logger.getName().contains("Tomcat")) {
                lines.add("logger " + logger.getName() + " " + logger.getEffectiveLevel());
            }
        }
        lines.add("filters " + context.getTurboFilterList().size() + " " + context.getCopyOfPropertyMap());
        java.util.logging.Logger root = java.util.logging.Logger.getLogger("");
        lines.add("jul " + root.getLevel() + " " + root.getHandlers().length);
        for (var name : ManagementFactory.getPlatformMBeanServer().queryNames(null, null)) {
            lines.add("bean " + name);
        }
        lines.add("rest " + Locale.getDefault() + TimeZone.getDefault().getID() + java.nio.charset.Charset.defaultCharset()
            + List.of(java.security.Security.getProviders()) + Thread.getDefaultUncaughtExceptionHandler());
        lines.add("loader " + getClass().getClassLoader().getClass() + (getClass().getClassLoader() == ClassLoader.getSystemClassLoader()));
        lines.replaceAll(line -> line.replaceAll("\\d+", "N"));
        Collections.sort(lines);
        return String.join("\n", lines);
    }
}
`

// TestRealSpareIsLikeANewJVM starts an application in a new JVM and in a spare one, and compares what it
// sees of each, for each JDK that runs it.
func TestRealSpareIsLikeANewJVM(t *testing.T) {
	t.Parallel()
	real.Long(t)
	real.Maven(t)
	dir := sample(t, "spring-maven")
	write(t, dir, controller, stateController)
	app := compileReal(t, openReal(t, dir), "maven")
	unpacked := t.TempDir()
	unzip(t, app.Jar, unpacked)
	program := must.Get(spare.Files()[0].File.Open())(t)
	data := must.Get(io.ReadAll(program))(t)
	write(t, unpacked, "spare.jar", string(data))
	classes := filepath.Join(unpacked, "BOOT-INF/classes")
	libraries, _ := filepath.Glob(filepath.Join(unpacked, "BOOT-INF/lib/*.jar"))
	classPath := classes + ":" + strings.Join(libraries, ":")
	for _, j := range jdk.Find() {
		if j.Version < 17 {
			continue
		}
		java := filepath.Join(j.Home, "bin/java")
		port := real.FreePort(t)
		command := []string{app.MainClass, "--server.port=" + port}
		cold := exec.CommandContext(t.Context(), java, append([]string{"-cp", classPath}, command...)...)
		want, _ := stateOf(t, cold, port, func() {})

		control := must.Get(net.Listen("tcp", "127.0.0.1:0"))(t)
		_, number, _ := net.SplitHostPort(control.Addr().String())
		warm := exec.CommandContext(t.Context(), java,
			append([]string{"-cp", classPath + ":" + filepath.Join(unpacked, "spare.jar"),
				"io.github.devloop_cli.Spare", number, classes, classPath}, command...)...)
		got, log := stateOf(t, warm, port, func() { becomes(t, control) })
		if got != want {
			t.Errorf("Java %d: in a spare JVM the application sees %s", j.Version, difference(want, got))
		}
		if strings.Count(log, "Tomcat started") != 1 || !strings.HasPrefix(strings.TrimSpace(log), ".") {
			t.Errorf("Java %d: the log is %s", j.Version, log)
		}
	}
}

// stateOf starts an application, has it prepared, and returns its answer and its log.
func stateOf(t *testing.T, cmd *exec.Cmd, port string, prepare func()) (answer, log string) {
	t.Helper()
	var text strings.Builder
	cmd.Stdout, cmd.Stderr = &text, &text
	must.Do(t, cmd.Start())
	prepare()
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for ; answer == ""; time.Sleep(10 * time.Millisecond) {
		got, err := get(ctx, "http://127.0.0.1:"+port+"/")
		if err == nil {
			answer = got
		} else if ctx.Err() != nil {
			break
		}
	}
	t.Logf("it answers after %s", time.Since(began))
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if answer == "" {
		t.Fatalf("it does not answer: %s", text.String())
	}
	return answer, text.String()
}

// becomes waits until a spare is ready, and has it become the application.
func becomes(t *testing.T, control net.Listener) {
	t.Helper()
	_ = control.(*net.TCPListener).SetDeadline(time.Now().Add(time.Minute))
	connection := must.Get(control.Accept())(t)
	_ = connection.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(connection)
	var length uint16
	must.Do(t, binary.Read(in, binary.BigEndian, &length))
	status := make([]byte, length)
	if _, err := io.ReadFull(in, status); err != nil || !strings.HasPrefix(string(status), "ready with ") {
		t.Fatalf("the spare is %q, %v", status, err)
	}
	t.Logf("the spare is %s", status)
	must.Get(connection.Write([]byte{1}))(t)
}

// difference returns the lines of which one text has more than another.
func difference(want, got string) string {
	lines := map[string]int{}
	for line := range strings.Lines(want) {
		lines["- "+line]++
	}
	var more strings.Builder
	for line := range strings.Lines(got) {
		if lines["- "+line]--; lines["- "+line] < 0 {
			more.WriteString("\n+ " + strings.TrimSpace(line))
		}
	}
	for line, n := range lines {
		if n > 0 {
			more.WriteString("\n" + strings.TrimSpace(line))
		}
	}
	return more.String()
}

// unzip unpacks a jar.
func unzip(t *testing.T, jar, dir string) {
	t.Helper()
	archive := must.Get(zip.OpenReader(jar))(t)
	defer func() { _ = archive.Close() }()
	must.Do(t, os.CopyFS(dir, &archive.Reader))
}
