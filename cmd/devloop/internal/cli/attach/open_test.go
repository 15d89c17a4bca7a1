package attach

import (
	"strings"
	"testing"

	"github.com/devloop-cli/devloop/cmd/devloop/internal/cli/sessions"
)

func TestLocalAddressOfAPod(t *testing.T) {
	t.Parallel()
	debug := sessions.Address{Pod: "web", URL: "jdwp://localhost:5005"}
	web := sessions.Address{Pod: "web", URL: "http://localhost:8080"}
	admin := sessions.Address{Pod: "web", URL: "http://localhost:9090"}
	shop := sessions.Address{Pod: "shop", URL: "http://localhost:8081"}
	for name, test := range map[string]struct {
		all       []sessions.Address
		pod, want string
		problem   string
	}{
		"one":               {[]sessions.Address{debug, web, admin}, "", web.URL, ""},
		"one of several":    {[]sessions.Address{web, shop}, "shop", shop.URL, ""},
		"several":           {[]sessions.Address{web, shop}, "", "", "several Pods"},
		"none":              {[]sessions.Address{debug}, "", "", "no Pod has"},
		"none of that name": {[]sessions.Address{web}, "shop", "", `Pod "shop" has no`},
	} {
		got, err := localAddress(test.all, test.pod)
		if got != test.want || (err == nil) != (test.problem == "") ||
			err != nil && !strings.Contains(err.Error(), test.problem) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}
