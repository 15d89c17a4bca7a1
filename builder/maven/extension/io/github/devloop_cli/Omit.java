package io.github.devloop_cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.inject.Named;
import javax.inject.Singleton;
import org.apache.maven.AbstractMavenLifecycleParticipant;
import org.apache.maven.MavenExecutionException;
import org.apache.maven.execution.MavenSession;
import org.apache.maven.model.Plugin;
import org.apache.maven.model.PluginExecution;
import org.apache.maven.project.MavenProject;
import org.codehaus.plexus.util.xml.Xpp3Dom;

/**
 * Takes goals out of the build before Maven plans it, so that their plugins are not even loaded.
 *
 * <p>The property devloop.omit lists them, as "plugin" or "plugin:goal". devloop.omitTests lists those
 * that only make tests; they stay if a module packs its tests for others.
 *
 * <p>devloop.oneApplication ends a build of several applications before it begins: devloop runs one of them, and
 * a build of all may take minutes.
 */
@Named
@Singleton
public final class Omit extends AbstractMavenLifecycleParticipant {
    /** Where Model finds the goals that were taken out of a module. */
    static final String OMITTED = "devloop.omitted";

    @Override
    public void afterProjectsRead(MavenSession session) throws MavenExecutionException {
        if (session.getUserProperties().getProperty("devloop.oneApplication") != null) {
            refuseSeveralApplications(session);
        }
        Set<String> goals = listed(session, "devloop.omit");
        if (!packsTests(session.getProjects())) {
            goals.addAll(listed(session, "devloop.omitTests"));
        }
        for (MavenProject project : session.getProjects()) {
            List<Object> omitted = new ArrayList<>();
            for (Plugin plugin : project.getBuildPlugins()) {
                omit(plugin, goals, omitted);
            }
            project.setContextValue(OMITTED, omitted);
        }
    }

    private static void refuseSeveralApplications(MavenSession session) throws MavenExecutionException {
        List<String> dirs = new ArrayList<>();
        for (MavenProject project : session.getProjects()) {
            for (Plugin plugin : project.getBuildPlugins()) {
                if (plugin.getArtifactId().equals("spring-boot-maven-plugin") && repackages(project, plugin)) {
                    dirs.add(project.getBasedir().getPath());
                }
            }
        }
        if (dirs.size() > 1) {
            throw new MavenExecutionException("several applications: " + String.join("|", dirs), session.getTopLevelProject().getFile());
        }
    }

    /** Whether Boot's plugin makes an executable archive of a module. Where that is not certain it is false. */
    private static boolean repackages(MavenProject project, Plugin plugin) {
        boolean packs = project.getPackaging().equals("jar") || project.getPackaging().equals("war");
        if (!packs || project.getProperties().containsKey("spring-boot.repackage.skip") || unusual(plugin.getConfiguration())) {
            return false;
        }
        for (PluginExecution execution : plugin.getExecutions()) {
            if (execution.getGoals().contains("repackage") && !"none".equals(execution.getPhase()) && !unusual(execution.getConfiguration())) {
                return true;
            }
        }
        return false;
    }

    private static boolean unusual(Object configuration) {
        Xpp3Dom dom = (Xpp3Dom) configuration;
        return dom != null && (dom.getChild("skip") != null || dom.getChild("layout") != null);
    }

    private static Set<String> listed(MavenSession session, String property) {
        return new HashSet<>(Arrays.asList(session.getUserProperties().getProperty(property, "").split(",")));
    }

    private static boolean packsTests(List<MavenProject> projects) {
        for (MavenProject project : projects) {
            for (Plugin plugin : project.getBuildPlugins()) {
                for (PluginExecution execution : plugin.getExecutions()) {
                    if (execution.getGoals().contains("test-jar")) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private static void omit(Plugin plugin, Set<String> goals, List<Object> omitted) {
        List<PluginExecution> executions = new ArrayList<>();
        for (PluginExecution execution : plugin.getExecutions()) {
            List<String> kept = new ArrayList<>();
            for (String goal : execution.getGoals()) {
                String name = plugin.getArtifactId() + ":" + goal;
                if (goals.contains(plugin.getArtifactId()) || goals.contains(name)) {
                    omitted.add(name);
                } else {
                    kept.add(goal);
                }
            }
            if (!kept.isEmpty() || execution.getGoals().isEmpty()) {
                execution.setGoals(kept);
                executions.add(execution);
            }
        }
        plugin.setExecutions(executions);
    }
}
