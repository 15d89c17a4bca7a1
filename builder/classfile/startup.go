package classfile

import (
	"regexp"
	"slices"
	"strings"
)

// Program is all classes of an application, its libraries aside. It knows which
// methods may have run when the application started.
//
// A hot swap changes what a method does from now on, and nothing of what it did. What
// ran at start, or keeps what it made, has to run again to give a fresh Pod's answers.
// Nobody saw it run; so every way is taken for gone on which a framework or the JVM
// may call the application without a request:
//
//   - main, static initialisers, constructors;
//   - methods with an annotation that is not known to be about requests;
//   - methods of classes with an annotation that is not known to be harmless, such as
//     @Configuration, and of classes that extend or implement what a library defines,
//     be it through a supertype of the application's own;
//   - methods that an annotation's expression or text names;
//   - whatever those call, lambdas included. A call counts for every method of that name
//     and descriptor: which class it goes to is decided when it runs.
//
// The same holds for what a request leaves behind: what is called by methods that
// assign fields, or that fill a collection or a cache, may have been kept.
type Program struct {
	kept map[string]string // name and descriptor → why what such a method did may have been kept
}

// requestAnnotations mark methods that frameworks call for requests only. They end in
// these names whatever package they are of.
var requestAnnotations = set("GetMapping", "PostMapping", "PutMapping", "DeleteMapping", "PatchMapping", "RequestMapping",
	"ResponseBody", "ResponseStatus", "ExceptionHandler", "MessageMapping", "QueryMapping", "MutationMapping", "CrossOrigin",
	"GetExchange", "PostExchange")

// plainAnnotations say nothing of when a method or class is used.
var plainAnnotations = set("RestController", "Controller", "Service", "Component", "Repository", "ControllerAdvice", "RestControllerAdvice",
	"Transactional", "Validated", "Nullable", "NonNull", "NonNullApi", "Deprecated", "SafeVarargs", "FunctionalInterface", "Generated",
	"PreAuthorize", "PostAuthorize", "Secured", "RolesAllowed", "PermitAll", "DenyAll", "NotNull", "Nonnull", "CheckForNull",
	"Profile", "Lazy", "Scope", "Primary", "Qualifier", "Order", "Tag", "Operation", "Hidden", "JsonProperty", "JsonIgnore", "JsonInclude")

func set(names ...string) map[string]bool {
	s := map[string]bool{}
	for _, n := range names {
		s[n] = true
	}
	return s
}

// keepers are methods of the JDK that call back once and keep what came of it.
var keepers = set("computeIfAbsent", "computeIfPresent", "compute", "merge", "putIfAbsent", "updateAndGet", "getAndUpdate", "accumulateAndGet", "getAndAccumulate", "compareAndSet")

// fillers are methods by which a collection of java.util takes what it is given.
var fillers = set("put", "putAll", "add", "addAll", "addFirst", "addLast", "offer", "push", "set", "getAndSet", "lazySet")

// objectMethods are those that collections and logs call of any object.
var objectMethods = set("toString()Ljava/lang/String;", "hashCode()I", "equals(Ljava/lang/Object;)Z")

// NewProgram looks at all classes of an application.
func NewProgram(classes []*Class) *Program {
	b := &programBuilder{own: map[string]*Class{}, reasons: map[string]string{}, kept: map[string]string{}, calls: map[string][]Call{}}
	for _, c := range classes {
		b.own[c.Name] = c
	}
	named := wordsInExpressions(classes)
	for _, c := range classes {
		class := b.classReason(c)
		for _, m := range c.Methods {
			b.method(c, m, class, named)
		}
	}
	b.close()
	return &Program{kept: b.kept}
}

// RanAtStart says why what a method did may have been kept since the start or since
// a request, "" where nothing speaks for that.
func (p *Program) RanAtStart(m Member) string { return p.kept[m.Key()] }

type programBuilder struct {
	own     map[string]*Class
	reasons map[string]string // by class
	kept    map[string]string
	calls   map[string][]Call // by the caller's name and descriptor
	queue   []string
}

// method notes a method's calls, and whether it is a beginning.
func (b *programBuilder) method(c *Class, m Member, class string, named map[string]bool) {
	if m.Code != nil {
		b.calls[m.Key()] = append(b.calls[m.Key()], m.Code.Calls...)
	}
	if why := beginning(m, class, named); why != "" {
		b.keep(m.Key(), why)
		return
	}
	if m.Code != nil && m.Code.keeps() {
		b.keep(m.Key(), simple(c.Name)+"."+m.Name+" may keep what it makes")
	}
}

// keeps says whether a body may store something that outlives it.
func (c *Code) keeps() bool {
	if c.Writes {
		return true
	}
	return slices.ContainsFunc(c.Calls, func(call Call) bool {
		inJava := strings.HasPrefix(call.Owner, "java/util/")
		return inJava && keepers[call.Name] || inJava && c.ReadsCollection && fillers[call.Name] ||
			strings.Contains(call.Owner, "/cache/")
	})
}

// beginning says why a method may run without a request, "" if it may not.
func beginning(m Member, class string, named map[string]bool) string {
	switch {
	case m.Name == "<clinit>":
		return "a static initialiser runs once"
	case m.Name == "<init>":
		return "constructors run at start"
	case m.Name == "main":
		return "main runs at start"
	case objectMethods[m.Key()]:
		return m.Name + " may have been called at start"
	case named[m.Name]:
		return "an annotation names " + m.Name
	}
	request := false
	for _, a := range m.Annotations {
		switch name := simple(a.Type); {
		case requestAnnotations[name]:
			request = true
		case !plainAnnotations[name]:
			return "@" + name
		}
	}
	if !request && class != "" && m.Access&accPrivate == 0 {
		return class
	}
	return ""
}

// classReason says why a framework may call any method of a class at start: for what
// it is itself, or for what a supertype of the application's own is.
func (b *programBuilder) classReason(c *Class) string {
	if why, known := b.reasons[c.Name]; known {
		return why
	}
	b.reasons[c.Name] = "" // a class file may claim to be its own supertype
	why := annotated(c)
	for _, s := range append([]string{c.Super}, c.Interfaces...) {
		if why != "" {
			break
		}
		if own := b.own[s]; own != nil {
			why = b.classReason(own)
		} else if s != "" && !harmless[s] {
			why = "it is a " + simple(s)
		}
	}
	b.reasons[c.Name] = why
	return why
}

// annotated names the first annotation of a class that is not known to be harmless.
func annotated(c *Class) string {
	for _, a := range c.Annotations {
		if name := simple(a.Type); !requestAnnotations[name] && !plainAnnotations[name] && a.Type != "kotlin/Metadata" {
			return "@" + name
		}
	}
	return ""
}

// harmless are supertypes through which nobody calls at start.
var harmless = set("java/lang/Object", "java/lang/Record", "java/lang/Enum", "java/io/Serializable", "java/lang/Cloneable",
	"java/lang/Exception", "java/lang/RuntimeException", "java/lang/Throwable", "java/lang/annotation/Annotation")

// keep marks a method, once.
func (b *programBuilder) keep(key, why string) {
	if b.kept[key] == "" {
		b.kept[key] = why
		b.queue = append(b.queue, key)
	}
}

// close follows the calls of what is marked.
func (b *programBuilder) close() {
	for len(b.queue) > 0 {
		caller := b.queue[0]
		b.queue = b.queue[1:]
		for _, call := range b.calls[caller] {
			b.keep(call.Name+call.Desc, b.kept[caller])
		}
	}
}

// simple returns a class name without packages and outer classes.
func simple(name string) string {
	return name[strings.LastIndexAny(name, "/$")+1:]
}

// identifier matches the words of an expression.
var identifier = regexp.MustCompile(`[A-Za-z_$][\w$]*`)

// wordsInExpressions returns the methods that the strings of annotations may name:
// those of Spring's expression language, which read properties through getters, and
// the words of annotations such as @Bean(initMethod = "open").
func wordsInExpressions(classes []*Class) map[string]bool {
	found := map[string]bool{}
	note := func(list []Annotation) {
		for _, a := range list {
			if requestAnnotations[simple(a.Type)] || plainAnnotations[simple(a.Type)] || a.Type == "kotlin/Metadata" {
				continue
			}
			for _, word := range identifier.FindAllString(strings.Join(a.Strings, " "), -1) {
				capital := strings.ToUpper(word[:1]) + word[1:]
				found[word], found["get"+capital], found["is"+capital] = true, true, true
			}
		}
	}
	for _, c := range classes {
		note(c.Annotations)
		for _, m := range append(append([]Member{}, c.Fields...), c.Methods...) {
			note(m.Annotations)
		}
	}
	return found
}
