package plan

import (
	"testing"

	"github.com/devloop-cli/devloop/builder/classfile"
)

// method returns a method that calls others, by their names.
func method(name, annotation string, calls ...string) classfile.Member {
	m := classfile.Member{Name: name, Desc: "()V", Code: &classfile.Code{}}
	if annotation != "" {
		m.Annotations = []classfile.Annotation{{Type: "org/example/" + annotation}}
	}
	for _, c := range calls {
		m.Code.Calls = append(m.Code.Calls, classfile.Call{Owner: "com/example/A", Name: c, Desc: "()V"})
	}
	return m
}

// class returns a class with an annotation and a supertype.
func class(name, annotation, super string, methods ...classfile.Member) *classfile.Class {
	c := &classfile.Class{Name: "com/example/" + name, Super: super, Methods: methods}
	if annotation != "" {
		c.Annotations = []classfile.Annotation{{Type: "org/example/" + annotation}}
	}
	return c
}

const object = "java/lang/Object"

func TestMethodsThatRunWithoutARequest(t *testing.T) {
	t.Parallel()
	writes, puts, caches := method("handler", "GetMapping"), method("handler", "GetMapping"),
		method("handler", "GetMapping")
	writes.Code.Writes = true
	puts.Code.Calls, puts.Code.ReadsCollection = []classfile.Call{{Owner: "java/util/Map", Name: "put"}}, true
	caches.Code.Calls = []classfile.Call{{Owner: "com/acme/cache/Store", Name: "get"}}
	static, maker := method("price", ""), method("of", "")
	static.Access, maker.Access, maker.Desc = 8, 8, "(Ljava/lang/String;)Lcom/example/A;"
	listener := class("A", "", "jakarta/servlet/Filter", method("doFilter", ""))
	listener.Interfaces = []string{"org/acme/Listener"}
	validated := class("A", "", "org/springframework/validation/Validator", method("validate", ""))
	validated.Annotations = []classfile.Annotation{{Type: settingsAnnotation}}
	field := class("Named", "", object, method("getPrice", ""))
	field.Fields = []classfile.Member{{Name: "x",
		Annotations: []classfile.Annotation{{Type: "org/example/Value", Strings: []string{"#{named.price}"}}}}}
	for name, c := range map[string]struct {
		class *classfile.Class
		want  string
	}{
		"a request handler":           {class("A", "RestController", object, method("handler", "GetMapping")), ""},
		"a plain method":              {class("A", "Service", object, method("price", "Transactional")), ""},
		"a timed class's method":      {class("A", "Timed", object, method("handler", "GetMapping", "price")), ""},
		"main":                        {class("A", "", object, method("main", "")), "main runs at start"},
		"a constructor":               {class("A", "", object, method("<init>", "")), "constructors run at start"},
		"a static initialiser":        {class("A", "", object, method("<clinit>", "")), "a static initialiser runs once"},
		"a bean method":               {class("A", "", object, method("bean", "Bean")), "@Bean"},
		"a configuration's method":    {class("A", "Configuration", object, method("price", "")), "@Configuration"},
		"a listener's method":         {class("A", "", "org/acme/Listener", method("price", "")), "it is a Listener"},
		"a listener's handler":        {class("A", "", "org/acme/Listener", method("handler", "GetMapping")), ""},
		"a method for the model":      {class("A", "Controller", object, method("owner", "ModelAttribute")), ""},
		"a method for the binder":     {class("A", "Controller", object, method("fields", "InitBinder")), ""},
		"hints for native images":     {class("A", "", "org/springframework/aot/hint/RuntimeHintsRegistrar", method("registerHints", "")), ""},
		"a static method":             {class("A", "", "org/acme/Listener", static), ""},
		"one that may make a setting": {class("A", "", object, maker), "of may have made a setting from a text"},
		"a filter's work":             {class("A", "", "jakarta/servlet/Filter", method("doFilter", "")), ""},
		"a route's handler":           {class("A", "", "org/springframework/web/servlet/function/HandlerFunction", method("handle", "")), ""},
		"a filter's start":            {class("A", "", "jakarta/servlet/Filter", method("init", "")), "it is a Filter"},
		"a filter that listens":       {listener, "it is a Listener"},
		"a validator":                 {class("A", "", "org/springframework/validation/Validator", method("validate", "")), ""},
		"settings that are validated": {validated, "it is a Validator"},
		"a validator of settings":     {class("ConfigurationPropertiesValidator", "", "org/springframework/validation/Validator", method("validate", "")), "it is a Validator"},
		"a record's method":           {class("A", "", "java/lang/Record", method("price", "")), ""},
		"a method that keeps state":   {class("A", "", object, writes), "A.handler may keep what it makes"},
		"one that fills a map":        {class("A", "", object, puts), "A.handler may keep what it makes"},
		"one that uses a cache":       {class("A", "", object, caches), "A.handler may keep what it makes"},
		"a property in an annotation": {field, "an annotation names getPrice"},
	} {
		if got := newStartup([]*classfile.Class{c.class}).reason(c.class.Name, c.class.Methods[0]); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestWhatAMethodOfStartupCallsRanToo(t *testing.T) {
	t.Parallel()
	config := class("Config", "", object, method("bean", "Bean", "price"))
	service := class("Service", "Service", object, method("price", "", "tax"), method("tax", "", "price"),
		method("total", "", "price"))
	s := newStartup([]*classfile.Class{service, config})
	for i, want := range []string{"@Bean", "@Bean", ""} { // total calls price, and is called by nothing
		if got := s.reason(service.Name, service.Methods[i]); got != want {
			t.Errorf("%s: got %q, want %q", service.Methods[i].Name, got, want)
		}
	}
}

// TestLambdasThatServeRequestsDoNotRunAtStart has a bean make objects of a method.
func TestLambdasThatServeRequestsDoNotRunAtStart(t *testing.T) {
	t.Parallel()
	for as, want := range map[string]string{
		"org/springframework/web/reactive/function/server/HandlerFunction": "",
		"jakarta/servlet/Filter": "",
		"org/springframework/security/core/userdetails/UserDetailsService": "",
		"java/lang/Runnable": "@Bean",
	} {
		config, service := class("Config", "", object, method("bean", "Bean", "price")),
			class("Prices", "Service", object, method("price", ""))
		config.Methods[0].Code.Calls[0].As = as
		if got := newStartup([]*classfile.Class{config, service}).reason(service.Name,
			service.Methods[0]); got != want {
			t.Errorf("as a %s: got %q, want %q", as, got, want)
		}
	}
}

func TestSupertypesOfTheApplicationCount(t *testing.T) {
	t.Parallel()
	base := class("Base", "", "org/acme/Listener")
	child := class("Child", "", "com/example/Base", method("price", ""))
	if got := newStartup([]*classfile.Class{child, base}).reason(child.Name,
		child.Methods[0]); got != "it is a Listener" {
		t.Errorf("got %q", got)
	}
	annotated := class("Base", "", object, method("init", "PostConstruct"))
	override := class("Child", "", "com/example/Base", method("init", ""))
	if got := newStartup([]*classfile.Class{override, annotated}).reason(override.Name,
		override.Methods[0]); got != "@PostConstruct" {
		t.Errorf("a method that overrides one with an annotation: got %q", got)
	}
	loop := class("Loop", "", "com/example/Loop", method("price", ""))
	if got := newStartup([]*classfile.Class{loop}).reason(loop.Name, loop.Methods[0]); got != "" {
		t.Errorf("a class that claims to be its own supertype: got %q", got)
	}
}

func TestAnnotationsOfTheApplicationThatMapRequests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of   []string
		want string
	}{
		"a mapping":                 {[]string{"org/example/PostMapping", "java/lang/annotation/Target"}, ""},
		"one with a mark":           {[]string{"org/example/PostMapping", "com/example/Mark"}, ""},
		"one that does more":        {[]string{"org/example/PostMapping", "org/example/EventListener"}, "@Login"},
		"one that maps no requests": {[]string{"java/lang/annotation/Target"}, "@Login"},
	} {
		login, mark := class("Login", "", object), class("Mark", "Target", object)
		mark.Annotations[0].Type = "java/lang/annotation/Target"
		for _, of := range c.of {
			login.Annotations = append(login.Annotations, classfile.Annotation{Type: of})
		}
		handler := class("A", "RestController", object, method("login", "", "price"), method("price", ""))
		handler.Methods[0].Annotations = []classfile.Annotation{{Type: "com/example/Login",
			Strings: []string{"/login"}}}
		s := newStartup([]*classfile.Class{handler, login, mark})
		for _, m := range handler.Methods {
			got := s.reason(handler.Name, m)
			if c.want == "" && got != "" || c.want != "" && got == "" {
				t.Errorf("%s: %s: got %q, want %q", name, m.Name, got, c.want)
			}
		}
	}
}
