package org.springframework.boot;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.net.InetSocketAddress;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Serves what an application's controllers answer, and its static files. */
public final class SpringApplication {
    private final ClassLoader classes = Thread.currentThread().getContextClassLoader();
    private final Map<String, Handler> handlers = new HashMap<>();

    private interface Handler {
        byte[] answer() throws Exception;
    }

    public static void run(Class<?> application, String... args) {
        long began = System.nanoTime();
        try {
            SpringApplication it = new SpringApplication();
            int port = it.port(args);
            for (Class<?> c : it.beside(application)) {
                it.register(c);
            }
            it.serve(port);
            System.out.printf("Started %s in %.3f seconds, on port %d%n", application.getSimpleName(), (System.nanoTime() - began) / 1e9, port);
        } catch (Exception e) {
            throw new IllegalStateException("the application does not start", e);
        }
    }

    /** The port comes from an argument, the environment or the settings, as with Spring Boot. */
    private int port(String[] args) throws IOException {
        for (String a : args) {
            if (a.startsWith("--server.port=")) {
                return Integer.parseInt(a.substring("--server.port=".length()));
            }
        }
        Properties settings = new Properties();
        try (InputStream in = classes.getResourceAsStream("application.properties")) {
            if (in != null) {
                settings.load(in);
            }
        }
        String fromEnvironment = System.getenv("SERVER_PORT");
        return Integer.parseInt(fromEnvironment != null ? fromEnvironment : settings.getProperty("server.port", "8080").trim());
    }

    /** The classes of the application's package and those below it. */
    private List<Class<?>> beside(Class<?> application) throws Exception {
        String dir = application.getPackageName().replace('.', '/');
        List<Class<?>> found = new ArrayList<>();
        for (URL url : Collections.list(classes.getResources(dir))) {
            if (!url.getProtocol().equals("file")) {
                continue;
            }
            Path root = Paths.get(url.toURI());
            List<Path> files;
            try (Stream<Path> walk = Files.walk(root)) {
                files = walk.filter(f -> f.toString().endsWith(".class")).sorted().collect(Collectors.toList());
            }
            for (Path f : files) {
                String name = dir + "/" + root.relativize(f).toString().replace(File.separatorChar, '/');
                found.add(Class.forName(name.substring(0, name.length() - ".class".length()).replace('/', '.'), true, classes));
            }
        }
        return found;
    }

    private void register(Class<?> c) throws Exception {
        if (!c.isAnnotationPresent(RestController.class)) {
            return;
        }
        Constructor<?> constructor = c.getDeclaredConstructor();
        constructor.setAccessible(true);
        Object controller = constructor.newInstance();
        for (Method m : c.getDeclaredMethods()) {
            GetMapping mapping = m.getAnnotation(GetMapping.class);
            if (mapping == null) {
                continue;
            }
            m.setAccessible(true);
            for (String path : mapping.value()) {
                handlers.put(path, () -> String.valueOf(m.invoke(controller)).getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private void serve(int port) throws IOException {
        AtomicInteger n = new AtomicInteger();
        ExecutorService threads = Executors.newCachedThreadPool(r -> new Thread(r, "http-" + port + "-exec-" + n.incrementAndGet()));
        HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    private void handle(HttpExchange exchange) throws IOException {
        int status = 200;
        byte[] body;
        try {
            String path = exchange.getRequestURI().getPath();
            Handler handler = handlers.get(path);
            body = handler != null ? handler.answer() : file(path);
            if (body == null) {
                status = 404;
                body = "Not Found".getBytes(StandardCharsets.UTF_8);
            }
        } catch (Exception e) {
            e.printStackTrace();
            status = 500;
            body = e.toString().getBytes(StandardCharsets.UTF_8);
        }
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        if (body.length > 0) {
            exchange.getResponseBody().write(body);
        }
        exchange.close();
    }

    /** Reads a static file at the request, so that a change of it is seen. */
    private byte[] file(String path) throws IOException {
        URL url = path.endsWith("/") ? null : classes.getResource("static" + path);
        if (url == null) {
            return null;
        }
        java.net.URLConnection connection = url.openConnection();
        connection.setUseCaches(false);
        try (InputStream in = connection.getInputStream()) {
            return in.readAllBytes();
        }
    }
}
