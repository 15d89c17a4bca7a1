package dockerbuild

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/docker/docker/api/types/build"
	control "github.com/moby/buildkit/api/services/control"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/moby/buildkit/session/filesync"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
	"golang.org/x/sync/errgroup"

	"github.com/devloop-cli/devloop/internal/dockerapi"
	"github.com/devloop-cli/devloop/internal/transfer"
)

// The engine's names for BuildKit's messages in its answer, and for a context that is sent
// over a session (moby/moby, api/server/router/build and builder/builder-next).
const (
	traceID        = "moby.buildkit.trace"
	imageIDMessage = "moby.image.id"
	fromSession    = "client-session"
)

// buildKit builds with BuildKit, which asks over a session for the files that it needs, and for credentials.
func (b *builder) buildKit(ctx context.Context, p *progress) error {
	recipe, err := b.recipe()
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(recipe) }()
	s, err := b.session(ctx, recipe)
	if err != nil {
		return err
	}
	group, running := errgroup.WithContext(ctx)
	group.Go(func() error {
		return s.Run(running, func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return b.docker.DialHijack(ctx, "/session", proto, meta)
		})
	})
	group.Go(func() error {
		defer func() { _ = s.Close() }()
		return b.solve(running, s.ID(), p)
	})
	return group.Wait()
}

// recipeName is what BuildKit calls the Dockerfile.
const recipeName = "Dockerfile"

// recipe makes a directory with the Dockerfile's text as it was read, and with a .dockerignore of its own.
func (b *builder) recipe() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "devloop-dockerfile-"); err != nil {
		return "", err
	}
	err = os.WriteFile(filepath.Join(dir, recipeName), b.file.Text(), 0o600)
	ignore, none := os.ReadFile(b.file.Dockerfile + ".dockerignore")
	if err == nil && none == nil {
		err = os.WriteFile(filepath.Join(dir, recipeName+".dockerignore"), ignore, 0o600)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
	}
	return dir, err
}

// session offers the context directory, that of the Dockerfile, and the docker command's credentials.
func (b *builder) session(ctx context.Context, recipe string) (*session.Session, error) {
	files, err := fsutil.NewFS(b.file.Dir)
	if err == nil {
		files, err = fsutil.NewFilterFS(files, &fsutil.FilterOpt{Map: ownedByRoot})
	}
	if err != nil {
		return nil, fmt.Errorf("read the build context: %w", err)
	}
	text, err := fsutil.NewFS(recipe)
	if err != nil {
		return nil, err
	}
	s, err := session.NewSession(ctx, b.file.Dir)
	if err != nil {
		return nil, err
	}
	s.Allow(filesync.NewFSSyncProvider(filesync.StaticDirSource{"context": files, "dockerfile": text}))
	s.Allow(authprovider.NewDockerAuthProvider(
		authprovider.DockerAuthProviderConfig{ConfigFile: config.LoadDefaultConfigFile(io.Discard)}))
	return s, nil
}

// ownedByRoot makes the builder's cache valid for every user.
func ownedByRoot(_ string, s *fstypes.Stat) fsutil.MapResult {
	s.Uid, s.Gid = 0, 0
	return fsutil.MapResultKeep
}

// cancelTimeout is how long an interrupt waits for an engine to stop a build.
const cancelTimeout = 3 * time.Second

// solve starts the build and reads its messages. Most engines stop when the connection closes, BuildCancel the others.
func (b *builder) solve(ctx context.Context, sessionID string, p *progress) error {
	options := b.options()
	options.Version, options.SessionID, options.BuildID = build.BuilderBuildKit, sessionID, sessionID
	options.Dockerfile = recipeName
	options.RemoteContext = fromSession
	answer, err := b.docker.ImageBuild(ctx, nil, options)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	err = dockerapi.ReadMessages(answer.Body, p.take)
	if ctx.Err() != nil {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
		defer cancel()
		return errors.Join(err, b.docker.BuildCancel(limited, sessionID))
	}
	return err
}

// step is what BuildKit calls a vertex.
type step struct {
	name  string
	shown bool
	log   []string
	// layers are the latest of what is downloaded, by ID.
	layers map[string]*control.VertexStatus
}

// trace prints what is new in a message of BuildKit: a base64 protobuf in JSON.
func (p *progress) trace(aux json.RawMessage) error {
	var data []byte
	var status control.StatusResponse
	err := json.Unmarshal(aux, &data)
	if err == nil {
		err = status.UnmarshalVT(data)
	}
	if err != nil {
		return fmt.Errorf("read the builder's progress: %w", err)
	}
	for _, v := range status.Vertexes {
		p.vertex(v)
	}
	for _, s := range status.Statuses {
		p.transfer(s)
	}
	for _, l := range status.Logs {
		_, _ = p.out.Write(l.Msg)
		s := p.stepOf(l.Vertex)
		s.log = logged(s.log, string(l.Msg))
	}
	return nil
}

// vertex shows a step when it begins, and remembers it when it fails.
func (p *progress) vertex(v *control.Vertex) {
	s := p.stepOf(v.Digest)
	s.name = v.Name
	if !s.shown && (v.Started != nil || v.Cached) {
		s.shown = true
		mark := ""
		if v.Cached {
			mark = "CACHED "
		}
		_, _ = fmt.Fprintf(p.out, "%s%s\n", mark, s.name)
	}
	if v.Error != "" && !strings.Contains(v.Error, "context canceled") {
		p.step, p.log = s.name, s.log
	}
}

// transfer reports how far a step has come with what it downloads: the layers of an image.
func (p *progress) transfer(status *control.VertexStatus) {
	if status.Total <= 0 {
		return // it has no size
	}
	s := p.stepOf(status.Vertex)
	s.layers[status.ID] = status
	var done, total int64
	for _, layer := range s.layers {
		done, total = done+layer.Current, total+layer.Total
	}
	transfer.Set(p.ctx, s.name, done, total)
}

func (p *progress) stepOf(digest string) *step {
	if p.steps[digest] == nil {
		p.steps[digest] = &step{layers: map[string]*control.VertexStatus{}}
	}
	return p.steps[digest]
}
