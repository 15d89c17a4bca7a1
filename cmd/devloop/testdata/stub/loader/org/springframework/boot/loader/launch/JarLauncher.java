package org.springframework.boot.loader.launch;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/** Unpacks an executable jar into a temporary directory, and runs its main class from there. */
public final class JarLauncher {
    public static void main(String[] args) throws Exception {
        Path jar = Paths.get(JarLauncher.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        Path dir = Files.createTempDirectory("app");
        List<URL> path = new ArrayList<>();
        path.add(Files.createDirectories(dir.resolve("BOOT-INF/classes")).toUri().toURL()); // a directory's URL has to end in a slash
        String main;
        try (JarFile file = new JarFile(jar.toFile())) {
            main = file.getManifest().getMainAttributes().getValue("Start-Class");
            for (JarEntry e : Collections.list(file.entries())) {
                if (e.isDirectory() || !e.getName().startsWith("BOOT-INF/")) {
                    continue;
                }
                Path to = unpack(file, e, dir);
                if (e.getName().startsWith("BOOT-INF/lib/")) {
                    path.add(to.toUri().toURL());
                }
            }
        }
        ClassLoader loader = new URLClassLoader(path.toArray(new URL[0]), JarLauncher.class.getClassLoader());
        Thread.currentThread().setContextClassLoader(loader);
        Class.forName(main, true, loader).getMethod("main", String[].class).invoke(null, (Object) args);
    }

    private static Path unpack(JarFile file, JarEntry entry, Path dir) throws IOException {
        Path to = dir.resolve(entry.getName());
        Files.createDirectories(to.getParent());
        try (InputStream in = file.getInputStream(entry)) {
            Files.copy(in, to);
        }
        return to;
    }
}
