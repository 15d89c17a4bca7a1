package org.gradle.internal.compiler.java;

import com.sun.source.util.JavacTask;
import com.sun.source.util.TaskEvent;
import com.sun.source.util.TaskListener;
import java.io.File;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.annotation.processing.Processor;
import javax.tools.JavaCompiler;

/**
 * Stands in for the one module of Gradle that gradle-api does not contain: the compiler plugin that reports which classes a
 * source made. It does not report which constants were inlined, so Gradle must not compile incrementally with it.
 */
public class IncrementalCompileTask implements JavaCompiler.CompilationTask {
    private final JavacTask task;
    private final Consumer<Map<String, Set<String>>> report;
    private final Map<String, Set<String>> classesBySource = new HashMap<>();

    public IncrementalCompileTask(JavaCompiler.CompilationTask task, Function<File, Optional<String>> relativize, Consumer<String> backup,
            Consumer<Map<String, Set<String>>> report, BiConsumer<String, String> accessibleConstants, BiConsumer<String, String> privateConstants) {
        this.task = (JavacTask) task;
        this.report = report;
        this.task.addTaskListener(new TaskListener() {
            @Override public void finished(TaskEvent event) {
                if (event.getKind() == TaskEvent.Kind.GENERATE && event.getSourceFile() != null && event.getTypeElement() != null) {
                    String type = IncrementalCompileTask.this.task.getElements().getBinaryName(event.getTypeElement()).toString();
                    relativize.apply(new File(event.getSourceFile().toUri()))
                            .ifPresent(source -> classesBySource.computeIfAbsent(source, none -> new HashSet<>()).add(type));
                }
            }
        });
    }

    @Override public void addModules(Iterable<String> names) {
        task.addModules(names);
    }

    @Override public void setProcessors(Iterable<? extends Processor> processors) {
        task.setProcessors(processors);
    }

    @Override public void setLocale(Locale locale) {
        task.setLocale(locale);
    }

    @Override public Boolean call() {
        try {
            return task.call();
        } finally {
            report.accept(classesBySource);
        }
    }
}
