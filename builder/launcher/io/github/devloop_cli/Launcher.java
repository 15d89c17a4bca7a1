package io.github.devloop_cli;

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;

/**
 * Starts an application whose classes are files, not in a jar, so that its packages have the
 * versions and titles of the jar's manifest all the same.
 *
 * <pre>java -cp ...:manifest.jar io.github.devloop_cli.Launcher MAIN-CLASS ARGUMENTS...</pre>
 *
 * A package has them of the jar from which its first class comes. So manifest.jar, which has this class,
 * has a class for each package of the application, and they are loaded first. Without a list of them it
 * only runs the main class.
 */
public final class Launcher {
    private Launcher() { }

    public static void main(String[] args) throws Throwable {
        ClassLoader loader = Launcher.class.getClassLoader();
        InputStream packages = Launcher.class.getResourceAsStream("packages");
        if (packages != null) {
            load(packages, loader);
        }
        try {
            run(Class.forName(args[0], false, loader), Arrays.copyOfRange(args, 1, args.length));
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static void load(InputStream packages, ClassLoader loader) throws Exception {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(packages, "UTF-8"))) {
            for (String name = lines.readLine(); name != null; name = lines.readLine()) {
                Class.forName(name, false, loader);
            }
        }
    }

    /** Runs the main method that the java command would run: static or, since Java 25, of an instance. */
    private static void run(Class<?> main, String[] args) throws ReflectiveOperationException {
        Method method = find(main, String[].class);
        Object[] values = {args};
        if (method == null) {
            method = find(main);
            values = new Object[0];
        }
        if (method == null) {
            throw new NoSuchMethodException(main.getName() + ".main");
        }
        Object on = null;
        if (!Modifier.isStatic(method.getModifiers())) {
            Constructor<?> constructor = main.getDeclaredConstructor();
            constructor.setAccessible(true);
            on = constructor.newInstance();
        }
        method.setAccessible(true);
        method.invoke(on, values);
    }

    private static Method find(Class<?> type, Class<?>... parameters) {
        for (; type != null; type = type.getSuperclass()) {
            try {
                return type.getDeclaredMethod("main", parameters);
            } catch (NoSuchMethodException e) {
                // its superclass may have it
            }
        }
        return null;
    }
}
