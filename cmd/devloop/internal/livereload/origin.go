package livereload

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// A page of any site can have the browser ask localhost. It must not learn what is worked on:
//
//   - A WebSocket is open to pages of this machine, to browsers' extensions, and to programs,
//     which name no origin. A page from a file has the origin "null", which any
//     site can get by a sandboxed frame: it is not let in.
//   - A site whose name leads to 127.0.0.1 for a while (DNS rebinding) would be of the same
//     origin as this server. Its name stands in the Host header, so only loopback names are answered.

// fromHere says whether a request is of a page that may listen.
func fromHere(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	return strings.HasSuffix(u.Scheme, "-extension") || (u.Scheme == "http" || u.Scheme == "https") && isLoopback(u.Hostname())
}

// toHere answers only who asked for this machine by a name that nobody else can have.
func toHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := url.URL{Host: r.Host}
		if !isLoopback(u.Hostname()) {
			http.Error(w, "this is not "+u.Hostname(), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopback says whether a name is always that of the machine that asks.
// https://www.rfc-editor.org/rfc/rfc6761#section-6.3
func isLoopback(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}
