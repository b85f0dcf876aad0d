// Command handler is the custom handler that the tests publish. App settings and
// the request choose what it does.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
)

func main() {
	if code, err := strconv.Atoi(os.Getenv("HANDLER_EXIT")); err == nil {
		fmt.Println("exiting at once with", code)
		os.Exit(code)
	}
	if os.Getenv("HANDLER_STUBBORN") != "" {
		signal.Ignore(syscall.SIGTERM)
	} else {
		ended := make(chan os.Signal, 1)
		signal.Notify(ended, syscall.SIGTERM)
		go func() {
			<-ended
			fmt.Println("asked to stop")
			os.Exit(0)
		}()
	}
	if os.Getenv("HANDLER_MUTE") != "" {
		fmt.Println("listening nowhere")
		select {}
	}
	if os.Getenv("HANDLER_CHILD") != "" {
		child := exec.Command("sleep", "3600")
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println("child", child.Process.Pid)
	}
	fmt.Println("pid", os.Getpid())
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	http.HandleFunc("/", echo)
	http.HandleFunc("/api/exit/{code}", func(_ http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		os.Exit(code)
	})
	http.HandleFunc("/api/print", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Println("a line on stdout")
		fmt.Fprintln(os.Stderr, "a line on stderr")
		fmt.Fprintln(os.Stderr, "a Warning on stderr")
		fmt.Print("no end of line")
	})
	http.HandleFunc("/api/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/api/echo", http.StatusFound) })
	http.HandleFunc("/api/first", first)
	http.HandleFunc("/api/second", func(http.ResponseWriter, *http.Request) { second <- struct{}{} })
	http.HandleFunc("/api/fired", fired)
	http.HandleFunc("POST /Tick", tick)
	http.HandleFunc("POST /Payload", payload)
	err := http.ListenAndServe(net.JoinHostPort("127.0.0.1", os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT")), nil)
	fmt.Println("cannot listen:", err)
	os.Exit(1)
}

// echo answers what arrived and what the process was given.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	dir, _ := os.Getwd()
	w.Header().Set("X-From-Handler", "yes")
	w.WriteHeader(http.StatusAccepted)
	json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "uri": r.RequestURI, "host": r.Host, "header": r.Header, "body": string(body),
		"environ": os.Environ(), "args": os.Args[1:], "dir": dir, "pid": os.Getpid(),
	})
}

var second = make(chan struct{})

// first sends one line and the other only when /api/second is called.
func first(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "one")
	http.NewResponseController(w).Flush()
	<-second
	fmt.Fprintln(w, "two")
}

var timers struct {
	sync.Mutex
	calls []json.RawMessage
}

func tick(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	timers.Lock()
	timers.calls = append(timers.calls, body)
	timers.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch answer := os.Getenv("HANDLER_TICK"); answer {
	case "":
		fmt.Fprint(w, `{"Logs":["ticked"]}`)
	case "500":
		w.WriteHeader(http.StatusInternalServerError)
	case "text":
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, "{}")
	default:
		fmt.Fprint(w, answer)
	}
}

func fired(w http.ResponseWriter, _ *http.Request) {
	timers.Lock()
	defer timers.Unlock()
	json.NewEncoder(w).Encode(timers.calls)
}

// payload answers with the http output that the request's body asks for, or
// with what it got.
func payload(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var envelope struct {
		Data struct {
			Req struct{ Body string }
		}
	}
	json.Unmarshal(body, &envelope)
	w.Header().Set("Content-Type", "application/json")
	if answer := envelope.Data.Req.Body; answer != "" {
		fmt.Fprint(w, answer)
		return
	}
	json.NewEncoder(w).Encode(map[string]any{"Outputs": map[string]any{"res": map[string]any{
		"statusCode": "201", "headers": map[string]string{"X-Kind": "payload"}, "body": json.RawMessage(body),
	}}})
}
