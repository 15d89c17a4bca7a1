package loader

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/docker/docker/client"
)

// sessionScript runs a script again and again: SCRIPT. A line on its input says how many of
// the bytes that follow are the script's own input, and then the script's arguments, which
// have no spaces in them. A line with a dot ends what a script wrote. A script that fails
// ends the session, and so does the end of its input.
//
// The scripts' images are unpacked for the snapshotter that kind's entrypoint wrote into
// containerd's configuration.
const sessionScript = `
CONTAINERD_SNAPSHOTTER=$(sed -n 's/^ *snapshotter = "\(.*\)"$/\1/p' /etc/containerd/config.toml 2>/dev/null | head -n 1)
export CONTAINERD_SNAPSHOTTER
set -f
while read -r size words; do
  head -c "$size" | sh -c "$1" sh $words || exit
  echo .
done
`

// session is a shell in a node that runs the loader's script, time after time: an engine
// takes longer to start a command in a container than a small load takes altogether.
type session struct{ *process }

func openSession(ctx context.Context, docker client.APIClient, containerID string) (*session, error) {
	p, err := start(ctx, docker, containerID, "sh", "-c", sessionScript, "sh", nodeScript)
	if err != nil {
		return nil, err
	}
	return &session{p}, nil
}

// ask has the script run with words and no input, and returns what it wrote.
func (s *session) ask(ctx context.Context, words ...string) (string, error) {
	s.begin(0, words...)
	return s.answer(ctx)
}

// begin has the script run with words. Its input are the size bytes that are written next.
func (s *session) begin(size int64, words ...string) {
	_, _ = fmt.Fprintf(s, "%d %s\n", size, strings.Join(words, " ")) // answer tells of a session that ended
}

// answer waits for the end of the script, and returns what it wrote. After an error the
// session has ended.
func (s *session) answer(ctx context.Context) (string, error) {
	defer context.AfterFunc(ctx, s.end)()
	var out strings.Builder
	for {
		line, err := s.stdout.ReadString('\n')
		switch {
		case err != nil:
			return "", s.over(ctx)
		case line == ".\n":
			return out.String(), nil
		}
		out.WriteString(line)
	}
}

// errSessionOver says that a session came to an end that nobody wanted.
var errSessionOver = errors.New("the shell in the node ended")

// over says why a session has ended.
func (s *session) over(ctx context.Context) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return errSessionOver
}

// lives says whether the session has not ended, as far as is known.
func (s *session) lives() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// sessions are those that wait for the next load, by their container's ID: one in each, at
// most.
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

// put lets s wait, unless another one does.
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
		s.end()
	}
	all.idle = nil
}
