package io.github.devloop_cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * Kotlin's compiler, of the version that the project's build uses. Its classes stay loaded from one request
 * to the next, and so do the class paths that it has read.
 */
final class Kotlinc {
    private final List<String> jars;
    private final ClassLoader loader;

    Kotlinc(List<String> jars) throws Exception {
        System.setProperty("kotlin.environment.keepalive", "true");
        List<URL> urls = new ArrayList<>();
        for (String jar : jars) {
            urls.add(new File(jar).toURI().toURL());
        }
        this.jars = jars;
        this.loader = new URLClassLoader(urls.toArray(new URL[0]), ClassLoader.getSystemClassLoader().getParent());
    }

    boolean consistsOf(List<String> others) {
        return jars.equals(others);
    }

    /** Compiles, with an answer as Javac describes it. */
    List<List<String>> answer(List<String> options, List<String> sources) throws Exception {
        List<String> args = new ArrayList<>(options);
        args.add("-Xreport-output-files");
        args.addAll(sources);
        ByteArrayOutputStream xml = new ByteArrayOutputStream();
        String exit = run(new PrintStream(xml, true, "UTF-8"), args.toArray(new String[0]));
        List<String> said = new ArrayList<>();
        List<String> written = new ArrayList<>();
        File dir = new File(options.get(options.indexOf("-d") + 1));
        Node message = DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new ByteArrayInputStream(xml.toByteArray())).getDocumentElement().getFirstChild();
        for (; message != null; message = message.getNextSibling()) {
            String kind = message.getNodeName().toUpperCase(Locale.ROOT);
            if (kind.equals("OUTPUT")) {
                written(written, dir, message.getTextContent());
            } else if (kind.equals("ERROR") || kind.equals("EXCEPTION")) {
                said(said, (Element) message);
            }
        }
        if (!exit.equals("OK") && (!exit.equals("COMPILATION_ERROR") || said.isEmpty())) {
            throw new IllegalStateException("Kotlin's compiler: " + exit + (said.isEmpty() ? "" : ": " + said.get(4)));
        }
        return Arrays.asList(Arrays.asList(exit.equals("OK") ? "ok" : "failed"), said, written);
    }

    private String run(PrintStream out, String[] args) throws Exception {
        Class<?> compiler = loader.loadClass("org.jetbrains.kotlin.cli.jvm.K2JVMCompiler");
        Class<?> services = loader.loadClass("org.jetbrains.kotlin.config.Services");
        Thread.currentThread().setContextClassLoader(loader);
        try {
            return compiler.getMethod("execAndOutputXml", PrintStream.class, services, String[].class)
                    .invoke(compiler.getConstructor().newInstance(), out, services.getField("EMPTY").get(null), args).toString();
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private static void said(List<String> said, Element message) {
        said.addAll(Arrays.asList("ERROR", message.getAttribute("path"), number(message, "line"), number(message, "column"),
                message.getTextContent().trim()));
    }

    private static String number(Element message, String name) {
        return message.getAttribute(name).isEmpty() ? "0" : message.getAttribute(name);
    }

    /** Takes down a file of which the compiler says: "Output:", its path, "Sources:", their paths, a line each. */
    private static void written(List<String> written, File dir, String text) {
        String[] lines = text.trim().split("\n");
        if (lines.length < 2) {
            return;
        }
        String path = dir.toPath().relativize(new File(lines[1]).toPath()).toString().replace(File.separatorChar, '/');
        written.addAll(Arrays.asList(path.endsWith(".class") ? "class" : "resource", lines.length > 3 ? lines[3] : "", path));
    }
}
