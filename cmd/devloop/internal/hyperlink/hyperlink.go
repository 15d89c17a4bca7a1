// Package hyperlink makes places in files and addresses clickable, on terminals that know OSC 8. Others ignore it.
//
//	links := hyperlink.Links{On: true, Dir: project, Host: host}
//	fmt.Println(links.Add("src/main/java/App.java:12:30: ';' expected"))
package hyperlink

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// Links are made as the terminal and the project want them. The zero value makes none.
type Links struct {
	On bool
	// Dir is the directory that relative paths begin in, and Host this machine's name: a terminal opens only local
	// files.
	Dir, Host string
	// VSCode uses the editor's own links, which lead to the line.
	VSCode bool
}

// linkable matches a file and its line, as compilers write them, and an address.
var linkable = regexp.MustCompile(`https?://[^\s"'<>)]+[^\s"'<>).,;:]|((?:[A-Za-z]:)?[^\s:"'()]+\.(?:java|kts?|groovy|gradle|scala|xml|ya?ml|properties|html|Dockerfile)):(\d+)(:\d+)?`)

// Add adds links to a text.
func (l Links) Add(text string) string {
	if !l.On {
		return text
	}
	var b strings.Builder
	end := 0
	for _, m := range linkable.FindAllStringSubmatchIndex(text, -1) {
		shown := text[m[0]:m[1]]
		target := shown
		if m[2] >= 0 {
			target = l.file(text[m[2]:m[3]], text[m[4]:m[1]])
		}
		b.WriteString(text[end:m[0]] + "\x1b]8;;" + target + "\x1b\\" + shown + "\x1b]8;;\x1b\\")
		end = m[1]
	}
	return b.String() + text[end:]
}

// file returns the address of a file; place is a line, and maybe a column behind a colon.
func (l Links) file(path, place string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.Dir, path)
	}
	path = "/" + strings.TrimPrefix(filepath.ToSlash(path), "/")
	if l.VSCode {
		return (&url.URL{Scheme: "vscode", Host: "file", Path: path}).String() + ":" + place
	}
	return (&url.URL{Scheme: "file", Host: l.Host, Path: path}).String()
}
