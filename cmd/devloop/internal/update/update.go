// Package update finds out whether there is a later release of devloop.
//
//	notice := update.Check{Version: "1.2.0", URL: update.Latest, File: path}.Start(ctx)
//	…                                       // the command runs meanwhile
//	fmt.Fprint(os.Stderr, notice())         // "" without one, or before the answer
//
// It follows GitHub's own command: once in 24 hours, in the background, where a person reads the answer, see [Wanted].
package update

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"k8s.io/apimachinery/pkg/util/version"

	"github.com/devloop-cli/devloop/internal/atomicfile"
)

// Latest is where GitHub describes the latest release
// (https://docs.github.com/en/rest/releases/releases#get-the-latest-release).
const Latest = "https://api.github.com/repos/devloop-cli/devloop/releases/latest"

const (
	interval = 24 * time.Hour
	patience = 2 * time.Second
	// maxAnswer is more than a release's description has.
	maxAnswer = 1 << 20
)

// Wanted says whether this version looks for a later one: a release, for a person at a terminal, not in CI or unwanted.
func Wanted(version string, terminal bool, getenv func(string) string) bool {
	for _, name := range []string{"DEVLOOP_NO_UPDATE_NOTIFIER", "CI", "BUILD_NUMBER", "RUN_ID", "CODESPACES"} {
		if getenv(name) != "" {
			return false
		}
	}
	return terminal && release.MatchString(version)
}

// release matches the version of a release, which has no suffix: "v1.2.0".
var release = regexp.MustCompile(`^v?\d+\.\d+\.\d+$`)

// Check looks for a release after Version.
type Check struct {
	Version, URL string
	File         string // remembers when it was asked last
}

// Release is a release as GitHub describes it.
type Release struct {
	Version string `json:"tag_name"`
	URL     string `json:"html_url"`
}

// Start asks in the background, if it is time to. Its result returns at once: the later release if it is known by then.
func (c Check) Start(ctx context.Context) func() *Release {
	var last struct{ Asked time.Time }
	_ = atomicfile.ReadJSON(c.File, &last) // the first time there is no file
	if since := time.Since(last.Asked); since >= 0 && since < interval {
		return func() *Release { return nil }
	}
	last.Asked = time.Now()
	if atomicfile.WriteJSON(c.File, last) != nil { // it would ask each time
		return func() *Release { return nil }
	}
	found := make(chan *Release, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		r, err := c.latest(ctx)
		if err != nil || !later(r.Version, c.Version) {
			r = nil
		}
		found <- r
	}()
	return func() *Release {
		select {
		case r := <-found:
			return r
		default:
			return nil
		}
	}
}

func (c Check) latest(ctx context.Context) (*Release, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the answer is %s", response.Status)
	}
	var r Release
	return &r, json.NewDecoder(http.MaxBytesReader(nil, response.Body, maxAnswer)).Decode(&r)
}

func later(a, b string) bool {
	one, err := version.ParseGeneric(a)
	other, wrong := version.ParseGeneric(b)
	return err == nil && wrong == nil && release.MatchString(a) && one.GreaterThan(other)
}
