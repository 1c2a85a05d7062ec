// Talker is an application that prints what the file /lines has, and stays.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	lines, err := os.ReadFile("/lines")
	if err != nil {
		lines = []byte(err.Error())
	}
	for _, to := range []*os.File{os.Stdout, os.Stderr} {
		_, _ = to.Write(lines)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}
