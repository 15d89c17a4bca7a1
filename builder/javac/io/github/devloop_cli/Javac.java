package io.github.devloop_cli;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.tools.Diagnostic;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * A Java compiler that stays: it answers one request after the other, on stdin and
 * stdout, until stdin ends. Its second compilation is some ten times as fast as the
 * first, because the compiler's own code is warm and the libraries' jars are open.
 *
 * <p>Requests and answers are lists of lists of strings. A list is its length, a
 * big-endian int of four bytes, and then its elements; a string is its length in bytes
 * and then those, in UTF-8.
 *
 * <p>A request has four lists: the compiler's options; the source files to compile; names of
 * classes, as in com.example.App$Inner, that are not to be found on the class path,
 * because the files there are of yesterday; the jars of Kotlin's compiler, none for javac.
 *
 * <p>An answer has three lists: how it went, "ok", "failed" or "broken" and then why;
 * what the compiler said, five strings each: kind, file, line, column, text, with line
 * and column counted from one, 0 for none; what it wrote, three strings each: "class",
 * "source" or "resource", the source file that it comes from, the path below the
 * directory that it was written to. File names are "" where there are none.
 */
public final class Javac extends ForwardingJavaFileManager<StandardJavaFileManager> {
    private final Set<String> hidden = new HashSet<>();
    private final List<String> said = new ArrayList<>();
    private final List<String> written = new ArrayList<>();
    private static Kotlinc kotlinc;

    private Javac(StandardJavaFileManager files) {
        super(files);
    }

    public static void main(String[] args) throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out));
        System.setOut(System.err); // annotation processors print there
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        Javac kept = compiler == null ? null : new Javac(compiler.getStandardFileManager(null, null, null));
        try {
            while (true) {
                List<List<String>> request = read(in);
                if (!request.get(3).isEmpty()) {
                    write(out, kotlin(request));
                    continue;
                }
                write(out, compiler == null ? broken("this Java has no compiler") : kept.answer(compiler, request));
            }
        } catch (EOFException end) {
            System.exit(0); // whatever threads a processor has left
        }
    }

    private static List<List<String>> kotlin(List<List<String>> request) {
        try {
            if (kotlinc == null || !kotlinc.consistsOf(request.get(3))) {
                kotlinc = new Kotlinc(request.get(3));
            }
            return kotlinc.answer(request.get(0), request.get(1));
        } catch (Throwable e) { // a version of Kotlin that is called in another way, or no memory
            return broken(e.toString());
        }
    }

    private List<List<String>> answer(JavaCompiler compiler, List<List<String>> request) {
        said.clear();
        written.clear();
        hidden.clear();
        hidden.addAll(request.get(2));
        try {
            boolean ok = compiler.getTask(null, this, this::report, request.get(0), null,
                    fileManager.getJavaFileObjectsFromStrings(request.get(1))).call();
            return Arrays.asList(Arrays.asList(ok ? "ok" : "failed"), said, written);
        } catch (Throwable e) { // a bug of the compiler or of a processor, or no memory
            return broken(e.toString());
        }
    }

    private static List<List<String>> broken(String why) {
        return Arrays.asList(Arrays.asList("broken", why), new ArrayList<>(), new ArrayList<>());
    }

    private void report(Diagnostic<? extends JavaFileObject> d) {
        said.addAll(Arrays.asList(d.getKind().name(), path(d.getSource()), String.valueOf(Math.max(0, d.getLineNumber())),
                String.valueOf(column(d)), d.getMessage(null)));
    }

    /** Counts characters: the compiler's own column takes a tab for several. */
    private static long column(Diagnostic<? extends JavaFileObject> d) {
        if (d.getSource() == null || d.getPosition() == Diagnostic.NOPOS) {
            return 0;
        }
        try {
            CharSequence text = d.getSource().getCharContent(true);
            int start = (int) d.getPosition();
            while (start > 0 && text.charAt(start - 1) != '\n' && text.charAt(start - 1) != '\r') {
                start--;
            }
            return d.getPosition() - start + 1;
        } catch (IOException | IndexOutOfBoundsException changed) {
            return 0;
        }
    }

    private static String path(FileObject file) {
        return file == null || !"file".equals(file.toUri().getScheme()) ? "" : new File(file.toUri()).getPath();
    }

    @Override
    public Iterable<JavaFileObject> list(Location location, String packageName, Set<JavaFileObject.Kind> kinds, boolean recurse)
            throws IOException {
        Iterable<JavaFileObject> found = super.list(location, packageName, kinds, recurse);
        if (hidden.isEmpty() || !location.getName().equals("CLASS_PATH")) {
            return found;
        }
        List<JavaFileObject> shown = new ArrayList<>();
        for (JavaFileObject file : found) {
            if (!hidden.contains(inferBinaryName(location, file))) {
                shown.add(file);
            }
        }
        return shown;
    }

    @Override
    public JavaFileObject getJavaFileForOutput(Location location, String className, JavaFileObject.Kind kind, FileObject sibling)
            throws IOException {
        written.addAll(Arrays.asList(kind == JavaFileObject.Kind.CLASS ? "class" : "source", path(sibling),
                className.replace('.', '/') + kind.extension));
        return super.getJavaFileForOutput(location, className, kind, sibling);
    }

    @Override
    public FileObject getFileForOutput(Location location, String packageName, String name, FileObject sibling) throws IOException {
        String directory = packageName.isEmpty() ? "" : packageName.replace('.', '/') + "/";
        written.addAll(Arrays.asList("resource", path(sibling), directory + name));
        return super.getFileForOutput(location, packageName, name, sibling);
    }

    private static List<List<String>> read(DataInputStream in) throws IOException {
        List<List<String>> lists = new ArrayList<>();
        for (int n = in.readInt(); n > 0; n--) {
            List<String> list = new ArrayList<>();
            for (int m = in.readInt(); m > 0; m--) {
                byte[] text = new byte[in.readInt()];
                in.readFully(text);
                list.add(new String(text, StandardCharsets.UTF_8));
            }
            lists.add(list);
        }
        return lists;
    }

    private static void write(DataOutputStream out, List<List<String>> lists) throws IOException {
        out.writeInt(lists.size());
        for (List<String> list : lists) {
            out.writeInt(list.size());
            for (String s : list) {
                byte[] text = s.getBytes(StandardCharsets.UTF_8);
                out.writeInt(text.length);
                out.write(text);
            }
        }
        out.flush();
    }
}
