// Package staticfile knows which files of a Spring Boot application are served as they are.
//
//	staticfile.URLPath("static/css/app.css") // "/css/app.css", true
package staticfile

import "strings"

// dirs are the class-path directories whose files Spring Boot serves unchanged, read at each request:
// https://docs.spring.io/spring-boot/reference/web/servlet.html#web.servlet.spring-mvc.static-content
var dirs = []string{"META-INF/resources/", "resources/", "static/", "public/"}

// URLPath returns the URL path of a static file, given its path on the class path. It reports false for any other file.
func URLPath(file string) (string, bool) {
	for _, dir := range dirs {
		if rest, ok := strings.CutPrefix(file, dir); ok {
			return "/" + rest, true
		}
	}
	return "", false
}
