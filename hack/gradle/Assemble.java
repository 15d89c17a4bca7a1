import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/**
 * Writes the lib directory of a Gradle distribution: java Assemble.java VERSION LIB STUB-CLASSES, where LIB has gradle-api-VERSION.jar.
 *
 * <p>gradle-api has the classes of all of Gradle's modules, with most libraries relocated, and each module's descriptor,
 * NAME-classpath.properties, with the modules and libraries that it needs. Gradle's launcher looks for a jar for each module. So each
 * gets a jar of its descriptor, whose manifest refers to the one jar with the classes. Prints the libraries that are not relocated,
 * which have to be added to LIB; the others become empty jars.
 */
class Assemble {
    /** The module whose jar has all classes. */
    private static final String CORE = "gradle-base-services";
    private static final String DESCRIPTOR = "-classpath.properties";
    /** The module whose class loader has Kotlin's standard library for plugins, such as Kotlin's own. */
    private static final String KOTLIN = "gradle-kotlin-dsl";
    /** Modules that Gradle asks for, although no descriptor names them. */
    private static final Set<String> ASKED_FOR = Set.of(KOTLIN, "gradle-kotlin-dsl-tooling-builders",
            "gradle-kotlin-dsl-provider-plugins", "gradle-runtime-api-info", "gradle-instrumentation-agent");
    /** The one module without classes in gradle-api; see IncrementalCompileTask.java. */
    private static final String STUB = "gradle-java-compiler-plugin";
    private static final String NO_LIBRARIES = "projects=" + CORE + "\nruntime=\n";

    private static String version;
    private static Path lib;

    public static void main(String[] arguments) throws IOException {
        version = arguments[0];
        lib = Path.of(arguments[1]);
        Path api = lib.resolve("gradle-api-" + version + ".jar");
        Map<String, String> descriptors = descriptors(api);
        Files.move(api, jarOf(CORE));

        Set<String> modules = new TreeSet<>(ASKED_FOR);
        Set<String> libraries = new TreeSet<>();
        for (String text : descriptors.values()) {
            modules.addAll(listed("projects", text));
            libraries.addAll(listed("runtime", text));
        }
        descriptors.put(KOTLIN, "projects=" + CORE + "\nruntime=" + String.join(",", libraries.stream().filter(Assemble::isKotlin).toList()) + "\n");
        modules.addAll(descriptors.keySet());
        modules.remove(CORE);
        modules.remove(STUB);
        for (String module : modules) {
            Map<String, byte[]> files = new TreeMap<>(Map.of(module + DESCRIPTOR, bytes(descriptors.getOrDefault(module, NO_LIBRARIES))));
            if (module.equals("gradle-launcher")) { // gradle --version prints it
                files.put("gradle-kotlin-dsl-versions.properties", bytes("provider=none\nkotlin=none\n"));
            }
            write(jarOf(module), files, jarOf(CORE).getFileName().toString());
        }
        Map<String, byte[]> stub = classes(Path.of(arguments[2]));
        stub.put(STUB + DESCRIPTOR, bytes(NO_LIBRARIES));
        write(jarOf(STUB), stub, null);

        for (String library : libraries) {
            if (library.startsWith("groovy") || isKotlin(library)) {
                System.out.println(library);
            } else {
                write(lib.resolve(library), Map.of(), null);
            }
        }
    }

    private static boolean isKotlin(String library) {
        return library.startsWith("kotlin-stdlib-") || library.startsWith("kotlin-reflect-");
    }

    private static Path jarOf(String module) {
        return lib.resolve(module + "-" + version + ".jar");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static Map<String, String> descriptors(Path api) throws IOException {
        Map<String, String> found = new TreeMap<>();
        try (JarFile jar = new JarFile(api.toFile())) {
            for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
                String name = entry.getName();
                if (name.endsWith(DESCRIPTOR) && !name.contains("/")) {
                    try (InputStream in = jar.getInputStream(entry)) {
                        found.put(name.substring(0, name.length() - DESCRIPTOR.length()), new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
                    }
                }
            }
        }
        return found;
    }

    /** Returns the values of a key of a descriptor. */
    private static Set<String> listed(String key, String descriptor) {
        Set<String> values = new TreeSet<>();
        for (String line : descriptor.split("\\R")) {
            if (line.startsWith(key + "=")) {
                values.addAll(Set.of(line.substring(key.length() + 1).split(",")));
            }
        }
        values.remove("");
        return values;
    }

    private static Map<String, byte[]> classes(Path dir) throws IOException {
        Map<String, byte[]> classes = new TreeMap<>();
        try (Stream<Path> files = Files.walk(dir)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                classes.put(dir.relativize(file).toString().replace('\\', '/'), Files.readAllBytes(file));
            }
        }
        return classes;
    }

    private static void write(Path file, Map<String, byte[]> entries, String classPath) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        if (classPath != null) {
            manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, classPath);
        }
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(file), manifest)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                jar.putNextEntry(new JarEntry(entry.getKey()));
                jar.write(entry.getValue());
                jar.closeEntry();
            }
        }
    }
}
