package plan

import (
	"regexp"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/classfile"
)

// requestAnnotations mark methods that frameworks call for requests only, by their simple names.
var requestAnnotations = set("GetMapping", "PostMapping", "PutMapping", "DeleteMapping", "PatchMapping",
	"RequestMapping", "ResponseBody", "ResponseStatus", "ExceptionHandler", "MessageMapping", "QueryMapping",
	"MutationMapping", "CrossOrigin", "GetExchange", "PostExchange", "ModelAttribute", "InitBinder")

// plainAnnotations do not say when a method or class is used.
var plainAnnotations = set("RestController", "Controller", "Service", "Component", "Repository", "ControllerAdvice",
	"RestControllerAdvice", "Transactional", "Validated", "Nullable", "NonNull", "NonNullApi", "Deprecated",
	"SafeVarargs", "FunctionalInterface", "Generated", "PreAuthorize", "PostAuthorize", "Secured", "RolesAllowed",
	"PermitAll", "DenyAll", "NotNull", "Nonnull", "CheckForNull", "Profile", "Lazy", "Scope", "Primary", "Qualifier",
	"Order", "Tag", "Operation", "Hidden", "JsonProperty", "JsonIgnore", "JsonInclude", "Timed", "Counted",
	"Observed", "Async", "CacheConfig", "Modifying", "ApiResponse", "ApiResponses", "SecurityRequirement", "Api",
	"ApiOperation", "ApiImplicitParam", "ApiImplicitParams", "RequiresPermissions", "RequiresRoles",
	"RequiresAuthentication", "SaCheckPermission", "SaCheckRole", "SaCheckLogin")

// plainPackages have annotations about the form of data that requests send and get.
var plainPackages = []string{"com/fasterxml/jackson/", "tools/jackson/", "jakarta/validation/", "javax/validation/",
	"jakarta/xml/bind/annotation/", "javax/xml/bind/annotation/", "io/swagger/", "kotlin/Metadata"}

// beanAnnotations mark classes that Spring finds at startup.
var beanAnnotations = set("RestController", "Controller", "Service", "Component", "Repository", "ControllerAdvice",
	"RestControllerAdvice")

// settingsAnnotation has Spring fill an object at startup by its setters, and look at it by its getters.
const settingsAnnotation = "org/springframework/boot/context/properties/ConfigurationProperties"

// setupPackages have annotations with which a class tells Spring what to set up. Of its methods Spring then calls
// those that have an annotation themselves, such as @Bean.
var setupPackages = []string{"org/springframework/boot/autoconfigure/",
	"org/springframework/boot/SpringBootConfiguration", "org/springframework/boot/context/properties/",
	"org/springframework/boot/persistence/autoconfigure/", "org/springframework/context/annotation/"}

// storagePackages have annotations about how objects are stored.
var storagePackages = []string{"jakarta/persistence/", "javax/persistence/", "org/hibernate/annotations/"}

func of(a classfile.Annotation, packages []string) bool {
	return slices.ContainsFunc(packages, func(p string) bool { return strings.HasPrefix(a.Type, p) })
}

func isPlain(a classfile.Annotation) bool {
	return plainAnnotations[simple(a.Type)] || of(a, plainPackages)
}

func isRequest(a classfile.Annotation) bool { return requestAnnotations[simple(a.Type)] }

// resolveMappings puts Spring's annotation in the place of those of the application that are made of it, such as an
// @AnonymousPostMapping.
func (b *startupBuilder) resolveMappings(classes []*classfile.Class) {
	for _, c := range classes {
		for _, m := range c.Methods {
			for i, a := range m.Annotations {
				if own := b.own[a.Type]; own != nil && b.mapsRequests(own) {
					m.Annotations[i].Type = "org/springframework/web/bind/annotation/RequestMapping"
				}
			}
		}
	}
}

// mapsRequests reports whether an annotation of the application says by its own annotations that a method serves
// requests, and nothing else that a library knows.
func (b *startupBuilder) mapsRequests(c *classfile.Class) bool {
	ofJava := func(a classfile.Annotation) bool { return strings.HasPrefix(a.Type, "java/lang/annotation/") }
	return slices.ContainsFunc(c.Annotations, isRequest) && !slices.ContainsFunc(c.Annotations,
		func(a classfile.Annotation) bool {
			own := b.own[a.Type]
			mark := own != nil && !slices.ContainsFunc(own.Annotations,
				func(a classfile.Annotation) bool { return !ofJava(a) })
			return !ofJava(a) && !isRequest(a) && !isPlain(a) && !mark
		})
}

// isSetup reports whether an annotation only tells Spring what to set up.
func isSetup(a classfile.Annotation) bool {
	return of(a, setupPackages) || strings.HasPrefix(a.Type,
		"org/springframework/") && strings.HasPrefix(simple(a.Type), "Enable")
}

// annotated returns the first annotation of a class that is not known to be harmless.
func annotated(c *classfile.Class) string {
	return firstOf(c, func(classfile.Annotation) bool { return false })
}

// callsAny returns the first annotation of a class because of which a framework may call any of its methods at startup.
func (b *startupBuilder) callsAny(c *classfile.Class) string {
	return firstOf(c, func(a classfile.Annotation) bool {
		return isSetup(a) || of(a, storagePackages) && !b.storedByGetters(c)
	})
}

// firstOf returns the first annotation of a class that is neither plain nor about requests, nor left out.
func firstOf(c *classfile.Class, leftOut func(classfile.Annotation) bool) string {
	for _, a := range c.Annotations {
		if !isRequest(a) && !isPlain(a) && !leftOut(a) {
			return "@" + simple(a.Type)
		}
	}
	return ""
}

// storedByGetters reports whether the persistence provider reads an object by its getters: the annotations are on
// them instead of the fields, or @Access says so.
func (b *startupBuilder) storedByGetters(c *classfile.Class) bool {
	for seen := 0; c != nil && seen <= len(b.own); c, seen = b.own[c.Super], seen+1 {
		if slices.ContainsFunc(c.Annotations, func(a classfile.Annotation) bool { return simple(a.Type) == "Access" }) {
			return true
		}
		for _, m := range c.Methods {
			if slices.ContainsFunc(m.Annotations, func(a classfile.Annotation) bool { return of(a, storagePackages) }) {
				return true
			}
		}
	}
	return false
}

// accessor matches getters and setters.
var accessor = regexp.MustCompile(`^(get|is|set)[^a-z]`)

// holdsSettings reports whether Spring fills an object of the class at startup.
func holdsSettings(c *classfile.Class) bool {
	return slices.ContainsFunc(c.Annotations, func(a classfile.Annotation) bool { return a.Type == settingsAnnotation })
}

// settingsValidator is the name of the bean that validates all settings.
// https://docs.spring.io/spring-boot/reference/features/external-config.html#features.external-config.typesafe-configuration-properties.validation
const settingsValidator = "configurationPropertiesValidator"

// validatesSettings reports whether Spring may have an object of the class validate settings: its own, or all of them.
func validatesSettings(c *classfile.Class) bool {
	return holdsSettings(c) || strings.EqualFold(simple(c.Name), settingsValidator) ||
		slices.ContainsFunc(c.Annotations,
			func(a classfile.Annotation) bool { return slices.Contains(a.Strings, settingsValidator) })
}

// settingsReason says why Spring may call a method of a class with settings at startup, "" if it does not.
func settingsReason(c *classfile.Class, m classfile.Member) string {
	if holdsSettings(c) && accessor.MatchString(m.Name) {
		return "@" + simple(settingsAnnotation)
	}
	return ""
}

// identifier matches the identifiers in an expression, placeholder the beginning of ${key} and ${key:default}, and
// word a name.
var (
	identifier  = regexp.MustCompile(`[A-Za-z_$][\w$]*`)
	placeholder = regexp.MustCompile(`\$\{[^:}]*`)
	word        = regexp.MustCompile(`^[\w-]*$`)
)

// namesOnly are Spring's annotations whose strings are names and no expressions: of settings, packages, files.
var namesOnly = set("ConfigurationProperties", "ConditionalOnProperty", "ConditionalOnClass", "PropertySource",
	"ComponentScan", "EntityScan", "SpringBootApplication", "ConfigurationPropertiesScan", "SessionAttributes",
	"DateTimeFormat", "NumberFormat")

// expressions returns those strings of an annotation that may name methods. In those of Spring, a word alone is the
// name of a cache, an executor or the like, unless it is about a bean's lifecycle.
func expressions(a classfile.Annotation) (texts []string) {
	spring := strings.HasPrefix(a.Type, "org/springframework/")
	if isRequest(a) || isPlain(a) || of(a, storagePackages) ||
		spring && (namesOnly[simple(a.Type)] || strings.HasPrefix(simple(a.Type), "Enable")) {
		return nil
	}
	for _, text := range a.Strings {
		if spring && simple(a.Type) == "Query" { // expressions in a query begin so
			_, text, _ = strings.Cut(text, "#{")
		}
		if spring {
			text = placeholder.ReplaceAllString(text, "")
		}
		if spring && word.MatchString(text) && simple(a.Type) != "Bean" && simple(a.Type) != "Retryable" {
			continue
		}
		texts = append(texts, text)
	}
	return texts
}

// wordsInExpressions returns the methods that annotations may name in their strings: directly, as
// in @Bean(initMethod = "open"), or in Spring's expression language as the property of a getter.
func wordsInExpressions(classes []*classfile.Class) map[string]bool {
	found := map[string]bool{}
	note := func(list []classfile.Annotation) {
		for _, a := range list {
			for _, word := range identifier.FindAllString(strings.Join(expressions(a), " "), -1) {
				capital := strings.ToUpper(word[:1]) + word[1:]
				found[word], found["get"+capital], found["is"+capital] = true, true, true
			}
		}
	}
	for _, c := range classes {
		note(c.Annotations)
		for _, m := range slices.Concat(c.Fields, c.Methods) {
			note(m.Annotations)
		}
	}
	return found
}
