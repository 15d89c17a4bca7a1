package io.github.devloop_cli;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;

import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * An application with no code of its own. Started once with the dependencies of a
 * real one, it has the JVM load what starting the real one loads of them: all that
 * Spring Boot configures by itself, the web server, an answer as text and one as JSON.
 *
 * What can't start without settings, such as a database, is left out and tried again
 * without. The last line says how it ended.
 */
@SpringBootApplication
@RestController
public class Train {
    private static final int ATTEMPTS = 8;

    @RequestMapping("/")
    public String text() { return "text"; }

    @RequestMapping("/json")
    public Map<String, String> json() { return Collections.singletonMap("key", "value"); }

    public static void main(String[] none) {
        List<String> excluded = new ArrayList<>();
        String reason = null;
        for (int i = 0; i < ATTEMPTS; i++) {
            try (ConfigurableApplicationContext context = start(excluded)) {
                ask(context.getEnvironment().getProperty("local.server.port"));
                done("devloop: trained" + (excluded.isEmpty() ? "" : " without " + String.join(" ", excluded)));
            } catch (Throwable failure) {
                reason = rootOf(failure).toString();
                List<String> guilty = guilty(failure);
                guilty.removeAll(excluded);
                if (guilty.isEmpty()) {
                    break;
                }
                excluded.addAll(guilty);
            }
        }
        done("devloop: not trained: " + String.valueOf(reason).split("\n")[0]);
    }

    private static ConfigurableApplicationContext start(List<String> excluded) {
        List<String> settings = new ArrayList<>(Collections.singletonList("--server.port=0"));
        if (!excluded.isEmpty()) { // Boot 2.1 refuses an option without a value
            settings.add("--spring.autoconfigure.exclude=" + String.join(",", excluded));
        }
        return SpringApplication.run(Train.class, settings.toArray(new String[0]));
    }

    /** Ends although threads of some dependency may run. */
    private static void done(String line) {
        System.out.println("\n" + line);
        System.exit(0);
    }

    /** Has the web server, if there is one, answer. What it answers doesn't matter. */
    private static void ask(String port) {
        if (port == null) {
            return;
        }
        for (String path : new String[] {"/", "/json", "/"}) {
            try {
                HttpURLConnection connection = (HttpURLConnection) new URL("http://127.0.0.1:" + port + path).openConnection();
                connection.setConnectTimeout(5_000);
                connection.setReadTimeout(5_000);
                connection.getResponseCode();
            } catch (java.io.IOException e) {
                System.out.println("ask " + path + ": " + e);
            }
        }
    }

    private static Throwable rootOf(Throwable failure) {
        return failure.getCause() == null || failure.getCause() == failure ? failure : rootOf(failure.getCause());
    }

    /** The automatic configurations of the packages in which a bean could not be made. */
    private static List<String> guilty(Throwable failure) {
        List<String> found = new ArrayList<>();
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (!(t instanceof BeanCreationException)) {
                continue;
            }
            String where = String.valueOf(((BeanCreationException) t).getResourceDescription());
            int from = where.indexOf('['), to = where.lastIndexOf('/');
            if (from < 0 || to < from) {
                continue;
            }
            String prefix = where.substring(from + 1, to).replace('/', '.') + ".";
            for (String name : configurations()) {
                if (name.startsWith(prefix) && name.indexOf('.', prefix.length()) < 0) {
                    found.add(name);
                }
            }
        }
        return found;
    }

    /** The names of all automatic configurations: Spring Boot lists them so since 2.7. */
    private static List<String> configurations() {
        List<String> names = new ArrayList<>();
        try {
            Enumeration<URL> lists = Train.class.getClassLoader().getResources(
                "META-INF/spring/org.springframework.boot.autoconfigure.AutoConfiguration.imports");
            while (lists.hasMoreElements()) {
                try (InputStream in = lists.nextElement().openStream();
                     BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
                    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                        names.add(line.split("#")[0].trim());
                    }
                }
            }
        } catch (java.io.IOException e) {
            System.out.println("list automatic configurations: " + e);
        }
        return names;
    }
}
