package io.github.devloop_cli;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Runs the application as a child process, and starts it again with other classes when
 * devloop says so: what a new image in a new Pod would do, without either.
 *
 * <pre>java Supervise PORT CLASSES CHANGES DEBUG COMMAND...</pre>
 *
 * COMMAND is the application's. Where DEBUG is not 0 and can be had, its JVM listens for a
 * debugger on that port of the loopback address, for changes that need no restart; with ":suspend"
 * behind the number it waits for one at each start. Its output is this process's own, a signal to
 * end is passed on, and when it ends by itself, this ends with its exit code: whoever looks at the
 * container sees what he would see without the supervisor.
 *
 * Changes come on PORT of the loopback address, which only devloop's port-forward reaches.
 * They are kept in the directory CHANGES, which outlives the container, and then made in
 * CLASSES. So a container that Kubernetes starts again, from its image, has them before
 * the application begins. Where there is no such directory, no change is taken. Where the container's file system is
 * read-only, CLASSES is a volume, too, and the image has the application in "original" beside it.
 *
 * A request is a change; the answer is a text, "ok" or what went wrong. All in the form of
 * java.io.DataOutput:
 *
 * <pre>
 * utf      state: a name for what CLASSES holds after it; "" only asks for the present one
 * byte     how: 0 the application keeps running, 1 it restarts, 2 it restarts in a new JVM; 3 is 1 and 4 is 2
 *          for files that were sent with 0 before, which the running application has not taken
 * int      number of files, and for each
 *   utf      its path from CLASSES, with "/"
 *   int      its length in bytes, -1 where it is removed
 *   bytes    its content
 * </pre>
 *
 * A change may also have libraries, as "../added/guava.jar", and the class path that the application starts with from then
 * on, as "../added/classpath". While there is no such file, it starts with that of COMMAND. The JVM takes an archive of
 * classes only if its class path begins with the one that the archive was made for.
 *
 * The answer to a question, which has no state, is the state's name, "" for that of the image. With 3 or more as how
 * it asks for a spare JVM, which is prepared unless there is one: see SpareProcess.java. The answer is its
 * status, "later" while the application starts. With 3 a second one follows it where there is much memory: whoever sees
 * a mistake in a save makes the next one before another spare could be ready. Applications of other Pods that change
 * with this one need that memory and the time for a spare of their own, so with 4 none follows, and with 5 there is
 * one only where there is much memory. 6 pauses the preparation of spares, as a save needs the processors, until one is asked
 * for or a restart needs it.
 *
 * A restart with 1 or 3 runs the application in the spare, if that is ready or soon will be. An application that ends there,
 * before a proof that it serves, starts again in a new JVM, and there is no spare from then on if it serves then.
 *
 * An application that ends soon after it was started again with a change goes back: it
 * starts as it was when it served last, and says so in the log. A request without files and restart is
 * the proof that it serves, if it names the present state; from then on its end is the
 * container's.
 */
// It has no lambda: the first one would cost its start more than all else.
public final class Supervise {
    private static final int LIMIT = 256 << 20; // bytes of the files of a change
    private static final int KEPT = 20; // changes, until they become one
    static final int FOLLOWED = 3, MODEST = 5; // how a spare is asked for
    private static final int PAUSED = 6; // how it is asked to wait
    private static final int NOT_TAKEN = 2; // is added to how the application restarts
    private static final long GRACE = 2000; // ms in which the application ends by itself
    /**
     * ms by which the time of a file with texts is ahead. ResourceBundle reads it again if it has changed since the last
     * look, which may be after the new file was written, and before it took the place of the old one.
     */
    private static final long TEXTS_AHEAD = 1000;
    private static final long SOON = 120L * 1000 * 1000 * 1000; // ns in which a start has to be proven

    private final Path classes;
    private final Path added; // libraries of changes, and the class path
    private final Path changes;
    private final List<String> command;
    private final int debug;
    private final boolean suspend;
    private volatile String state = "";
    private final Object turn = new Object(); // of a request: a change is made as a whole
    private int first; // number of a change in CHANGES, guarded by this once the application runs
    private int made; // the number after the last one, guarded alike
    private Undo undo; // of the changes since the application served, null while it does; guarded alike
    private Undo swapped; // of the last change without a restart, null for none since the last one with; guarded alike
    private Process child; // null while it is being started again
    private boolean ending;
    private final List<SpareProcess> spares = new ArrayList<>(); // the first is for the next restart; guarded by this
    private boolean fromSpare; // child was one
    private List<String> started; // command, with the option for a debugger where the JVM has it
    private String noSpare; // why no spare is prepared any more

    private Supervise(Path classes, Path changes, String debug, List<String> command) {
        this.classes = classes;
        this.added = classes.resolveSibling("added");
        this.changes = changes;
        this.debug = Integer.parseInt(debug.replace(":suspend", ""));
        this.suspend = debug.endsWith(":suspend");
        this.command = command;
    }

    public static void main(String[] args) throws Exception {
        Thread.currentThread().setName("devloop's supervisor: the application is the process that this one started");
        Supervise s = new Supervise(Paths.get(args[1]), Paths.get(args[2]), args[3], Arrays.asList(args).subList(4, args.length));
        s.fill();
        s.replay();
        s.start(false);
        Runtime.getRuntime().addShutdownHook(new Thread() {
            @Override public void run() {
                s.end();
            }
        });
        Thread listener = new Thread() {
            @Override public void run() {
                s.listen(Integer.parseInt(args[0]));
            }
        };
        listener.setDaemon(true);
        listener.start();
        System.exit(s.await());
    }

    /**
     * Gives CLASSES what the image has, where it is a volume. That outlives the container, so what an earlier one has left
     * there goes: what it was told of is kept in CHANGES.
     */
    private void fill() throws IOException {
        File image = classes.resolveSibling("original").toFile();
        if (image.isDirectory()) {
            empty(classes.toFile());
            empty(added.toFile());
            copy(image, classes);
        }
    }

    private static void empty(File directory) throws IOException {
        File[] files = directory.listFiles();
        for (File file : files == null ? new File[0] : files) {
            empty(file);
            Files.delete(file.toPath());
        }
    }

    private static void copy(File from, Path to) throws IOException {
        for (File file : from.listFiles()) {
            Path copy = to.resolve(file.getName());
            if (file.isDirectory()) {
                Files.createDirectories(copy);
                copy(file, copy);
            } else {
                Files.copy(file.toPath(), copy);
            }
        }
    }

    /** Makes the changes that an earlier container of this Pod was told of. */
    private void replay() throws IOException {
        String[] names = changes.toFile().list();
        first = Integer.MAX_VALUE;
        for (String name : names == null ? new String[0] : names) {
            if (Character.isDigit(name.charAt(0))) {
                first = Math.min(first, Integer.parseInt(name));
            }
        }
        first = first == Integer.MAX_VALUE ? 0 : first;
        made = first;
        for (Path kept = change(made); Files.exists(kept); kept = change(made)) {
            make(kept);
            made++;
        }
    }

    private Path change(int number) {
        return changes.resolve(Integer.toString(number));
    }

    private synchronized void start(boolean inSpare) throws IOException {
        if (ending) {
            return;
        }
        child = takeSpare(inSpare);
        fromSpare = child != null;
        if (!fromSpare) {
            started = withDebugger(application());
            child = new ProcessBuilder(started).inheritIO().start();
        }
        notifyAll();
    }

    /** Has the first spare that is ready become the application, and ends those that are not; null for none. */
    private Process takeSpare(boolean wanted) {
        Process taken = null;
        while (taken == null && !spares.isEmpty()) {
            SpareProcess first = spares.remove(0);
            taken = wanted ? first.go() : null;
            if (taken == null) {
                first.drop("the application has restarted");
                noSpare = first.broken();
            }
        }
        for (SpareProcess left : new ArrayList<>(spares)) {
            if (left.status().startsWith("no: ")) {
                spares.remove(left); // there may be memory for another one by now
            }
        }
        return taken;
    }

    /**
     * Prepares a spare, and with FOLLOWED a second one once that is ready, unless they are there. Returns the status of the
     * first, with "; " behind it while the second one is being prepared.
     */
    synchronized String spare(int how) {
        if (ending || child == null || undo != null) {
            return "later";
        }
        if (noSpare != null) {
            return "no: " + noSpare;
        }
        boolean second = how == FOLLOWED && spares.size() == 1 && spares.get(0).status().startsWith("ready");
        if (spares.isEmpty() || second) {
            noSpare = suspend ? "the application's JVM waits for a debugger" : SpareProcess.prevented(command);
            if (noSpare != null) {
                return "no: " + noSpare;
            }
            SpareProcess made = new SpareProcess(started, classes, second || how == MODEST, how == FOLLOWED);
            spares.add(made);
            Thread thread = new Thread() {
                @Override public void run() {
                    made.run(Supervise.this);
                }
            };
            thread.setDaemon(true);
            thread.start();
        }
        for (SpareProcess spare : spares) {
            spare.goOn();
        }
        boolean another = spares.size() > 1 && spares.get(1).status().equals("preparing");
        return spares.get(0).status() + (another ? "; another one is being prepared" : "");
    }

    private synchronized String pauseSpares() {
        for (SpareProcess spare : spares) {
            spare.pause();
        }
        return "ok";
    }

    /** The application's command, with the class path that a change gave it. */
    private List<String> application() throws IOException {
        Path classPath = added.resolve("classpath");
        if (!Files.exists(classPath)) {
            return command;
        }
        int path = command.indexOf("-cp") + 1;
        List<String> now = new ArrayList<>(command);
        now.set(path, new String(Files.readAllBytes(classPath), StandardCharsets.UTF_8));
        if (!now.get(path).startsWith(command.get(path))) {
            for (int i = path; i > 0; i--) {
                if (now.get(i).startsWith("-XX:") && now.get(i).contains("=" + classes.resolveSibling("dependencies."))) {
                    now.remove(i);
                }
            }
        }
        return now;
    }

    /** Adds the option for a debugger: a JVM that can't listen for one would not start. */
    private List<String> withDebugger(List<String> command) {
        String home = System.getProperty("java.home");
        boolean there = new File(home, "lib/libjdwp.so").exists()
            || new File(home, "lib/" + System.getProperty("os.arch") + "/libjdwp.so").exists(); // Java 8
        if (debug == 0 || !there) {
            return command;
        }
        try {
            new ServerSocket(debug, 1, InetAddress.getByName("127.0.0.1")).close();
        } catch (IOException e) {
            return command; // another container of the Pod has it
        }
        List<String> more = new ArrayList<>(command);
        more.add(1, "-agentlib:jdwp=transport=dt_socket,server=y,suspend=" + (suspend ? "y" : "n") + ",quiet=y,address=127.0.0.1:" + debug);
        return more;
    }

    /** Waits until the application ends, other than by a restart, and returns its exit code. */
    private int await() throws InterruptedException, IOException {
        for (;;) {
            Process now;
            synchronized (this) {
                while (child == null) {
                    wait();
                }
                now = child;
            }
            int code = now.waitFor();
            synchronized (this) {
                if (child == now && !goBack(code)) {
                    return code;
                }
            }
        }
    }

    /** Starts the application as it was before the change with which it ended, if it did so soon. */
    private synchronized boolean goBack(int code) throws IOException {
        Undo last = undo;
        undo = null;
        if (ending || last == null || System.nanoTime() - last.since > SOON) {
            return false;
        }
        if (fromSpare) {
            System.out.println("devloop: the application ended with exit code " + code + " in a JVM that was started ahead, and starts again in a new one");
            undo = last;
            undo.ended = true;
            start(false);
            return true;
        }
        System.out.println("devloop: the application ended with exit code " + code + ", and starts as it was before the change");
        for (Map.Entry<String, Path> copy : last.files.entrySet()) {
            if (copy.getValue() == null) {
                Files.deleteIfExists(file(copy.getKey()));
            } else {
                try (DataInputStream in = open(copy.getValue())) {
                    put(file(copy.getKey()), in, Files.size(copy.getValue()));
                }
            }
        }
        state = last.state;
        writeAll(last.files.keySet());
        Files.move(received(), change(made), StandardCopyOption.ATOMIC_MOVE);
        made++;
        start(false);
        return true;
    }

    /** What was before changes. */
    private static final class Undo {
        final Map<String, Path> files = new HashMap<>(); // copies of what they replaced, null for a file that was not there
        final String state;
        final String to; // the state after the first one
        long since; // the last restart
        boolean ended; // the application has ended with them in a spare

        Undo(String state, String to) {
            this.state = state;
            this.to = to;
        }
    }

    /** Passes on that the container ends, and waits for the application. */
    private void end() {
        Process last;
        synchronized (this) {
            ending = true;
            last = child;
            for (SpareProcess spare : spares) {
                spare.drop("the container ends");
            }
        }
        if (last == null) {
            return; // it has been ended already
        }
        try {
            ask(last);
            last.waitFor();
        } catch (InterruptedException e) {
            last.destroyForcibly();
        }
    }

    /**
     * Has a process end. A JVM that listens for a debugger waits at its very end for the thread
     * that does so, which never comes back, for 300 ms (wait_for_threads_in_native_to_block in
     * HotSpot's vmOperations.cpp). It tells a debugger right before, when all of the application's
     * own end is done: that is the moment to end it.
     */
    private void ask(Process last) {
        Socket debugger = plain() ? attach() : null;
        last.destroy();
        if (debugger != null) {
            Thread waiter = new Thread() {
                @Override public void run() {
                    if (dies(debugger)) {
                        last.destroyForcibly();
                    }
                }
            };
            waiter.setDaemon(true);
            waiter.start();
        }
    }

    /** Says whether nothing but the application has work to do when its JVM ends, such as a profiler. */
    private boolean plain() {
        List<String> options = new ArrayList<>(command);
        for (String name : new String[] {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}) {
            options.add(String.valueOf(System.getenv(name)));
        }
        for (String option : options) {
            if (option.contains("-agent") || option.contains("-javaagent") || option.contains("AtExit")) {
                return false;
            }
        }
        return debug != 0 && !suspend;
    }

    /** Connects to the JVM as a debugger, null where it has one already, or can't have one. */
    private Socket attach() {
        Socket socket = new Socket();
        try {
            socket.connect(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), debug), 100);
            socket.setSoTimeout(100);
            byte[] hello = "JDWP-Handshake".getBytes(StandardCharsets.US_ASCII);
            socket.getOutputStream().write(hello);
            byte[] answer = new byte[hello.length];
            new DataInputStream(socket.getInputStream()).readFully(answer);
            if (Arrays.equals(hello, answer)) {
                socket.setSoTimeout(0);
                return socket;
            }
        } catch (IOException e) {
            // its end takes a little longer
        }
        close(socket);
        return null;
    }

    /** Waits until a JVM says that it dies, false where it does not. */
    private static boolean dies(Socket debugger) {
        try {
            DataInputStream in = new DataInputStream(debugger.getInputStream());
            for (;;) {
                byte[] packet = new byte[in.readInt() - 4];
                in.readFully(packet);
                boolean event = packet[4] == 0 && packet[5] == 64 && packet[6] == 100; // a command, Event, Composite
                if (event && packet[12] == 99) { // after suspend policy and number: VM_DEATH
                    return true;
                }
            }
        } catch (IOException e) {
            return false;
        } finally {
            close(debugger);
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // it is of no use any more
        }
    }

    private void listen(int port) {
        try (ServerSocket server = new ServerSocket(port, 8, InetAddress.getByName("127.0.0.1"))) {
            for (;;) {
                try {
                    Socket socket = server.accept();
                    Thread one = new Thread() { // who says nothing keeps nobody waiting
                        @Override public void run() {
                            serve(socket);
                        }
                    };
                    one.setDaemon(true);
                    one.start();
                } catch (IOException | RuntimeException | Error e) {
                    // the next one will be served
                }
            }
        } catch (IOException e) {
            // another container of the Pod has the port: this one is not changed
        }
    }

    private void serve(Socket client) {
        try (Socket socket = client) {
            socket.setSoTimeout(30000);
            DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            String name = in.readUTF();
            synchronized (turn) {
                out.writeUTF(answer(name, in));
                out.flush();
                fold();
            }
        } catch (IOException | RuntimeException | Error e) {
            // whoever asked is gone, or gets no answer
        }
    }

    private String answer(String name, DataInputStream in) throws IOException {
        int how = in.readUnsignedByte();
        boolean restart = how != 0;
        int files = in.readInt();
        if (name.isEmpty()) {
            return how == PAUSED ? pauseSpares() : how >= FOLLOWED ? spare(how) : state;
        }
        if (!restart && files == 0) {
            return prove(name);
        }
        try {
            receive(name, restart, files, in);
            return restart ? restart(name, how) : swap(name);
        } catch (IOException | RuntimeException e) {
            return "keep the change: " + e;
        }
    }

    private synchronized SpareProcess firstSpare() {
        return spares.isEmpty() ? null : spares.get(0);
    }

    private synchronized String prove(String name) {
        if (!state.equals(name)) {
            return "gone back";
        }
        if (undo != null && undo.ended) {
            noSpare = "the application ended in a JVM that was started ahead, and serves in a new one";
        }
        undo = null;
        return "ok";
    }

    /** Makes a change while the application runs. */
    private synchronized String swap(String name) throws IOException {
        if (undo == null) {
            swapped = new Undo(state, name);
        }
        remember(received(), undo == null ? swapped : undo);
        return makeKept();
    }

    /** Makes a change while the application does not run. */
    private String restart(String name, int how) throws IOException {
        boolean inSpare = how % 2 == 1;
        try {
            SpareProcess ahead = firstSpare();
            if (inSpare && ahead != null) {
                ahead.awaitReady(); // the application serves meanwhile
            }
            stop(); // from here on its end is no reason to go back
            Undo before = served(name, how > NOT_TAKEN);
            remember(received(), before);
            String answer = makeKept();
            synchronized (this) {
                undo = answer.equals("ok") ? before : null;
                swapped = null;
            }
            return answer;
        } catch (InterruptedException e) {
            return e.toString();
        } finally {
            start(inSpare);
        }
    }

    /** What was when the application served last, before a change to a state. */
    private synchronized Undo served(String name, boolean notTaken) {
        Undo before = undo != null && System.nanoTime() - undo.since <= SOON ? undo : new Undo(state, name);
        if (undo == null && notTaken && swapped != null && swapped.to.equals(name)) {
            before = swapped;
        }
        before.since = System.nanoTime();
        before.ended = false;
        return before;
    }

    /**
     * Keeps the change that was received for the next container, and makes it. One that can't be made is forgotten, and
     * devloop makes a new Pod. The application may end meanwhile, and go back to what was before an earlier change.
     */
    private synchronized String makeKept() throws IOException {
        Path kept = change(made);
        Files.move(received(), kept, StandardCopyOption.ATOMIC_MOVE);
        made++;
        try {
            make(kept);
            return "ok";
        } catch (IOException | RuntimeException | Error e) {
            Files.deleteIfExists(change(--made));
            return "make the change: " + e;
        }
    }

    /**
     * Makes one change of those that are kept, so that a day of saves does not fill the volume. It comes after them, and
     * has what each of their files is now: wherever this breaks off, the next container makes the same of what is there.
     */
    private synchronized void fold() {
        if (made - first < KEPT || undo != null) {
            return;
        }
        try {
            Set<String> names = new HashSet<>();
            for (int number = first; number < made; number++) {
                try (DataInputStream in = open(change(number))) {
                    in.readUTF();
                    in.readBoolean();
                    for (int files = in.readInt(); files > 0; files--) {
                        names.add(in.readUTF());
                        skip(in, in.readInt());
                    }
                }
            }
            writeAll(names);
            Files.move(received(), change(made), StandardCopyOption.ATOMIC_MOVE);
            made++;
            for (; first < made - 1; first++) {
                Files.deleteIfExists(change(first));
            }
        } catch (IOException | RuntimeException e) {
            // they stay as they are until the next change
        }
    }

    /** Writes a change that has what these files are now. */
    private void writeAll(Set<String> names) throws IOException {
        try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(received())))) {
            out.writeUTF(state);
            out.writeBoolean(false);
            out.writeInt(names.size());
            for (String name : names) {
                Path file = file(name);
                int length = Files.exists(file) ? (int) Files.size(file) : -1;
                out.writeUTF(name);
                out.writeInt(length);
                if (length >= 0 && Files.copy(file, out) != length) {
                    throw new IOException("it is being changed: " + file);
                }
            }
        }
    }

    /** Where a change is before it is kept. */
    private Path received() {
        return changes.resolve("new");
    }

    /**
     * Writes a change to a file. What breaks off changes nothing. No file of it is ever in memory as a whole: this JVM
     * has very little.
     */
    private void receive(String name, boolean restart, int files, DataInputStream in) throws IOException {
        Spool spool = new Spool(received());
        try (DataOutputStream out = new DataOutputStream(spool)) {
            out.writeUTF(name);
            out.writeBoolean(restart);
            out.writeInt(files);
            for (long total = 0; files > 0; files--) {
                out.writeUTF(in.readUTF());
                int length = in.readInt();
                out.writeInt(length);
                total += Math.max(length, 0);
                if (total > LIMIT) {
                    throw new IOException("the change is too large");
                }
                copy(in, out, length);
            }
        }
        if (spool.failed != null) {
            throw spool.failed;
        }
    }

    /** Writes to a file. What goes wrong is told at the end: who sends a change reads the answer after it. */
    private static final class Spool extends OutputStream {
        private OutputStream to;
        IOException failed; // null where all is written

        Spool(Path file) {
            try {
                to = new BufferedOutputStream(Files.newOutputStream(file));
            } catch (IOException e) {
                failed = e;
            }
        }

        @Override public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override public void write(byte[] text, int from, int length) {
            try {
                if (failed == null) {
                    to.write(text, from, length);
                }
            } catch (IOException e) {
                failed = e;
            }
        }

        @Override public void close() {
            try {
                if (to != null) {
                    to.close();
                }
            } catch (IOException e) {
                failed = failed == null ? e : failed;
            }
        }
    }

    private static DataInputStream open(Path file) throws IOException {
        return new DataInputStream(new BufferedInputStream(Files.newInputStream(file)));
    }

    private static void skip(DataInputStream in, long length) throws IOException {
        while (length > 0) {
            long skipped = in.skip(length);
            if (skipped <= 0) {
                throw new IOException("the change breaks off");
            }
            length -= skipped;
        }
    }

    private static void copy(DataInputStream in, OutputStream out, long length) throws IOException {
        byte[] piece = new byte[8192];
        while (length > 0) {
            int some = (int) Math.min(length, piece.length);
            in.readFully(piece, 0, some);
            out.write(piece, 0, some);
            length -= some;
        }
    }

    /** Ends the application, whose end is not the container's. */
    private void stop() throws InterruptedException {
        Process old;
        synchronized (this) {
            old = child;
            child = null;
        }
        ask(old);
        if (!old.waitFor(GRACE, TimeUnit.MILLISECONDS)) {
            old.destroyForcibly().waitFor();
        }
    }

    /** Makes a change in CLASSES. A file is there whole or not at all. */
    private void make(Path kept) throws IOException {
        try (DataInputStream in = open(kept)) {
            String name = in.readUTF();
            in.readBoolean();
            for (int files = in.readInt(); files > 0; files--) {
                Path file = file(in.readUTF());
                int length = in.readInt();
                if (length < 0) {
                    Files.deleteIfExists(file);
                } else {
                    put(file, in, length);
                }
            }
            state = name;
        }
    }

    /** The file of a path in a change. */
    private Path file(String path) throws IOException {
        Path file = classes.resolve(path).normalize();
        if (!file.startsWith(classes) && !file.startsWith(added)) {
            throw new IOException("outside of the application: " + file);
        }
        return file;
    }

    private static void put(Path file, DataInputStream content, long length) throws IOException {
        Files.createDirectories(file.getParent());
        Path fresh = file.resolveSibling(file.getFileName() + ".devloop");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(fresh))) {
            copy(content, out, length);
        }
        if (file.toString().endsWith(".properties")) {
            fresh.toFile().setLastModified(System.currentTimeMillis() + TEXTS_AHEAD);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Keeps what the files of a change are before it, as far as it is not known from before an earlier one. */
    private void remember(Path kept, Undo before) throws IOException {
        Path copies = changes.resolve("before");
        try (DataInputStream in = open(kept)) {
            in.readUTF();
            in.readBoolean();
            for (int files = in.readInt(); files > 0; files--) {
                String name = in.readUTF();
                Path file = file(name);
                Path copy = Files.exists(file) ? copies.resolve(Integer.toString(before.files.size())) : null;
                if (!before.files.containsKey(name)) {
                    if (copy != null) { // Files.copy has classes of its own, which would take the first save 30 ms
                        try (DataInputStream old = open(file)) {
                            put(copy, old, Files.size(file));
                        }
                    }
                    before.files.put(name, copy);
                }
                skip(in, in.readInt());
            }
        }
    }
}
