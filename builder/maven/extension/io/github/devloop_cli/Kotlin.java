package io.github.devloop_cli;

import java.io.File;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.inject.Named;
import javax.inject.Singleton;
import org.apache.maven.execution.MojoExecutionEvent;
import org.apache.maven.execution.MojoExecutionListener;
import org.apache.maven.project.MavenProject;

/**
 * Asks kotlin-maven-plugin how it calls Kotlin's compiler. Only the plugin knows: its settings, those of
 * compiler plugins and the defaults of its version become arguments in its own code.
 *
 * <p>The methods are the plugin's own, of versions 1.6 to 2.3 at least. Where one is missing, nothing is said of the
 * compiler, and the build compiles each save.
 */
@Named
@Singleton
public final class Kotlin implements MojoExecutionListener {
    static final String PLUGIN = "kotlin-maven-plugin";

    /** Where Model finds how the compiler of a module was called. */
    static final String CALL = "devloop.kotlin";

    /** Where the call has the directories of its sources. Those that the plugin's settings name are not among the project's. */
    static final String SOURCES = "sources";

    @Override
    public void beforeMojoExecution(MojoExecutionEvent event) {}

    @Override
    public void afterExecutionFailure(MojoExecutionEvent event) {}

    @Override
    public void afterMojoExecutionSuccess(MojoExecutionEvent event) {
        boolean asked = event.getSession().getUserProperties().getProperty("devloop.model") != null;
        if (!asked || !event.getExecution().getArtifactId().equals(PLUGIN) || !event.getExecution().getGoal().equals("compile")) {
            return;
        }
        MavenProject project = event.getProject();
        boolean again = project.getContextValue(CALL) != null; // two calls make one set of classes
        try {
            project.setContextValue(CALL, again ? Collections.emptyMap() : call(event.getMojo(), project.getBuild().getOutputDirectory()));
        } catch (ReflectiveOperationException | RuntimeException | LinkageError unknown) {
            project.setContextValue(CALL, null);
        }
    }

    private static Map<String, Object> call(Object mojo, String output) throws ReflectiveOperationException {
        Object arguments = invoke(mojo, "createCompilerArguments");
        Object sources = invoke(mojo, "getSourceRoots");
        invoke(mojo, "configureCompilerArguments", arguments, invoke(mojo, "createCompiler"), sources);
        List<String> classPath = new ArrayList<>(Arrays.asList(((String) invoke(arguments, "getClasspath")).split(File.pathSeparator)));
        classPath.remove(output);
        arguments.getClass().getMethod("setClasspath", String.class).invoke(arguments, (Object) null);
        arguments.getClass().getMethod("setDestination", String.class).invoke(arguments, (Object) null);
        arguments.getClass().getMethod("setFreeArgs", List.class).invoke(arguments, Collections.emptyList());
        ClassLoader loader = mojo.getClass().getClassLoader();
        Map<String, Object> c = new LinkedHashMap<>();
        c.put(SOURCES, sources);
        c.put("compiler", "kotlinc");
        c.put("javaHome", System.getProperty("java.home"));
        c.put("options", invoke(loader.loadClass("org.jetbrains.kotlin.compilerRunner.ArgumentUtils"), "convertArgumentsToStringList", arguments));
        c.put("classPath", classPath);
        c.put("program", jars((URLClassLoader) loader));
        return c;
    }

    private static List<Object> jars(URLClassLoader loader) {
        List<Object> jars = new ArrayList<>();
        for (URL url : loader.getURLs()) {
            jars.add(new File(URI.create(url.toString())));
        }
        return jars;
    }

    /** Calls a method of that name, of an object or, if it is static, of a class. */
    private static Object invoke(Object target, String name, Object... args) throws ReflectiveOperationException {
        Class<?> type = target instanceof Class ? (Class<?>) target : target.getClass();
        for (; type != null; type = type.getSuperclass()) {
            for (Method m : type.getDeclaredMethods()) {
                if (m.getName().equals(name) && m.getParameterTypes().length == args.length && !m.isBridge()) {
                    m.setAccessible(true);
                    return m.invoke(target, args);
                }
            }
        }
        throw new NoSuchMethodException(name);
    }
}
