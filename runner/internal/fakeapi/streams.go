package fakeapi

//lint:file-ignore SA1019 client-go 0.37 still deals in apimachinery's httpstream: its spdy.Negotiate returns one

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/apimachinery/pkg/util/httpstream/spdy"
)

func (a *API) stream(w http.ResponseWriter, r *http.Request, watch *watcher) {
	w.Header().Set("Content-Type", "application/json")
	flush := w.(http.Flusher).Flush
	flush()
	for {
		select {
		case line := <-watch.events:
			_, _ = w.Write(append(line, '\n'))
			flush()
		case <-watch.cut:
			return
		case <-r.Context().Done():
			a.mu.Lock()
			delete(a.watchers, watch)
			a.mu.Unlock()
			return
		}
	}
}

// log answers with the next of the recorded logs; a "✂" cuts the connection.
func (a *API) log(w http.ResponseWriter) {
	a.mu.Lock()
	text := ""
	if len(a.Logs) > 0 {
		text, a.Logs = a.Logs[0], a.Logs[1:]
	}
	a.mu.Unlock()
	text, cut := strings.CutSuffix(text, "✂")
	_, _ = io.WriteString(w, text)
	w.(http.Flusher).Flush()
	if cut {
		panic(http.ErrAbortHandler)
	}
}

// portForward speaks SPDY alone, as API servers before 1.30 do.
func (a *API) portForward(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		Refuse(w, 400, "", "no websockets here")
		return
	}
	if _, err := httpstream.Handshake(r, w, []string{"portforward.k8s.io"}); err != nil {
		a.t.Error(err)
		return
	}
	problems := map[string]httpstream.Stream{}
	connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r,
		func(s httpstream.Stream, replied <-chan struct{}) error {
			a.mu.Lock()
			defer a.mu.Unlock()
			id := s.Headers().Get(corev1.PortForwardRequestIDHeader)
			if s.Headers().Get(corev1.StreamType) == corev1.StreamTypeError {
				problems[id] = s
				return nil
			}
			problem := problems[id]
			if problem == nil {
				return errors.New("data stream before its error stream")
			}
			go func() {
				<-replied // a reset that overtakes the reply would be all that the client sees
				a.converse(problem, s)
			}()
			return nil
		})
	if connection != nil {
		<-connection.CloseChan()
	}
}

func (a *API) converse(problem, data httpstream.Stream) {
	port, _ := strconv.Atoi(data.Headers().Get(corev1.PortHeader))
	if err := a.Forward(port, data); err != nil {
		_, _ = fmt.Fprint(problem, err)
		_ = problem.Close()
		_ = data.Reset()
		return
	}
	_ = data.Close()
	_ = problem.Close()
}
