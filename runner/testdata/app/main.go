// Command app is the application in the containers of the runner's real tests.
//
//	app serve         answers GET / with $MESSAGE on port 8080, also uploads, event streams and WebSockets; lines on port 9090
//	app late          the same, but listens only after a second
//	app crash         prints Spring Boot's failure report and ends with code 1
//	app oom           takes memory until it is ended
//	app stubborn      serves and ignores SIGTERM
//	app quiet         runs and listens nowhere
//	app count         prints numbered lines for ever
//	app say           prints $MESSAGE and ends with the code $CODE
//	app local         serves, but on 127.0.0.1 alone
//	app sick          answers each request with the status 503
//	app slow          answers each request after ten seconds
//	app fill          writes 32 MB into the directory /data, and listens nowhere
package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

func main() {
	mode := "serve"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	fmt.Println("starting:", mode)
	switch mode {
	case "late":
		time.Sleep(time.Second)
	case "crash":
		crash()
	case "oom":
		oom()
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	case "quiet":
		untilTold()
		return
	case "count":
		go count()
	case "say":
		fmt.Println(os.Getenv("MESSAGE"))
		code, _ := strconv.Atoi(os.Getenv("CODE"))
		os.Exit(code)
	case "local":
		fmt.Println(http.ListenAndServe("127.0.0.1:8080", nil))
		return
	case "sick", "slow":
		http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
			if mode == "slow" {
				time.Sleep(10 * time.Second)
			}
			http.Error(w, "not well", http.StatusServiceUnavailable)
		})
	case "fill":
		if err := os.WriteFile("/data/fill", make([]byte, 32<<20), 0o600); err != nil {
			fmt.Println(err)
		}
		untilTold()
		return
	}
	go lines()
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, os.Getenv("MESSAGE"))
	})
	http.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n, err)
	})
	http.HandleFunc("/download", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.CopyN(w, zeros{}, 64<<20)
	})
	streams()
	err := http.ListenAndServe(":8080", nil)
	fmt.Println(err)
	os.Exit(1)
}

// streams handles bodies whose every byte counts, and responses without an end.
func streams() {
	http.HandleFunc("/sum", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		if _, err := io.Copy(sum, r.Body); err != nil {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprintf(w, "%s %x", os.Getenv("MESSAGE"), sum.Sum(nil))
	})
	http.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for ; r.Context().Err() == nil; time.Sleep(50 * time.Millisecond) {
			fmt.Fprintf(w, "data: %s\n\n", os.Getenv("MESSAGE"))
			w.(http.Flusher).Flush()
		}
	})
	http.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			kind, text, err := c.ReadMessage()
			if err != nil || c.WriteMessage(kind, append([]byte(os.Getenv("MESSAGE")), text...)) != nil {
				return
			}
		}
	})
}

func untilTold() {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	<-told
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// lines answers each line, a second and a half after it came.
func lines() {
	l, err := net.Listen("tcp", ":9090")
	if err != nil {
		return // another container of the Pod has the port, and main finds that out
	}
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			line, _ := bufio.NewReader(c).ReadString('\n')
			time.Sleep(1500 * time.Millisecond)
			fmt.Fprint(c, "you said ", line)
		}()
	}
}

func count() {
	for i := 1; ; i++ {
		fmt.Println("line", i)
		time.Sleep(20 * time.Millisecond)
	}
}

func crash() {
	fmt.Print(`
***************************
APPLICATION FAILED TO START
***************************

Description:

Web server failed to start. Port 8080 was already in use.

Action:

Identify and stop the process that's listening on port 8080 or configure this application to listen on another port.

`)
	os.Exit(1)
}

func oom() {
	var hoard [][]byte
	for {
		b := make([]byte, 8<<20)
		for i := range b {
			b[i] = 1
		}
		hoard = append(hoard, b)
	}
}
