import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Builds a sample as Maven or Gradle would: "java Build STUB maven -Ddevloop.model=FILE package",
 * "java Build STUB gradle --init-script FILE -p DIR devloopArchive". STUB has web.jar and the loader's classes.
 *
 * <p>With Maven there may be modules: applications, of which it builds those that -pl names, and libraries, which all of them
 * use.
 */
public final class Build {
    private static final List<String> OPTIONS = List.of("--release", "17", "-g", "-parameters", "-proc:none");

    private final Path stub;
    private final Path dir;
    private final boolean maven;
    private final List<Path> libraries;
    private final List<Path> classPath;

    private Build(Path stub, Path dir, boolean maven, List<Build> used) throws IOException {
        this.stub = stub;
        this.dir = dir;
        this.maven = maven;
        this.libraries = new ArrayList<>(List.of(stub.resolve("spring-web-1.0.jar"), stub.resolve("tomcat-embed-core-1.0.jar")));
        this.classPath = new ArrayList<>(libraries);
        for (Build library : used) {
            this.libraries.add(library.archive());
            this.classPath.add(library.classes());
        }
    }

    public static void main(String[] args) throws IOException {
        boolean maven = args[1].equals("maven");
        List<String> rest = Arrays.asList(args).subList(2, args.length);
        System.out.println(maven ? "[INFO] Scanning for projects..." : "> Task :compileJava");
        List<Build> builds = modules(Paths.get(args[0]), maven, rest);
        String goal = rest.get(rest.size() - 1);
        for (Build build : builds) {
            if (!build.compile()) {
                System.exit(1);
            }
            build.sync(build.dir.resolve("src/main/resources"), build.resources(), f -> !f.toString().endsWith(".class"));
            if (goal.equals("package") || goal.endsWith("devloopArchive")) {
                build.pack();
            }
        }
        Path told = told(rest);
        if (told != null) {
            List<String> models = new ArrayList<>();
            for (Build build : builds) {
                models.add(build.model());
            }
            Files.writeString(told, "[" + String.join(",", models) + "]");
        }
    }

    /** The modules to build, libraries first; the directory itself where there are none. */
    private static List<Build> modules(Path stub, boolean maven, List<String> args) throws IOException {
        Path root = Paths.get("").toAbsolutePath();
        List<Build> libraries = new ArrayList<>();
        List<Build> applications = new ArrayList<>();
        Matcher m = Pattern.compile("<module>([^<]+)</module>").matcher(maven ? Files.readString(root.resolve("pom.xml")) : "");
        while (m.find()) {
            Build one = new Build(stub, root.resolve(m.group(1)), maven, libraries);
            (one.mainSource() == null ? libraries : applications).add(one);
        }
        if (args.contains("-Ddevloop.oneApplication") && applications.size() > 1) {
            System.out.println("[ERROR] several applications: " + applications.stream().map(a -> a.dir.toString()).collect(Collectors.joining("|")));
            System.exit(1);
        }
        if (libraries.isEmpty() && applications.isEmpty()) {
            return List.of(new Build(stub, root, maven, List.of()));
        }
        if (args.contains("-pl")) {
            List<String> named = Arrays.asList(args.get(args.indexOf("-pl") + 1).split(","));
            applications.removeIf(a -> !named.contains(a.dir.getFileName().toString()));
        }
        libraries.addAll(applications);
        return libraries;
    }

    private Path classes() { return dir.resolve(maven ? "target/classes" : "build/classes/java/main"); }

    private Path resources() { return dir.resolve(maven ? "target/classes" : "build/resources/main"); }

    private Path archive() throws IOException {
        return dir.resolve(maven ? "target" : "build/libs").resolve(name() + "-0.0.1-SNAPSHOT.jar");
    }

    private String name() throws IOException {
        return maven ? find(dir.resolve("pom.xml"), "</parent>.*?<artifactId>([^<]+)<") : find(dir.resolve("settings.gradle"), "rootProject.name *= *'([^']+)'");
    }

    private static String find(Path file, String pattern) throws IOException {
        Matcher m = Pattern.compile(pattern, Pattern.DOTALL).matcher(Files.readString(file));
        if (!m.find()) {
            throw new IOException(file + " has no " + pattern);
        }
        return m.group(1);
    }

    /** Where devloop wants to be told of the build: Maven gets a property, Gradle a script that names the file. */
    private static Path told(List<String> args) throws IOException {
        for (int i = 0; i < args.size(); i++) {
            if (args.get(i).startsWith("-Ddevloop.model=")) {
                return Paths.get(args.get(i).substring("-Ddevloop.model=".length()));
            }
            if (args.get(i).equals("--init-script")) {
                return Paths.get(find(Paths.get(args.get(i + 1)), "new File\\('([^']+)'\\)"));
            }
        }
        return null;
    }

    /** Compiles all sources, and leaves the classes of before where that fails. */
    private boolean compile() throws IOException {
        JavaCompiler javac = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        Path fresh = Files.createTempDirectory(Files.createDirectories(classes().getParent()), "javac");
        try (StandardJavaFileManager files = javac.getStandardFileManager(found, Locale.ENGLISH, StandardCharsets.UTF_8)) {
            List<Path> sources = filesIn(dir.resolve("src/main/java")).stream().filter(f -> f.toString().endsWith(".java")).collect(Collectors.toList());
            List<String> options = new ArrayList<>(OPTIONS);
            options.addAll(List.of("-classpath", classPath.stream().map(Path::toString).collect(Collectors.joining(java.io.File.pathSeparator)), "-d", fresh.toString()));
            boolean ok = javac.getTask(null, files, found, options, null, files.getJavaFileObjectsFromPaths(sources)).call();
            if (!ok) {
                report(found.getDiagnostics());
                return false;
            }
            sync(fresh, classes(), f -> f.toString().endsWith(".class"));
            return true;
        } finally {
            for (Path f : walk(fresh)) {
                Files.delete(f);
            }
        }
    }

    /** Says what is wrong as each tool does. */
    private void report(List<Diagnostic<? extends JavaFileObject>> diagnostics) throws IOException {
        for (Diagnostic<? extends JavaFileObject> d : diagnostics) {
            if (d.getKind() != Diagnostic.Kind.ERROR) {
                continue;
            }
            String file = d.getSource().toUri().getPath();
            if (maven) {
                System.out.printf("[ERROR] %s:[%d,%d] %s%n", file, d.getLineNumber(), d.getColumnNumber(), d.getMessage(Locale.ENGLISH));
                continue;
            }
            String line = Files.readAllLines(Paths.get(file)).get((int) d.getLineNumber() - 1);
            System.out.printf("%s:%d: error: %s%n%s%n%" + d.getColumnNumber() + "s%n", file, d.getLineNumber(), d.getMessage(Locale.ENGLISH), line, "^");
        }
        if (!maven) {
            System.out.println("* What went wrong:\nExecution failed for task ':compileJava'.\n\n* Try:\n> Run with --info");
        }
    }

    interface Filter { boolean is(Path file); }

    /** Makes the files of one kind in to those of from. What is the same stays untouched. */
    private void sync(Path from, Path to, Filter kind) throws IOException {
        Files.createDirectories(to);
        for (Path f : filesIn(from)) {
            Path target = to.resolve(from.relativize(f).toString());
            if (!kind.is(f) || Files.exists(target) && Files.mismatch(f, target) < 0) {
                continue;
            }
            Files.createDirectories(target.getParent());
            Files.copy(f, target, StandardCopyOption.REPLACE_EXISTING);
        }
        for (Path f : filesIn(to)) {
            if (kind.is(f) && !Files.exists(from.resolve(to.relativize(f).toString()))) {
                Files.delete(f);
            }
        }
    }

    private static List<Path> filesIn(Path dir) throws IOException {
        return walk(dir).stream().filter(Files::isRegularFile).sorted().collect(Collectors.toList());
    }

    /** All below a directory and itself, the deepest first. */
    private static List<Path> walk(Path dir) throws IOException {
        if (!Files.exists(dir)) {
            return List.of();
        }
        try (Stream<Path> found = Files.walk(dir)) {
            return found.sorted(Comparator.reverseOrder()).collect(Collectors.toList());
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** Packs an executable jar in Spring Boot's layout, or one of a library. The same files give the same jar. */
    private void pack() throws IOException {
        if (mainSource() == null) {
            TreeMap<String, byte[]> entries = new TreeMap<>();
            for (Path f : filesIn(classes())) {
                entries.put(name(classes(), f), Files.readAllBytes(f));
            }
            write(text("Manifest-Version: 1.0\r\n\r\n"), entries);
            return;
        }
        String main = find(mainSource(), "package ([\\w.]+);") + "." + find(mainSource(), "public class (\\w+)");
        TreeMap<String, byte[]> entries = new TreeMap<>();
        for (Path root : List.of(classes(), resources())) {
            for (Path f : filesIn(root)) {
                entries.put("BOOT-INF/classes/" + name(root, f), Files.readAllBytes(f));
            }
        }
        Path loader = stub.resolve("loader");
        for (Path f : filesIn(loader)) {
            entries.put(name(loader, f), Files.readAllBytes(f));
        }
        String names = "";
        for (Path library : libraries) {
            String lib = "BOOT-INF/lib/" + library.getFileName();
            entries.put(lib, Files.readAllBytes(library));
            names += "- \"" + lib + "\"\n";
        }
        entries.put("BOOT-INF/classpath.idx", text(names));
        entries.put("BOOT-INF/layers.idx", text("- \"dependencies\":\n" + names.replace("- ", "  - ") + "- \"spring-boot-loader\":\n  - \"org/\"\n"
            + "- \"snapshot-dependencies\":\n- \"application\":\n  - \"BOOT-INF/classes/\"\n  - \"BOOT-INF/classpath.idx\"\n  - \"BOOT-INF/layers.idx\"\n  - \"META-INF/\"\n"));
        byte[] manifest = text("Manifest-Version: 1.0\r\nMain-Class: org.springframework.boot.loader.launch.JarLauncher\r\nStart-Class: " + main
            + "\r\nSpring-Boot-Classes: BOOT-INF/classes/\r\nSpring-Boot-Lib: BOOT-INF/lib/\r\n\r\n");
        write(manifest, entries);
    }

    /** Writes the archive, unless it has these entries. */
    private void write(byte[] manifest, TreeMap<String, byte[]> entries) throws IOException {
        Files.createDirectories(archive().getParent());
        Path fresh = archive().resolveSibling("new");
        try (OutputStream out = Files.newOutputStream(fresh); JarOutputStream jar = new JarOutputStream(out)) {
            put(jar, "META-INF/MANIFEST.MF", manifest);
            for (String name : entries.keySet()) {
                put(jar, name, entries.get(name));
            }
        }
        if (Files.exists(archive()) && Files.mismatch(fresh, archive()) < 0) {
            Files.delete(fresh);
        } else {
            Files.move(fresh, archive(), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** The source of the class that starts the application, null for a library. */
    private Path mainSource() throws IOException {
        for (Path f : filesIn(dir.resolve("src/main/java"))) {
            if (Files.readString(f).contains("@SpringBootApplication")) {
                return f;
            }
        }
        return null;
    }

    private static String name(Path root, Path file) { return root.relativize(file).toString().replace('\\', '/'); }

    private static byte[] text(String s) { return s.getBytes(StandardCharsets.UTF_8); }

    private static void put(JarOutputStream jar, String name, byte[] data) throws IOException {
        JarEntry entry = new JarEntry(name);
        entry.setTimeLocal(java.time.LocalDateTime.of(2000, 1, 1, 0, 0));
        jar.putNextEntry(entry);
        jar.write(data);
        jar.closeEntry();
    }

    private List<String> paths() { return libraries.stream().map(Path::toString).collect(Collectors.toList()); }

    /** What devloop asks of a build: builder/buildtool/model.go has the names. */
    private String model() throws IOException {
        String compiler = object("plugin", maven ? quote("maven-compiler-plugin") : quote("java"), "compiler", quote("javac"),
            "javaHome", quote(System.getProperty("java.home")), "options", list(OPTIONS), "classPath", list(paths()), "processorPath", list(List.of()));
        return object("name", quote(maven ? "com.example:" + name() : ":"), "directory", quote(dir.toString()), "application", "true",
            "archive", quote(archive().toString()), "sources", list(List.of(dir.resolve("src/main/java").toString())),
            "resourceSources", list(List.of(dir.resolve("src/main/resources").toString())), "classes", list(List.of(classes().toString())),
            "resources", list(List.of(resources().toString())), "libraries", list(paths()), "compilers", "[" + compiler + "]");
    }

    private static String object(String... pairs) {
        StringBuilder text = new StringBuilder("{");
        for (int i = 0; i < pairs.length; i += 2) {
            text.append(i > 0 ? "," : "").append(quote(pairs[i])).append(":").append(pairs[i + 1]);
        }
        return text.append("}").toString();
    }

    private static String list(List<String> values) { return values.stream().map(Build::quote).collect(Collectors.joining(",", "[", "]")); }

    private static String quote(String text) { return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\""; }
}
