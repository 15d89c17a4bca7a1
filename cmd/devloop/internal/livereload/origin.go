package livereload

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// A page of any site can make the browser send requests to localhost. It must not learn anything:
//
//   - A WebSocket may be opened by pages from this machine, by browser extensions, and by
//     programs, which send no Origin. A page from a file has the origin "null", which any site can
//     get with a sandboxed frame, so it is refused.
//   - A site whose name resolves to 127.0.0.1 for a while (DNS rebinding) has the same origin as
//     this server. Its name is in the Host header, so only loopback names are answered.

// checkOrigin reports whether a request comes from a page that may listen.
func checkOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	return strings.HasSuffix(u.Scheme, "-extension") ||
		(u.Scheme == "http" || u.Scheme == "https") && isLoopback(u.Hostname())
}

// requireLoopbackHost refuses requests whose Host is not a loopback name.
func requireLoopbackHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := url.URL{Host: r.Host}
		if !isLoopback(u.Hostname()) {
			http.Error(w, "this is not "+u.Hostname(), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopback reports whether a name always means the local machine.
// https://www.rfc-editor.org/rfc/rfc6761#section-6.3
func isLoopback(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}
