package io.github.devloop_cli;

import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A JVM that the supervisor starts ahead, for the next restart of the application: see Spare.java in
 * builder/spare, which is what runs in it.
 *
 * Its status is a text for devloop: "preparing", "ready ...", or "no: " and why there is none. It is ended
 * when memory gets short, in the Pod or on the node.
 */
// It has no lambda either.
final class SpareProcess {
    private static final String MAIN = "io.github.devloop_cli.Spare";
    private static final String TRUE = "/bin/true"; // the option onthrow starts a program, which has nothing to do
    private static final int LIMIT = 90; // s until it has to be ready
    private static final int GO = 1, HURRY = 2; // what it is told, see Spare.java
    private static final long PAUSE = 5000; // ms, the longest one
    private static final long SHELL = 1000; // ms for a signal
    private static final long MB = 1 << 20;
    private static volatile long usual; // ns that the last one took to be ready, 0 while there was none
    /** Options with which a second JVM would do harm, such as open the same port or write the same file. */
    private static final String[] ALONE = {"-agent", "-javaagent", "-Xrun", "AtExit", "jmxremote", "FlightRecord", "-Xlog",
        "java.util.logging.", "java.system.class.loader", "-Dlogback.", "java.security.manager"};

    private final List<String> command;
    private final boolean modest; // it leaves much memory free
    private final boolean followed; // another one is prepared after it
    private final long began = System.nanoTime();
    private Process process;
    private Socket control;
    private String status = "preparing";
    private volatile boolean hurried;
    private boolean paused;
    private String broken; // why another one would not be ready either

    /** Only one JVM can listen for a debugger, so this one does when it becomes the application. */
    SpareProcess(List<String> application, Path classes, boolean modest, boolean followed) {
        this.modest = modest;
        this.followed = followed;
        int path = application.indexOf("-cp") + 1;
        command = new ArrayList<>(application.subList(0, path));
        if (command.get(1).startsWith("-agentlib:jdwp=")) {
            command.set(1, command.get(1) + ",onthrow=" + MAIN + "$Listen,launch=" + TRUE);
        }
        command.add(application.get(path) + File.pathSeparator + jar());
        command.addAll(Arrays.asList(MAIN, "PORT", classes.toString(), application.get(path)));
        command.addAll(application.subList(path + 1, application.size()));
    }

    private static File jar() {
        return new File(System.getProperty("java.class.path"), "spare.jar");
    }

    /** Says why an application can't have a spare, null if it can. */
    static String prevented(List<String> application) {
        if (!jar().exists()) {
            return "this image has none";
        }
        if (!new File(TRUE).exists()) {
            return "the image has no " + TRUE;
        }
        String version = System.getProperty("java.specification.version");
        if (version.startsWith("1.") || Integer.parseInt(version) < 17) {
            return "it needs Java 17, and this is Java " + version;
        }
        List<String> options = new ArrayList<>();
        int path = application.indexOf("-cp");
        if (path < 0) {
            return "the application has no class path";
        }
        options.addAll(application.subList(0, path));
        for (String name : new String[] {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}) {
            options.add(String.valueOf(System.getenv(name)));
        }
        for (String option : options) {
            for (String alone : ALONE) {
                if (option.contains(alone)) {
                    return "only one JVM of the Pod can have the option " + option;
                }
            }
        }
        return null;
    }

    /** Starts it, has the next one prepared once it is ready, and watches over it until it is used or dropped. */
    void run(Supervise supervisor) {
        try {
            String missing = memory(true);
            if (missing != null) {
                drop(missing);
                return;
            }
            prepare();
            if (followed && !hurried) { // else a restart waits for this one
                supervisor.spare(Supervise.FOLLOWED);
            }
            for (Process now = waiting(); now != null; now = waiting()) {
                if (now.waitFor(1, TimeUnit.SECONDS) && waiting() == now) {
                    drop("it ended with exit code " + now.exitValue());
                }
                missing = memory(false);
                if (missing != null) {
                    drop(missing);
                }
            }
        } catch (IOException | RuntimeException | InterruptedException e) {
            drop(e.getMessage());
        }
    }

    private void prepare() throws IOException, InterruptedException {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            server.setSoTimeout(1000);
            command.set(command.indexOf("PORT"), Integer.toString(server.getLocalPort()));
            synchronized (this) {
                if (!status.equals("preparing")) {
                    return;
                }
                process = new ProcessBuilder(command).inheritIO().start();
            }
            Socket connected = null;
            for (int i = 0; connected == null && i < LIMIT; i++) {
                connected = accept(server);
            }
            if (connected == null) {
                broken("it did not start");
                return;
            }
            connected.setSoTimeout(LIMIT * 1000);
            synchronized (this) {
                control = connected;
            }
            String answer = new DataInputStream(connected.getInputStream()).readUTF();
            synchronized (this) {
                if (process != null) {
                    status = answer;
                    usual = System.nanoTime() - began;
                }
                notifyAll();
            }
            if (!answer.startsWith("ready")) {
                broken(answer.replace("no: ", ""));
            }
        }
    }

    private Socket accept(ServerSocket server) throws IOException {
        Process now = waiting();
        if (now == null || !now.isAlive()) {
            broken(now == null ? null : "it ended with exit code " + now.exitValue());
            throw new IOException("it ended");
        }
        try {
            return server.accept();
        } catch (SocketTimeoutException e) {
            return null;
        }
    }

    private synchronized Process waiting() {
        return process;
    }

    synchronized String status() {
        return status;
    }

    /**
     * Stops its preparation, if it is not ready, until goOn or for some seconds: a save needs the processors now. Where the
     * image has no shell it is not stopped.
     */
    synchronized void pause() {
        if (paused || !status.equals("preparing") || !signal("STOP")) {
            return;
        }
        paused = true;
        Thread limit = new Thread() {
            @Override public void run() {
                goOnAfter(PAUSE);
            }
        };
        limit.setDaemon(true);
        limit.start();
    }

    private synchronized void goOnAfter(long time) {
        try {
            wait(time); // who wakes it up early does no harm
        } catch (InterruptedException e) {
            // it goes on at once
        }
        goOn();
    }

    /** Goes on with its preparation after a pause. */
    synchronized void goOn() {
        if (paused) {
            paused = false;
            signal("CONT");
            notifyAll();
        }
    }

    /** Sends it a signal, which takes a shell: Java sends none but those that end a process. */
    private boolean signal(String name) {
        try {
            Object pid = Process.class.getMethod("pid").invoke(process); // since Java 9
            Process shell = new ProcessBuilder("/bin/sh", "-c", "kill -" + name + " " + pid).start();
            return shell.waitFor(SHELL, TimeUnit.MILLISECONDS) && shell.exitValue() == 0;
        } catch (ReflectiveOperationException | IOException | InterruptedException | NullPointerException e) {
            return false;
        }
    }

    /** Waits for one that is a third ready or more, and has it hurry: that takes less time than a start without it. */
    synchronized void awaitReady() throws InterruptedException {
        goOn();
        if (!status.equals("preparing") || control == null || System.nanoTime() - began < usual / 3 || !tell(HURRY)) {
            return;
        }
        hurried = true;
        long end = began + usual + usual / 2;
        while (status.equals("preparing") && System.nanoTime() < end) {
            TimeUnit.NANOSECONDS.timedWait(this, end - System.nanoTime());
        }
    }

    private boolean tell(int word) {
        try {
            control.getOutputStream().write(word);
            if (word == GO) {
                control.close();
            }
            return true;
        } catch (IOException e) {
            return false; // it has ended
        }
    }

    /** Has it become the application, and returns it; null where it is not ready. */
    synchronized Process go() {
        if (process == null || !process.isAlive() || !status.startsWith("ready") || !tell(GO)) {
            return null;
        }
        Process now = process;
        process = null;
        return now;
    }

    /** Says why there is no use in preparing another one, null where there is. */
    synchronized String broken() {
        return broken;
    }

    private synchronized void broken(String why) {
        broken = why;
        drop(why);
    }

    /** Ends it. The first reason counts. */
    synchronized void drop(String why) {
        if (!status.startsWith("no: ")) {
            status = "no: " + why;
        }
        notifyAll();
        end();
    }

    private synchronized void end() {
        if (process != null) {
            process.destroyForcibly();
            process = null;
        }
    }

    /**
     * Says that there is too little memory, null where there is enough: for one more JVM as large as what
     * runs, or for the one that is there. A modest one, as each second one is, leaves a quarter of the node free.
     */
    private String memory(boolean start) throws IOException {
        long limit = number("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes", null);
        long used = number("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes", null);
        long cached = number("/sys/fs/cgroup/memory.stat", "/sys/fs/cgroup/memory/memory.stat", "inactive_file");
        used -= Math.max(cached, 0);
        long least = start ? Math.max(used, 128 * MB) + 64 * MB : limit / (modest ? 6 : 12);
        if (limit > 0 && limit < 1L << 50 && limit - used < least) {
            return "the Pod's memory limit of " + limit / MB + " MB leaves too little for one more";
        }
        long node = number("/proc/meminfo", null, "MemTotal:") * 1024;
        long free = number("/proc/meminfo", null, "MemAvailable:") * 1024;
        if (node > 0 && free < node / (modest ? 4 : 20) + (start ? 512 * MB : 0)) {
            return "the node has too little free memory";
        }
        return null;
    }

    /** The number that a file of the kernel has, behind a word at the start of a line; -1 where it has none. */
    private static long number(String file, String older, String word) throws IOException {
        Path path = Paths.get(file);
        if (!Files.exists(path)) {
            return older == null ? -1 : number(older, null, word);
        }
        for (String line : Files.readAllLines(path, StandardCharsets.US_ASCII)) {
            String[] words = line.trim().split("\\s+");
            String text = word == null ? words[0] : words[0].equals(word) ? words[1] : "";
            if (text.matches("\\d+")) {
                return Long.parseLong(text);
            }
        }
        return -1;
    }
}
