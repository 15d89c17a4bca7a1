package org.springframework.boot;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.lang.reflect.ParameterizedType;
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
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Makes an application's objects, and serves what its controllers answer and its static files. */
public final class SpringApplication {
    private final ClassLoader classes = Thread.currentThread().getContextClassLoader();
    private final Map<String, Handler> handlers = new HashMap<>();
    private final Map<Class<?>, Object> beans = new HashMap<>();
    private List<Class<?>> kinds;

    private interface Handler {
        byte[] answer() throws Exception;
    }

    public static void run(Class<?> application, String... args) {
        long began = System.nanoTime();
        try {
            SpringApplication it = new SpringApplication();
            int port = it.port(args);
            it.kinds = it.beside(application).stream().filter(SpringApplication::isBean).collect(Collectors.toList());
            for (Class<?> c : it.kinds) {
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
        String fromEnvironment = System.getenv("SERVER_PORT");
        return Integer.parseInt(fromEnvironment != null ? fromEnvironment : settings().getProperty("server.port", "8080").trim());
    }

    private Properties settings() throws IOException {
        Properties settings = new Properties();
        try (InputStream in = classes.getResourceAsStream("application.properties")) {
            if (in != null) {
                settings.load(in);
            }
        }
        return settings;
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

    private static boolean isBean(Class<?> c) {
        return c.isAnnotationPresent(RestController.class) || c.isAnnotationPresent(Service.class) || c.isAnnotationPresent(Component.class);
    }

    /** The one object of a class, made by its constructor with what that asks for. */
    private Object bean(Class<?> c) throws Exception {
        if (!beans.containsKey(c)) {
            Constructor<?> constructor = c.getDeclaredConstructors()[0];
            constructor.setAccessible(true);
            List<Object> arguments = new ArrayList<>();
            for (Parameter p : constructor.getParameters()) {
                arguments.add(argument(p));
            }
            beans.put(c, constructor.newInstance(arguments.toArray()));
        }
        return beans.get(c);
    }

    /** A setting, all objects of a kind, or one. */
    private Object argument(Parameter p) throws Exception {
        Value value = p.getAnnotation(Value.class);
        if (value != null) {
            return Integer.parseInt(settings().getProperty(value.value().substring(2, value.value().length() - 1)).trim());
        }
        boolean all = p.getType() == List.class;
        Class<?> wanted = all ? (Class<?>) ((ParameterizedType) p.getParameterizedType()).getActualTypeArguments()[0] : p.getType();
        List<Object> found = new ArrayList<>();
        for (Class<?> c : kinds) {
            if (wanted.isAssignableFrom(c)) {
                found.add(bean(c));
            }
        }
        return all ? found : found.get(0);
    }

    private void register(Class<?> c) throws Exception {
        Object controller = bean(c);
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
