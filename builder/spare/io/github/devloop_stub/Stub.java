package io.github.devloop_stub;

import java.util.List;
import java.util.Map;

import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.servlet.ModelAndView;

/** The web application that a spare JVM starts and closes. Spring looks for entities and repositories in its package. */
@EnableAutoConfiguration
@RestController
public class Stub {
    @GetMapping("/text")
    public String text() { return "text"; }

    @GetMapping("/json")
    public Map<String, Object> json() { return Map.of("text", "text", "list", List.of(1, 2)); }

    /** A page of Thymeleaf; other template engines find none. */
    @GetMapping("/page")
    public ModelAndView page() { return new ModelAndView("devloop-stub", Map.of("text", "text", "list", List.of(1, 2), "form", new Form())); }

    public static class Form {
        public String getText() { return "text"; }
    }
}
