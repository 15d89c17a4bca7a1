package livereload

import (
	"reflect"
	"testing"
)

func TestOnlyStyleSheetsAreAppliedWithoutAReload(t *testing.T) {
	t.Parallel()
	page := []message{{Command: "reload", Path: "/", LiveCSS: true}}
	style := func(path string) message { return message{Command: "reload", Path: path, LiveCSS: true} }
	for name, c := range map[string]struct {
		files []string
		want  []message
	}{
		"anything may have changed":  {nil, page},
		"a style sheet":              {[]string{"static/css/shop.css"}, []message{style("/css/shop.css")}},
		"style sheets":               {[]string{"public/a.css", "META-INF/resources/b.css"}, []message{style("/a.css"), style("/b.css")}},
		"a style sheet and a script": {[]string{"static/a.css", "static/a.js"}, page},
		"a style sheet and a class":  {[]string{"static/a.css", "com/example/A.class"}, page},
		"one that is not served":     {[]string{"mails/a.css"}, page},
	} {
		if got := messages(c.files); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}
