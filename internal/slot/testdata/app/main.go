// Command app is what the containers of the tests run: a server, a worker, and
// each of the ways in which both go wrong.
package main

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	switch os.Args[1] {
	case "health":
		if mode("unhealthy") {
			os.Exit(1)
		}
	case "secret":
		text, err := os.ReadFile("/run/secrets/" + os.Args[2])
		fmt.Println("secret has", len(text), "bytes:", string(text))
		exit(err)
	case "check": // that the image has these files, or !these not
		for _, name := range os.Args[2:] {
			_, err := os.Stat(strings.TrimPrefix(name, "!"))
			if (err == nil) == strings.HasPrefix(name, "!") {
				exit(fmt.Errorf("%s: %v", name, err))
			}
		}
	default:
		run()
	}
}

var eaten []byte

func mode(name string) bool { return strings.Contains(os.Getenv("MODE"), name) }

func run() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM) // before it says that it started
	fmt.Println(os.Args[1], "started", os.Getenv("VERSION"))
	for line := range strings.SplitSeq(os.Getenv("LINES"), "|") {
		fmt.Fprintln(os.Stderr, line)
	}
	if mode("crash") {
		time.Sleep(200 * time.Millisecond)
		fmt.Fprintln(os.Stderr, "no such table: campaigns")
		os.Exit(3)
	}
	if mode("hungry") {
		eaten = make([]byte, 256<<20)
		for i := range eaten {
			eaten[i] = 1
		}
	}
	if port := os.Getenv("PORT"); port != "" {
		address := "127.0.0.1:" + port
		if strings.Contains(port, ":") { // in a network of its own
			address = port
		}
		go func() { exit(http.ListenAndServe(address, http.HandlerFunc(answer))) }()
	}
	for range stop {
		if !mode("deaf") {
			fmt.Println("finished its job")
			return
		}
	}
}

func answer(w http.ResponseWriter, _ *http.Request) {
	if mode("sick") {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintln(w, os.Getenv("VERSION"))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
