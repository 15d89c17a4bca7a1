package plan

import (
	"testing"

	"github.com/devloop-cli/devloop/builder/classfile"
)

// withType replaces the stand-ins for annotations of a class by one of a framework.
func withType(c *classfile.Class, annotation string, texts ...string) *classfile.Class {
	c.Annotations = []classfile.Annotation{{Type: annotation, Strings: texts}}
	return c
}

const persistence, springBoot = "jakarta/persistence/", "org/springframework/boot/"

// TestAnnotationsOfClasses: what of a class a framework calls at startup depends on its annotation.
func TestAnnotationsOfClasses(t *testing.T) {
	t.Parallel()
	byGetter := method("getId", "")
	byGetter.Annotations = []classfile.Annotation{{Type: persistence + "Id"}}
	base := withType(class("Base", "", object, byGetter), persistence+"MappedSuperclass")
	for name, c := range map[string]struct {
		annotation, super, method, want string
	}{
		"a method beside settings":                     {settingsAnnotation, object, "price", ""},
		"a getter of settings":                         {settingsAnnotation, object, "getPrice", "@ConfigurationProperties"},
		"a setter of settings":                         {settingsAnnotation, object, "setPrice", "@ConfigurationProperties"},
		"a method that begins like an getter":          {settingsAnnotation, object, "issue", ""},
		"settings that are a listener":                 {settingsAnnotation, "org/acme/Listener", "price", "it is a Listener"},
		"a method beside beans":                        {"org/springframework/context/annotation/Configuration", object, "price", ""},
		"one of the application's class":               {springBoot + "autoconfigure/SpringBootApplication", object, "price", ""},
		"one of a class that sets up security":         {"org/springframework/security/config/annotation/web/configuration/EnableWebSecurity", object, "price", ""},
		"one whose results are in a cache":             {"org/springframework/cache/annotation/Cacheable", object, "price", "@Cacheable"},
		"one of a class that names its cache":          {"org/springframework/cache/annotation/CacheConfig", object, "price", ""},
		"one of a class whose methods are deferred":    {"org/springframework/scheduling/annotation/Async", object, "price", ""},
		"one of an entity":                             {persistence + "Entity", object, "getPrice", ""},
		"one of an entity with annotations on getters": {persistence + "Entity", "com/example/Base", "getPrice", "@Entity"},
		"one of an entity with @Access":                {persistence + "Access", object, "getPrice", "@Access"},
		"one of a class for JSON":                      {"com/fasterxml/jackson/annotation/JsonTypeName", object, "getPrice", ""},
		"one of an unknown framework":                  {"org/acme/Configuration", object, "price", "@Configuration"},
	} {
		one := withType(class("A", "", c.super, method(c.method, "")), c.annotation)
		if got := newStartup([]*classfile.Class{base, one}).reason(one.Name, one.Methods[0]); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestClassesThatSpringFinds: such a class needs a restart when it is new, although a body in it may not.
func TestClassesThatSpringFinds(t *testing.T) {
	t.Parallel()
	for annotation, want := range map[string]string{settingsAnnotation: "@ConfigurationProperties",
		persistence + "Entity":                                 "@Entity",
		"org/springframework/context/annotation/Configuration": "@Configuration",
		"com/fasterxml/jackson/annotation/JsonTypeName":        ""} {
		if got := whyFound(withType(class("A", "", object), annotation)); got != want {
			t.Errorf("%s: got %q, want %q", annotation, got, want)
		}
	}
}

// TestNamesInAnnotations: a name of a setting, a table or a cache is no name of a method.
func TestNamesInAnnotations(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]struct {
		annotation, text string
		names            bool
	}{
		"a prefix of settings":       {settingsAnnotation, "blog", false},
		"a setting":                  {"org/springframework/beans/factory/annotation/Value", "${blog.title}", false},
		"a setting with a default":   {"org/springframework/beans/factory/annotation/Value", "${title:#{@blog.title}}", true},
		"an expression":              {"org/springframework/beans/factory/annotation/Value", "#{app.blog()}", true},
		"a condition":                {springBoot + "autoconfigure/condition/ConditionalOnProperty", "blog", false},
		"a condition by expression":  {springBoot + "autoconfigure/condition/ConditionalOnExpression", "@app.blog()", true},
		"the condition of an event":  {"org/springframework/context/event/EventListener", "event.blog", true},
		"a package":                  {"org/springframework/context/annotation/ComponentScan", "com.example.blog", false},
		"a file":                     {"org/springframework/context/annotation/PropertySource", "classpath:blog.properties", false},
		"a method of a bean's start": {"org/springframework/context/annotation/Bean", "blog", true},
		"a cache":                    {"org/springframework/cache/annotation/Cacheable", "blog", false},
		"a key in a cache":           {"org/springframework/cache/annotation/Cacheable", "#root.target.blog", true},
		"a table":                    {persistence + "Table", "blog", false},
		"a pattern of data":          {"jakarta/validation/constraints/Pattern", "blog", false},
		"a query":                    {"org/springframework/data/jpa/repository/Query", "select b from blog b", false},
		"an expression in a query":   {"org/springframework/data/jpa/repository/Query", "select b from B b where b.id = ?#{ {1: blog}[1] }", true},
		"an unknown framework's":     {"org/acme/Retry", "blog", true},
	} {
		c := withType(class("A", "", object, method("blog", ""), method("getBlog", "")), a.annotation, a.text)
		named := wordsInExpressions([]*classfile.Class{c})
		if named["blog"] != a.names || named["getBlog"] != a.names {
			t.Errorf("%s: blog %v, getBlog %v", name, named["blog"], named["getBlog"])
		}
	}
}
