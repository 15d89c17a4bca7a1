package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/devloop-cli/devloop/builder/classfile"
)

// startup knows which methods of an application may have run when it started.
//
// A hot swap changes what a method does from now on, not what it has already done. Whatever ran at startup, or stored a
// result, has to run again to give the answers of a fresh Pod. We cannot observe what ran, so we assume that a method
// ran at startup if a framework or the JVM may call it without a request:
//
//   - main, static initialisers and constructors;
//   - methods with an annotation that is not known to be about requests;
//   - methods of a class with an annotation that is not known to be harmless, and of a class
//     that extends or implements a library type, also through a supertype of the application; but
//     not static ones, as nothing finds them through that type, and not those that serve requests,
//     such as a filter's;
//   - getters and setters of a class with @ConfigurationProperties;
//   - methods that the text of an annotation names;
//   - whatever those call, lambdas included, but for those that serve requests, such as a route's
//     handler. A call counts for every method with that name and descriptor, since the receiver is
//     only known at run time.
//
// The same holds for what a request leaves behind: methods that assign fields, or fill a
// collection or a cache, may have stored what the methods they call returned.
type startup struct {
	// reasons say why the effects of a method may have been stored: by name and descriptor of those that
	// are called, by class, name and descriptor of the others.
	reasons map[string]string
	// named are the methods that the texts of annotations may name.
	named map[string]bool
}

func set(names ...string) map[string]bool {
	s := map[string]bool{}
	for _, n := range names {
		s[n] = true
	}
	return s
}

// cachingMethods are JDK methods that store the result of a callback.
var cachingMethods = set("computeIfAbsent", "computeIfPresent", "compute", "merge", "putIfAbsent", "updateAndGet",
	"getAndUpdate", "accumulateAndGet", "getAndAccumulate", "compareAndSet")

// addingMethods are methods of java.util that add to a collection.
var addingMethods = set("put", "putAll", "add", "addAll", "addFirst", "addLast", "offer", "push", "set",
	"getAndSet", "lazySet")

// objectMethods are called by collections and loggers on any object.
var objectMethods = set("toString()Ljava/lang/String;", "hashCode()I", "equals(Ljava/lang/Object;)Z")

// makers are static methods by whose names Spring finds how to convert the text of a setting to a class.
var makers = set("valueOf", "of", "from")

// newStartup analyses all classes of an application, its libraries aside.
func newStartup(classes []*classfile.Class) *startup {
	b := &startupBuilder{own: map[string]*classfile.Class{}, classes: map[string]reason{}, reasons: map[string]string{},
		calls: map[string][]classfile.Call{}}
	for _, c := range classes {
		b.own[c.Name] = c
		b.validates = b.validates || slices.ContainsFunc(c.Methods,
			func(m classfile.Member) bool { return m.Name == settingsValidator })
	}
	b.resolveMappings(classes)
	named := wordsInExpressions(classes)
	for _, c := range classes {
		class := b.classReason(c)
		for _, m := range c.Methods {
			b.method(c, m, class, named)
		}
	}
	b.followCalls()
	return &startup{b.reasons, named}
}

// reason returns why the effects of a method may have been stored, at startup or by a request;
// "" if they cannot have been.
func (s *startup) reason(class string, m classfile.Member) string {
	return cmp.Or(s.reasons[m.Key()], s.reasons[own(class, m)])
}

// own names a method of one class, as in "com/example/App".
func own(class string, m classfile.Member) string { return class + "." + m.Key() }

type startupBuilder struct {
	own map[string]*classfile.Class
	// validates means that a bean validates all settings.
	validates bool
	classes   map[string]reason // why the methods of a class may run at startup
	reasons   map[string]string
	calls     map[string][]classfile.Call // by the caller, as reasons
	queue     []string
}

// method records the calls of a method, and whether it may run at startup itself.
func (b *startupBuilder) method(c *classfile.Class, m classfile.Member, of reason, named map[string]bool) {
	if m.Code != nil {
		calls := slices.DeleteFunc(slices.Clone(m.Code.Calls), func(c classfile.Call) bool { return servers[c.As] })
		b.calls[m.Key()] = append(b.calls[m.Key()], calls...)
		b.calls[own(c.Name, m)] = calls
	}
	class := cmp.Or(of.about(m), settingsReason(c, m))
	key, why := own(c.Name, m), entryPoint(m, class, named)
	switch {
	case why == "" && m.Code != nil && stores(m.Code):
		why = simple(c.Name) + "." + m.Name + " may keep what it makes"
	case why != class: // it is about the method: an annotation counts for those that override it, too
		key = m.Key()
	}
	if why != "" {
		b.mark(key, why)
	}
}

// stores reports whether a body may store something that outlives the call.
func stores(c *classfile.Code) bool {
	if c.Writes {
		return true
	}
	return slices.ContainsFunc(c.Calls, func(call classfile.Call) bool {
		inJava := strings.HasPrefix(call.Owner, "java/util/")
		return inJava && cachingMethods[call.Name] || inJava && c.ReadsCollection && addingMethods[call.Name] ||
			strings.Contains(call.Owner, "/cache/")
	})
}

// entryPoint returns why a method may run without a request, "" if it cannot.
func entryPoint(m classfile.Member, class string, named map[string]bool) string {
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
	case m.Static() && makers[m.Name] && strings.HasPrefix(m.Desc, "(Ljava/lang/String;)L"):
		return m.Name + " may have made a setting from a text"
	}
	request := false
	for _, a := range m.Annotations {
		switch {
		case isRequest(a):
			request = true
		case !isPlain(a):
			return "@" + simple(a.Type)
		}
	}
	if !request && class != "" && !m.Private() {
		return class
	}
	return ""
}

// reason is why a framework may call the methods of a class at startup.
type reason struct {
	why string // "" if it can't
	// inherited means that it calls them through a library type, serves that the type is one of servers.
	inherited, serves bool
}

// about returns the reason for one of the methods.
func (r reason) about(m classfile.Member) string {
	if r.inherited && m.Static() || r.serves && serving[m.Name] {
		return ""
	}
	return r.why
}

// servers are library types whose objects frameworks make at startup, and of whose methods they call those in serving
// at requests only. A lambda of one of them is such a method.
var (
	servers = set("org/springframework/web/reactive/function/server/HandlerFunction",
		"org/springframework/web/servlet/function/HandlerFunction",
		"org/springframework/web/reactive/function/server/HandlerFilterFunction",
		"org/springframework/web/servlet/function/HandlerFilterFunction", "jakarta/servlet/Filter",
		"javax/servlet/Filter", "org/springframework/web/filter/GenericFilterBean",
		"org/springframework/web/filter/OncePerRequestFilter",
		"org/springframework/web/server/WebFilter", "org/springframework/web/servlet/HandlerInterceptor",
		"org/springframework/web/servlet/AsyncHandlerInterceptor",
		"org/springframework/web/method/support/HandlerMethodArgumentResolver",
		"org/springframework/validation/Validator",
		"org/springframework/web/servlet/mvc/method/annotation/ResponseBodyAdvice",
		"org/springframework/security/core/userdetails/UserDetailsService",
		"org/springframework/security/web/AuthenticationEntryPoint",
		"org/springframework/security/web/access/AccessDeniedHandler",
		"org/springframework/security/web/authentication/AuthenticationSuccessHandler",
		"org/springframework/security/web/authentication/AuthenticationFailureHandler",
		"org/springframework/security/web/authentication/logout/LogoutSuccessHandler",
		"org/springframework/security/web/authentication/logout/LogoutHandler")
	serving = set("doFilter", "doFilterInternal", "filter", "preHandle", "postHandle", "afterCompletion",
		"resolveArgument", "validate", "beforeBodyWrite", "loadUserByUsername", "commence", "handle",
		"onAuthenticationSuccess", "onAuthenticationFailure", "onLogoutSuccess", "logout")
)

// classReason returns why a framework may call any method of a class at startup: because of
// its own annotations, or because of a supertype.
func (b *startupBuilder) classReason(c *classfile.Class) reason {
	if why, known := b.classes[c.Name]; known {
		return why
	}
	b.classes[c.Name] = reason{} // a class file may claim to be its own supertype
	found := reason{why: b.callsAny(c)}
	for _, s := range append([]string{c.Super}, c.Interfaces...) {
		inherited := reason{why: "it is a " + simple(s), inherited: true, serves: servers[s]}
		if own := b.own[s]; own != nil {
			inherited = b.classReason(own)
		} else if s == "" || harmless[s] {
			continue
		}
		if found.why == "" || found.serves && inherited.why != "" {
			found = inherited
		}
	}
	found.serves = found.serves && !b.validates && !validatesSettings(c)
	b.classes[c.Name] = found
	return found
}

// whyFound says why a framework may find a class at startup that no code of a request uses, "" if it
// cannot. An interface may be implemented by a framework that looks for them in packages.
func whyFound(c *classfile.Class) string {
	if why := annotated(c); why != "" {
		return why
	}
	for _, a := range c.Annotations {
		if name := simple(a.Type); beanAnnotations[name] {
			return "@" + name
		}
	}
	if c.Interface() && (!c.Nested() || len(c.Interfaces) > 0) {
		return "a framework may implement an interface"
	}
	if c.Super == "java/lang/Record" {
		return ""
	}
	for _, m := range c.Methods {
		for _, a := range m.Annotations {
			if !isRequest(a) && !isPlain(a) {
				return "@" + simple(a.Type)
			}
		}
	}
	return ""
}

// harmless are supertypes through which nothing is called at startup. Hints are for native images.
var harmless = set("java/lang/Object", "java/lang/Record", "java/lang/Enum", "java/io/Serializable",
	"java/lang/Cloneable", "java/lang/Exception", "java/lang/RuntimeException", "java/lang/Throwable",
	"java/lang/annotation/Annotation", "org/springframework/aot/hint/RuntimeHintsRegistrar")

// mark records the reason for a method, unless it has one.
func (b *startupBuilder) mark(key, why string) {
	if b.reasons[key] == "" {
		b.reasons[key] = why
		b.queue = append(b.queue, key)
	}
}

// followCalls marks everything that marked methods call.
func (b *startupBuilder) followCalls() {
	for len(b.queue) > 0 {
		caller := b.queue[0]
		b.queue = b.queue[1:]
		for _, call := range b.calls[caller] {
			b.mark(call.Name+call.Desc, b.reasons[caller])
		}
	}
}

// simple returns the simple name of a class.
func simple(name string) string {
	return name[strings.LastIndexAny(name, "/$")+1:]
}
