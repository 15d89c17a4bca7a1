package io.github.devloop_cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.inject.Inject;
import javax.inject.Named;
import javax.inject.Singleton;
import org.apache.maven.artifact.Artifact;
import org.apache.maven.eventspy.AbstractEventSpy;
import org.apache.maven.execution.ExecutionEvent;
import org.apache.maven.execution.MavenSession;
import org.apache.maven.model.Dependency;
import org.apache.maven.model.Plugin;
import org.apache.maven.model.Resource;
import org.apache.maven.plugin.MojoExecution;
import org.apache.maven.plugin.PluginParameterExpressionEvaluator;
import org.apache.maven.project.MavenProject;
import org.codehaus.plexus.util.xml.Xpp3Dom;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.collection.CollectRequest;
import org.eclipse.aether.resolution.ArtifactResult;
import org.eclipse.aether.resolution.DependencyRequest;

/**
 * Tells devloop what Maven knows of the modules that it builds: where sources and
 * classes are, which jars the class path has, what javac is told. An extension of
 * Maven for one build; it looks on, changes nothing, and costs no build of its own.
 *
 * <p>The answer goes to the file that the property devloop.model names, as JSON, when
 * a build ends well. builder/buildtool/model.go has the other side.
 */
@Named
@Singleton
public final class Model extends AbstractEventSpy {
    private final RepositorySystem repositories;
    private final Map<String, Object> modules = new TreeMap<>();
    private final Map<String, List<Object>> compilers = new TreeMap<>();
    private final Map<String, List<Object>> goals = new TreeMap<>();
    private boolean failed;

    @Inject
    Model(RepositorySystem repositories) {
        this.repositories = repositories;
    }

    @Override
    public synchronized void onEvent(Object event) throws Exception {
        if (!(event instanceof ExecutionEvent)) {
            return;
        }
        ExecutionEvent e = (ExecutionEvent) event;
        String file = e.getSession().getUserProperties().getProperty("devloop.model");
        if (file == null) {
            return;
        }
        switch (e.getType()) {
            case MojoSucceeded:
                ran(e.getProject(), e.getMojoExecution());
                compiled(e.getSession(), e.getProject(), e.getMojoExecution());
                break;
            case ProjectSucceeded:
                modules.put(e.getProject().getId(), module(e.getProject()));
                break;
            case ProjectFailed:
                failed = true;
                break;
            case SessionEnded:
                write(file);
                break;
            default:
        }
    }

    private void write(String file) throws IOException {
        if (!failed) {
            Files.write(Paths.get(file), json(modules.values()).getBytes(StandardCharsets.UTF_8));
        }
    }

    /** What is said of one module. The names are those of builder/buildtool/model.go. */
    private Object module(MavenProject project) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("name", project.getGroupId() + ":" + project.getArtifactId());
        m.put("directory", project.getBasedir());
        m.put("archive", project.getArtifact().getFile());
        m.put("mainClass", mainClass(project));
        m.put("sources", sources(project));
        m.put("resourceSources", resources(project));
        m.put("classes", list(project.getBuild().getOutputDirectory()));
        m.put("libraries", files(project, Artifact.SCOPE_COMPILE, Artifact.SCOPE_RUNTIME));
        m.put("provided", files(project, Artifact.SCOPE_PROVIDED, Artifact.SCOPE_SYSTEM));
        m.put("compilers", compilers.getOrDefault(project.getId(), new ArrayList<>()));
        m.put("goals", goals.getOrDefault(project.getId(), new ArrayList<>()));
        m.put("omitted", project.getContextValue(Omit.OMITTED));
        m.put("buildFiles", poms(project));
        return m;
    }

    /** The files of the project and of its parents that are not from a repository. */
    private static List<Object> poms(MavenProject project) {
        List<Object> files = new ArrayList<>();
        for (MavenProject p = project; p != null; p = p.getParent()) {
            if (p.getFile() != null) {
                files.add(p.getFile());
            }
        }
        return files;
    }

    private static List<Object> sources(MavenProject project) {
        List<Object> dirs = new ArrayList<>(project.getCompileSourceRoots());
        Map<?, ?> kotlin = (Map<?, ?>) project.getContextValue(Kotlin.CALL);
        if (kotlin != null && kotlin.get(Kotlin.SOURCES) != null) {
            dirs.addAll((Collection<?>) kotlin.get(Kotlin.SOURCES));
        }
        return dirs;
    }

    private static List<Object> resources(MavenProject project) {
        List<Object> dirs = new ArrayList<>();
        for (Resource r : project.getResources()) {
            dirs.add(r.getDirectory());
        }
        return dirs;
    }

    private static List<Object> files(MavenProject project, String... scopes) {
        List<Object> files = new ArrayList<>();
        for (Artifact a : project.getArtifacts()) {
            if (a.getFile() != null && a.getArtifactHandler().isAddedToClasspath() && list((Object[]) scopes).contains(a.getScope())) {
                files.add(a.getFile());
            }
        }
        return files;
    }

    /** The main class that a plugin is told of: by jar, exec, jib, or Boot's. */
    private static String mainClass(MavenProject project) {
        for (Plugin plugin : project.getBuildPlugins()) {
            String found = deepValue((Xpp3Dom) plugin.getConfiguration(), "mainClass");
            if (found != null) {
                return found;
            }
        }
        String property = project.getProperties().getProperty("exec.mainClass");
        return property != null ? property : project.getProperties().getProperty("start-class");
    }

    private static String deepValue(Xpp3Dom dom, String name) {
        if (dom == null) {
            return null;
        }
        if (dom.getName().equals(name) && dom.getValue() != null && !dom.getValue().contains("${")) {
            return dom.getValue().trim();
        }
        for (Xpp3Dom child : dom.getChildren()) {
            String found = deepValue(child, name);
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    private void ran(MavenProject project, MojoExecution mojo) {
        Map<String, Object> goal = new LinkedHashMap<>();
        goal.put("goal", mojo.getArtifactId() + ":" + mojo.getGoal());
        goal.put("phase", mojo.getLifecyclePhase() == null ? "" : mojo.getLifecyclePhase());
        goals.computeIfAbsent(project.getId(), id -> new ArrayList<>()).add(goal);
    }

    /** Takes down how the module's own classes were compiled. */
    @SuppressWarnings("unchecked")
    private void compiled(MavenSession session, MavenProject project, MojoExecution mojo) throws Exception {
        boolean kotlin = mojo.getArtifactId().equals(Kotlin.PLUGIN);
        boolean makesSources = !kotlin && "generate-sources".equals(mojo.getLifecyclePhase()); // protobuf-maven-plugin:compile
        if (makesSources || !mojo.getGoal().equals("compile") && !mojo.getGoal().equals("process-classes")) {
            return;
        }
        Map<String, Object> c = new LinkedHashMap<>();
        c.put("plugin", mojo.getArtifactId());
        if (mojo.getArtifactId().equals("maven-compiler-plugin")) {
            javac(c, new Settings(session, mojo), project);
        } else if (kotlin && project.getContextValue(Kotlin.CALL) != null) {
            c.putAll((Map<String, ?>) project.getContextValue(Kotlin.CALL));
        }
        compilers.computeIfAbsent(project.getId(), id -> new ArrayList<>()).add(c);
    }

    private void javac(Map<String, Object> c, Settings s, MavenProject project) throws Exception {
        c.put("compiler", s.value("compilerId"));
        c.put("javaHome", System.getProperty("java.home"));
        c.put("forked", s.is("fork") || s.dom("jdkToolchain") != null || s.session.getUserProperties().containsKey("maven.compiler.fork"));
        c.put("options", options(s));
        c.put("classPath", withoutOwn(project));
        c.put("processorPath", processorPath(s, project));
        c.put("moduleVersion", s.value("moduleVersion"));
        c.put("generated", s.value("generatedSourcesDirectory"));
    }

    private static List<Object> withoutOwn(MavenProject project) throws Exception {
        List<Object> path = new ArrayList<>(project.getCompileClasspathElements());
        path.remove(project.getBuild().getOutputDirectory());
        return path;
    }

    /** The options in javac's own words, as maven-compiler-plugin gives them. */
    private static List<Object> options(Settings s) throws Exception {
        List<Object> options = new ArrayList<>();
        add(options, "-encoding", s.value("encoding"));
        if (s.value("release") != null) {
            add(options, "--release", s.value("release"));
        } else {
            add(options, "-source", s.value("source"));
            add(options, "-target", s.value("target"));
        }
        if (s.is("debug")) {
            options.add(s.value("debuglevel") == null ? "-g" : "-g:" + s.value("debuglevel"));
        }
        if (s.is("parameters")) {
            options.add("-parameters");
        }
        if (s.is("enablePreview")) {
            options.add("--enable-preview");
        }
        if (s.value("proc") != null) {
            options.add("-proc:" + s.value("proc"));
        }
        if (s.dom("annotationProcessors") != null) {
            add(options, "-processor", String.join(",", texts(s.values("annotationProcessors"))));
        }
        if (s.dom("compilerArguments") != null) {
            for (Xpp3Dom argument : s.dom("compilerArguments").getChildren()) {
                add(options, "-" + argument.getName(), argument.getValue());
            }
        }
        options.addAll(s.values("compilerArgs"));
        if (s.value("compilerArgument") != null) {
            options.add(s.value("compilerArgument"));
        }
        return options;
    }

    private static void add(List<Object> options, String name, String value) {
        if (value != null && !value.isEmpty()) {
            options.add(name);
            options.add(value);
        }
    }

    private static List<String> texts(List<Object> values) {
        List<String> texts = new ArrayList<>();
        for (Object v : values) {
            texts.add(v.toString());
        }
        return texts;
    }

    /** The jars that annotationProcessorPaths name, with what they depend on; null where it names none. */
    private List<Object> processorPath(Settings s, MavenProject project) throws Exception {
        Xpp3Dom paths = s.dom("annotationProcessorPaths");
        if (paths == null || paths.getChildCount() == 0) {
            return null;
        }
        CollectRequest collect = new CollectRequest();
        for (Xpp3Dom path : paths.getChildren()) {
            collect.addDependency(new org.eclipse.aether.graph.Dependency(new DefaultArtifact(text(path, "groupId"), text(path, "artifactId"),
                    text(path, "classifier"), path.getChild("type") == null ? "jar" : text(path, "type"), version(path, project)), "runtime"));
        }
        collect.setRepositories(project.getRemoteProjectRepositories());
        List<Object> files = new ArrayList<>();
        for (ArtifactResult r : repositories.resolveDependencies(s.session.getRepositorySession(), new DependencyRequest(collect, null)).getArtifactResults()) {
            files.add(r.getArtifact().getFile());
        }
        return files;
    }

    private static String version(Xpp3Dom path, MavenProject project) {
        if (path.getChild("version") != null || project.getDependencyManagement() == null) {
            return text(path, "version");
        }
        for (Dependency d : project.getDependencyManagement().getDependencies()) {
            if (d.getGroupId().equals(text(path, "groupId")) && d.getArtifactId().equals(text(path, "artifactId"))) {
                return d.getVersion();
            }
        }
        return "";
    }

    private static String text(Xpp3Dom dom, String child) {
        Xpp3Dom found = dom.getChild(child);
        return found == null || found.getValue() == null ? "" : found.getValue().trim();
    }

    /** The settings of a goal, with Maven's defaults and properties. */
    private static final class Settings {
        final MavenSession session;
        private final Xpp3Dom dom;
        private final PluginParameterExpressionEvaluator evaluator;

        Settings(MavenSession session, MojoExecution mojo) {
            this.session = session;
            this.dom = mojo.getConfiguration();
            this.evaluator = new PluginParameterExpressionEvaluator(session, mojo);
        }

        Xpp3Dom dom(String name) {
            return dom.getChild(name);
        }

        boolean is(String name) throws Exception {
            return Boolean.parseBoolean(value(name));
        }

        String value(String name) throws Exception {
            Xpp3Dom child = dom.getChild(name);
            Object found = child == null ? null : evaluate(child.getValue());
            if (found == null && child != null) {
                found = evaluate(child.getAttribute("default-value"));
            }
            return found == null || found.toString().isEmpty() ? null : found.toString();
        }

        List<Object> values(String name) throws Exception {
            List<Object> values = new ArrayList<>();
            if (dom.getChild(name) != null) {
                for (Xpp3Dom child : dom.getChild(name).getChildren()) {
                    Object value = evaluate(child.getValue());
                    if (value != null) {
                        values.add(value);
                    }
                }
            }
            return values;
        }

        private Object evaluate(String text) throws Exception {
            return text == null ? null : evaluator.evaluate(text);
        }
    }

    private static List<Object> list(Object... values) {
        List<Object> list = new ArrayList<>();
        for (Object v : values) {
            list.add(v);
        }
        return list;
    }

    static String json(Object value) {
        if (value == null || value instanceof Boolean) {
            return String.valueOf(value);
        }
        List<String> parts = new ArrayList<>();
        if (value instanceof Map) {
            for (Map.Entry<?, ?> e : ((Map<?, ?>) value).entrySet()) {
                parts.add(json(e.getKey()) + ":" + json(e.getValue()));
            }
            return "{" + String.join(",", parts) + "}";
        }
        if (value instanceof Collection) {
            for (Object v : (Collection<?>) value) {
                parts.add(json(v));
            }
            return "[" + String.join(",", parts) + "]";
        }
        return quoted(value instanceof File ? ((File) value).getAbsolutePath() : value.toString());
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ') {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        return out.append('"').toString();
    }
}
