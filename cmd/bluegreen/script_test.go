package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"bluegreen": func() {
			os.Exit(command{args: os.Args[1:], getenv: os.Getenv, stdout: os.Stdout, stderr: os.Stderr}.main(context.Background()))
		},
	})
}

// One promise a script.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}
