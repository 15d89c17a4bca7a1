package image

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/devloop-cli/devloop/builder/internal/enginetest"
	"github.com/devloop-cli/devloop/builder/layercache"
	"github.com/devloop-cli/devloop/builder/springboot"
)

// A base image is pulled with the credentials of the docker command.
func TestPullWithCredentials(t *testing.T) {
	img, err := random.Image(512, 2)
	if err != nil {
		t.Fatal(err)
	}
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="devloop"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		images.ServeHTTP(w, r)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	ref, err := name.ParseReference(host + "/base:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img, remote.WithAuth(&authn.Basic{Username: "me", Password: "secret"})); err != nil {
		t.Fatal(err)
	}
	config := t.TempDir()
	t.Setenv("DOCKER_CONFIG", config)
	e := enginetest.New(t)
	k := &maker{repository: repository{docker: e, project: "shop", out: io.Discard}, cache: layercache.Open(t.TempDir()), app: springboot.App{Name: "shop"}, out: io.Discard}
	_, err = k.baseImage(t.Context(), ref.String())
	var refused *Error
	if !errors.As(err, &refused) || refused.Hints()[0] != "log in to the registry: docker login" {
		t.Errorf("without credentials: got %v", err)
	}
	write(t, config, "config.json", fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte("me:secret"))))
	got, err := k.baseImage(t.Context(), ref.String())
	if err != nil {
		t.Fatal(err)
	}
	enginetest.CheckImage(t, got)
}
