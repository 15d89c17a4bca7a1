package io.github.devloop_cli;

import java.io.BufferedReader;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.ResourceBundle;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import java.util.regex.Pattern;

import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.DefaultResourceLoader;

import io.github.devloop_stub.Database;
import io.github.devloop_stub.Stub;

/**
 * A JVM that is ready to become the application: it has loaded and compiled what Spring Boot needs to
 * start, by starting and closing a small web application: requests, a page and, where there is H2 for it, a table.
 *
 * <pre>java OPTIONS -cp CLASSPATH:spare.jar io.github.devloop_cli.Spare PORT CLASSES CLASSPATH MAIN ARGUMENTS...</pre>
 *
 * It connects to PORT of the loopback address, writes how it is ("ready ..." or "no: ..."), and waits. A
 * byte 1 makes it the application, the end of the connection ends it. A byte 2 has it be ready soon: it runs
 * the stub no more often than it has to.
 *
 * The stub sees neither the application's files in CLASSES nor its environment, and uses only those
 * automatic configurations of Spring Boot that connect to nothing. What concerns the whole JVM is as in a
 * new one afterwards; where it is not, there is no spare.
 */
public final class Spare {
    private static final long LIMIT = 60_000; // ms for the stub
    /** How often the stub runs: each time the JVM compiles more of what a start needs. */
    private static final int RUNS = 3;
    private static final int HURRY = 2;

    private Spare() { }

    public static void main(String[] args) throws Throwable {
        String score = raiseScore();
        String[] application = Arrays.copyOfRange(args, 3, args.length);
        try (Socket supervisor = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0]))) {
            InputStream told = supervisor.getInputStream();
            String why = prepare(Paths.get(args[1]), told);
            System.gc();
            DataOutputStream out = new DataOutputStream(supervisor.getOutputStream());
            out.writeUTF(why == null ? "ready with " + memory() + " MB" : "no: " + why);
            out.flush();
            int word = told.read();
            while (word == HURRY) {
                word = told.read();
            }
            if (why != null || word < 0) {
                Runtime.getRuntime().halt(0); // runs nothing of what the stub has left
            }
        }
        write("/proc/self/oom_score_adj", score);
        System.setProperty("java.class.path", args[2]);
        System.setProperty("sun.java.command", String.join(" ", application));
        resetLogging();
        try {
            throw new Listen();
        } catch (Listen e) {
            // the JVM has heard it
        }
        Launcher.main(application);
    }

    /** Has the JVM listen for a debugger, by its option onthrow: until now the port is that of the application. */
    private static final class Listen extends Exception { }

    /** Where memory is short the kernel is to end this JVM, not the application. Returns what was before. */
    private static String raiseScore() {
        String before = null;
        try {
            before = Files.readString(Path.of("/proc/self/oom_score_adj")).trim();
            write("/proc/self/oom_score_adj", "1000");
        } catch (IOException e) {
            // this is no Linux
        }
        return before;
    }

    private static void write(String file, String text) {
        try {
            if (text != null) {
                Files.writeString(Path.of(file), text);
            }
        } catch (IOException e) {
            // the kernel decides as it does without
        }
    }

    /** The resident memory of this JVM in MB. */
    private static long memory() {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
                }
            }
        } catch (IOException e) {
            // it is for people only
        }
        return 0;
    }

    /** Runs the stub, and returns why this JVM is not as a new one afterwards, null where it is. */
    private static String prepare(Path classes, InputStream told) throws Exception {
        ClassLoader application = Spare.class.getClassLoader();
        if (application.getResource("org/apache/logging/log4j/core/LoggerContext.class") != null
            || application.getResource("ch/qos/logback/classic/LoggerContext.class") == null) {
            return "the application does not log with Logback";
        }
        JvmState before = new JvmState();
        PrintStream out = System.out, err = System.err;
        Muted mutedOut = new Muted(out), mutedErr = new Muted(err);
        System.setOut(new PrintStream(mutedOut, true));
        System.setErr(new PrintStream(mutedErr, true));
        Logger root = Logger.getLogger("");
        root.setLevel(Level.OFF);
        System.setProperty("logback.configurationFile", Spare.class.getResource("silent.xml").toString());

        Filter filter = new Filter(application, classes);
        String failure = run(filter, told);
        filter.close();

        System.setOut(out);
        System.setErr(err);
        mutedOut.open = true;
        mutedErr.open = true;
        before.restoreProperties();
        resetLibraries(application, filter);
        if (failure != null) {
            return failure;
        }
        String changed = before.changed();
        return changed != null ? changed : loaded(application, classes);
    }

    /** Runs the stub in a thread of its own, which takes its thread-local variables along. */
    private static String run(Filter filter, InputStream told) throws InterruptedException {
        String[] failure = {"the stub application took too long"};
        Thread stub = new Thread(() -> {
            try {
                stub(filter);
                for (int i = 1; i < RUNS && told.available() == 0; i++) {
                    stub(filter);
                }
                failure[0] = null;
            } catch (Throwable e) {
                Throwable cause = e;
                while (cause.getCause() != null && cause.getCause() != cause) {
                    cause = cause.getCause();
                }
                failure[0] = "the stub application failed: " + String.valueOf(cause).split("\n")[0];
            }
        }, "devloop-stub");
        stub.setDaemon(true);
        stub.setContextClassLoader(filter);
        stub.start();
        stub.join(LIMIT);
        return failure[0];
    }

    /** Starts a web application, has it answer, and ends it. */
    private static void stub(Filter filter) throws IOException {
        SpringApplication stub = new SpringApplication(new DefaultResourceLoader(filter), Stub.class);
        stub.setEnvironment(new NoEnvironment());
        stub.setRegisterShutdownHook(false);
        stub.setLogStartupInfo(false);
        try (ConfigurableApplicationContext context = stub.run("--server.port=0", "--server.address=127.0.0.1",
            "--server.shutdown=immediate", "--spring.main.banner-mode=off", "--spring.config.location=optional:classpath:/none/",
            "--spring.sql.init.mode=never", "--spring.datasource.url=jdbc:h2:mem:devloop-stub", "--spring.jmx.enabled=false",
            "--management.endpoints.web.exposure.include=*", "--management.metrics.use-global-registry=false")) {
            if (filter.hasRepositories()) {
                Database.use(context);
            }
            int port = Integer.parseInt(context.getEnvironment().getProperty("local.server.port", "0"));
            for (int i = 0; i < 5; i++) {
                ask(port, "/text");
                ask(port, "/json");
                ask(port, "/page");
            }
        }
    }

    private static void ask(int port, String path) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(5_000);
            String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            socket.getInputStream().readAllBytes();
        }
    }

    /** Has neither the container's variables nor the JVM's properties: they may name databases and brokers. */
    private static final class NoEnvironment extends StandardEnvironment {
        @Override protected void customizePropertySources(MutablePropertySources sources) { }
    }

    /** The application's class path without its own files, and with only some of what Spring Boot starts by itself. */
    private static final class Filter extends ClassLoader {
        private static final String FACTORIES = "META-INF/spring.factories";
        private static final String IMPORTS = "META-INF/spring/org.springframework.boot.autoconfigure.AutoConfiguration.imports";
        /** Listeners that change the whole JVM, or connect. */
        private static final Pattern LEFT_OUT = Pattern.compile(
            "LoggingApplicationListener|BackgroundPreinitializ|[.](devtools|docker|testcontainers)[.]");
        /** Automatic configurations that connect to nothing, by their names without suffix. */
        private static final Pattern WEB = Pattern.compile("Aop|ApplicationAvailability|ConfigurationProperties|Lifecycle|MessageSource"
            + "|PropertyPlaceholder|Ssl|TaskExecution|TaskScheduling|Jackson2?|HttpMessageConverters|HttpEncoding|Multipart"
            + "|EmbeddedWebServerFactoryCustomizer|ServletWebServerFactory|TomcatServletWebServer|DispatcherServlet|WebMvc|ErrorMvc"
            + "|Validation|Thymeleaf|FreeMarker|Mustache|GroovyTemplate|Transaction|TransactionManagerCustomization"
            + "|(Servlet(Web)?)?Security(Filter)?|UserDetailsService");
        /** Those for the actuator. Metrics stay in this JVM, and an endpoint does nothing until it is asked. */
        private static final Pattern ACTUATOR = Pattern.compile(".*Endpoint|.*HealthContributor|(Health|Info)Contributor(Registry)?"
            + "|AvailabilityProbes|WebMvcHealthEndpointExtension|.*Mappings|.*Metrics|CompositeMeterRegistry|SimpleMetricsExport"
            + "|StartupTimeMetricsListener|(WebMvc)?Observation|ProjectInfo|(Servlet|TomcatServlet)?ManagementContext");
        /** Those for a database, which is one in memory. */
        private static final Pattern DATABASE = Pattern.compile("DataSource|DataSourceInitialization|SqlInitialization|DataSourceTransactionManager"
            + "|JdbcTemplate|JdbcClient|PersistenceExceptionTranslation|HibernateJpa|(Spring)?DataWeb");
        /** Those for the stub's repository. */
        private static final Pattern REPOSITORIES = Pattern.compile("(Data)?JpaRepositories");

        private final String own;
        private final Path factories;
        private final Path imports;
        private volatile boolean open;

        Filter(ClassLoader application, Path classes) throws IOException {
            super(application);
            own = classes.toUri().toString();
            factories = Files.createTempFile("devloop", ".factories");
            imports = Files.createTempFile("devloop", ".imports");
            writeFactories();
            writeImports();
        }

        private void writeFactories() throws IOException {
            Properties all = new Properties();
            for (URL url : Collections.list(getParent().getResources(FACTORIES))) {
                Properties some = new Properties();
                try (InputStream in = url.openStream()) {
                    some.load(in);
                }
                for (String key : some.stringPropertyNames()) {
                    for (String name : some.getProperty(key).split(",")) {
                        if (name.trim().startsWith("org.springframework.boot.") && !LEFT_OUT.matcher(name).find()) {
                            all.merge(key, name.trim(), (a, b) -> a + "," + b);
                        }
                    }
                }
            }
            try (OutputStream to = Files.newOutputStream(factories)) {
                all.store(to, null);
            }
        }

        private void writeImports() throws IOException {
            boolean database = has("org/h2/Driver");
            List<String> names = new ArrayList<>();
            for (URL url : Collections.list(getParent().getResources(IMPORTS))) {
                try (BufferedReader lines = new BufferedReader(new InputStreamReader(url.openStream(), StandardCharsets.UTF_8))) {
                    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                        String name = line.replaceAll("#.*", "").trim();
                        String simple = name.substring(name.lastIndexOf('.') + 1).replaceAll("AutoConfiguration$", "");
                        if (name.startsWith("org.springframework.boot.") && (WEB.matcher(simple).matches() || ACTUATOR.matcher(simple).matches()
                            || database && DATABASE.matcher(simple).matches()
                            || hasRepositories() && REPOSITORIES.matcher(simple).matches())) {
                            names.add(name);
                        }
                    }
                }
            }
            Files.write(imports, names);
        }

        /** Whether the application has what the stub's entity and repository need. */
        boolean hasRepositories() {
            return has("org/h2/Driver", "jakarta/persistence/Entity", "org/hibernate/Session", "org/springframework/data/jpa/repository/JpaRepository");
        }

        private boolean has(String... classes) {
            for (String name : classes) {
                if (getResource(name + ".class") == null) {
                    return false;
                }
            }
            return true;
        }

        @Override public URL getResource(String name) {
            try {
                Enumeration<URL> found = getResources(name);
                return found.hasMoreElements() ? found.nextElement() : null;
            } catch (IOException e) {
                return null;
            }
        }

        @Override public Enumeration<URL> getResources(String name) throws IOException {
            if (open) {
                return super.getResources(name);
            }
            if (name.equals(FACTORIES)) {
                return Collections.enumeration(List.of(factories.toUri().toURL()));
            }
            if (name.equals(IMPORTS)) {
                return Collections.enumeration(List.of(imports.toUri().toURL()));
            }
            List<URL> found = Collections.list(super.getResources(name));
            found.removeIf(url -> url.toString().startsWith(own));
            return Collections.enumeration(found);
        }

        /** From now on it is the class path, for a library that has kept it. */
        void close() throws IOException {
            open = true;
            Files.deleteIfExists(factories);
            Files.deleteIfExists(imports);
        }
    }

    /** Writes nowhere until it is open. A library may keep the stream that it saw first. */
    private static final class Muted extends OutputStream {
        private final PrintStream to;
        private volatile boolean open;

        Muted(PrintStream to) { this.to = to; }

        @Override public void write(int b) {
            if (open) {
                to.write(b);
            }
        }

        @Override public void write(byte[] text, int from, int length) {
            if (open) {
                to.write(text, from, length);
            }
        }

        @Override public void flush() {
            if (open) {
                to.flush();
            }
        }
    }

    /** Has the libraries forget what they count and keep for the whole JVM. */
    private static void resetLibraries(ClassLoader application, Filter filter) throws Exception {
        for (Thread t : Thread.getAllStackTraces().keySet()) {
            if (t.getContextClassLoader() == filter) {
                t.setContextClassLoader(application);
            }
        }
        ResourceBundle.clearCache(application);
        ResourceBundle.clearCache(filter);
        Object cache = field(application, "org.springframework.core.io.support.SpringFactoriesLoader", "cache");
        if (cache != null) {
            ((Map<?, ?>) cache).clear();
        }
        for (String server : new String[] {"org.springframework.boot.web.embedded.tomcat.TomcatWebServer", "org.springframework.boot.tomcat.TomcatWebServer"}) {
            Object counter = field(application, server, "containerCounter"); // the first one has no number in its name
            if (counter != null) {
                ((AtomicInteger) counter).set(-1);
            }
        }
        Field registry = find(application, "org.apache.tomcat.util.modeler.Registry", "registry"); // disabled, where settings do not say otherwise
        if (registry != null) {
            registry.set(null, null);
        }
    }

    private static Object field(ClassLoader loader, String type, String name) throws ReflectiveOperationException {
        Field field = find(loader, type, name);
        return field == null ? null : field.get(null);
    }

    /** Finds a static field, null where there is no such class. */
    private static Field find(ClassLoader loader, String type, String name) throws ReflectiveOperationException {
        Class<?> found;
        try {
            found = Class.forName(type, false, loader);
        } catch (ClassNotFoundException e) {
            return null;
        }
        Field field = found.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    /** Configures the loggers as their first use in a new JVM would, now that the application's files count. */
    private static void resetLogging() throws Exception {
        LogManager.getLogManager().readConfiguration();
        ClassLoader loader = Spare.class.getClassLoader();
        Object context = Class.forName("org.slf4j.LoggerFactory", true, loader).getMethod("getILoggerFactory").invoke(null);
        Class<?> type = context.getClass();
        type.getMethod("reset").invoke(context);
        Object status = type.getMethod("getStatusManager").invoke(context);
        Class.forName("ch.qos.logback.core.status.StatusManager", true, loader).getMethod("clear").invoke(status);
        Class<?> initializer = Class.forName("ch.qos.logback.classic.util.ContextInitializer", true, loader);
        initializer.getMethod("autoConfig").invoke(initializer.getConstructor(type).newInstance(context));
    }

    /** Says which of the application's own packages have a loaded class, null for none. */
    private static String loaded(ClassLoader application, Path classes) throws IOException {
        for (Package p : application.getDefinedPackages()) {
            Path directory = classes.resolve(p.getName().replace('.', '/'));
            if (Files.isDirectory(directory)) {
                try (var files = Files.list(directory)) {
                    if (files.anyMatch(file -> file.toString().endsWith(".class"))) {
                        return "a library loads classes of package " + p.getName();
                    }
                }
            }
        }
        return null;
    }

    /** What is true of a whole JVM. */
    private static final class JvmState {
        private static final Collection<String> DOMAINS = List.of("java.lang", "java.nio", "java.util.logging", "JMImplementation",
            "com.sun.management", "jdk.management", "jdk.management.jfr");
        private final List<Object> rest = rest(); // the time zone becomes a property
        private final Properties properties = (Properties) System.getProperties().clone();

        private static List<Object> rest() {
            return Arrays.asList(java.util.Locale.getDefault(), java.util.TimeZone.getDefault(), List.of(java.security.Security.getProviders()),
                Thread.getDefaultUncaughtExceptionHandler(), java.net.Authenticator.getDefault(), java.net.CookieHandler.getDefault(),
                java.net.ProxySelector.getDefault(), java.net.ResponseCache.getDefault());
        }

        void restoreProperties() {
            Properties now = System.getProperties();
            now.keySet().retainAll(properties.keySet());
            now.putAll(properties);
        }

        /** Says what is not as it was, null if all is. */
        String changed() throws InterruptedException {
            List<Object> now = rest();
            for (int i = 0; i < now.size(); i++) {
                if (!java.util.Objects.equals(now.get(i), rest.get(i))) {
                    return "a library changes the whole JVM: " + now.get(i);
                }
            }
            for (var server : javax.management.MBeanServerFactory.findMBeanServer(null)) {
                for (var bean : server.queryNames(null, null)) {
                    if (!DOMAINS.contains(bean.getDomain())) {
                        return "a library leaves the MBean " + bean;
                    }
                }
            }
            Thread left = left();
            for (int i = 0; left != null && i < 50; i++, left = left()) {
                Thread.sleep(100);
            }
            return left == null ? null : "a library leaves the thread " + left.getName();
        }

        /** A thread that would keep the application from ending by itself, null for none. */
        private static Thread left() {
            for (Thread t : Thread.getAllStackTraces().keySet()) {
                if (!t.isDaemon() && t != Thread.currentThread() && t.isAlive() && !t.getName().equals("DestroyJavaVM")) {
                    return t;
                }
            }
            return null;
        }
    }
}
