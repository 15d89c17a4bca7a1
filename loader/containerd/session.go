package containerd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/client"

	"github.com/devloop-cli/devloop/loader/internal/nodeexec"
)

// sessionScript runs SCRIPT again and again. A line of its input has the number of the bytes after it that are the
// script's own input, and the script's arguments, which contain no spaces. It writes a line with a dot after the output
// of the script. The session ends with its input, or with a script that fails.
//
// Images are unpacked for the snapshotter that kind's entrypoint wrote into containerd's configuration.
const sessionScript = `
CONTAINERD_SNAPSHOTTER=$(sed -n 's/^ *snapshotter = "\(.*\)"$/\1/p' /etc/containerd/config.toml 2>/dev/null | head -n 1)
export CONTAINERD_SNAPSHOTTER
set -f
while read -r size words; do
  head -c "$size" | sh -c "$1" sh $words || exit
  echo .
done
`

// session is a shell in a node that runs the loader's script again and again.
type session struct{ *nodeexec.Process }

// openTimeout limits the start of a shell, which takes the engine some tenths of a second.
const openTimeout = time.Minute

func openSession(ctx context.Context, docker client.APIClient, containerID string) (*session, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, openTimeout,
		fmt.Errorf("the engine has started no shell within %v", openTimeout))
	defer cancel()
	p, err := nodeexec.Start(ctx, docker, containerID, "sh", "-c", sessionScript, "sh", nodeScript)
	if err != nil {
		return nil, err
	}
	return &session{p}, nil
}

// call runs the script with words and no input, and returns what it wrote.
func (s *session) call(ctx context.Context, words ...string) (string, error) {
	s.send(0, words...)
	return s.answer(ctx)
}

// send runs the script with words. Its input are the size bytes that are written next.
func (s *session) send(size int64, words ...string) {
	_, _ = fmt.Fprintf(s, "%d %s\n", size, strings.Join(words, " ")) // answer returns the error of a session that ended
}

// answer waits for the end of the script, and returns what it wrote. After an error the session has ended.
func (s *session) answer(ctx context.Context) (string, error) {
	defer context.AfterFunc(ctx, s.End)()
	var out strings.Builder
	for {
		line, err := s.Stdout.ReadString('\n')
		switch {
		case err != nil:
			return "", s.exitErr(ctx)
		case line == ".\n":
			return out.String(), nil
		}
		out.WriteString(line)
	}
}

// errExited says that a session ended although it should not.
var errExited = errors.New("the shell on the node exited unexpectedly")

func (s *session) exitErr(ctx context.Context) error {
	if err := s.Wait(ctx); err != nil {
		return err
	}
	return errExited
}

// sessions are those that wait for the next load, at most one for each container ID.
type sessions struct {
	mu   sync.Mutex
	idle map[string]*session
}

// take returns the session that waits in a container, if one does.
func (all *sessions) take(containerID string) (*session, bool) {
	all.mu.Lock()
	defer all.mu.Unlock()
	s, waits := all.idle[containerID]
	delete(all.idle, containerID)
	return s, waits
}

// put keeps s for the next load, unless there is one already.
func (all *sessions) put(containerID string, s *session) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if _, waits := all.idle[containerID]; waits {
		s.CloseWrite()
		return
	}
	if all.idle == nil {
		all.idle = map[string]*session{}
	}
	all.idle[containerID] = s
}

// close ends the sessions that wait, and waits until they have ended.
func (all *sessions) close() {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, s := range all.idle {
		s.End()
	}
	all.idle = nil
}
