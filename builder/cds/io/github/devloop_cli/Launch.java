package io.github.devloop_cli;

import java.net.URL;
import java.net.URLClassLoader;

/**
 * Runs the main class that its second argument names, from the directory that its
 * first one is. It is the only class that stays in the image: the class path that an
 * archive is trained with has to be the beginning of the one that it is used with.
 */
public final class Launch {
    private Launch() { }

    public static void main(String[] args) throws Exception {
        URLClassLoader loader = new URLClassLoader(new URL[] {new java.io.File(args[0]).toURI().toURL()});
        Thread.currentThread().setContextClassLoader(loader);
        loader.loadClass(args[1]).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
    }
}
