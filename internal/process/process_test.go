//go:build unix

package process_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

func sh(script string, args ...string) process.Command {
	return process.Command{Path: "/bin/sh", Args: append([]string{"-c", script}, args...)}
}

func TestRun(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		command process.Command
		want    string // "" means success
		status  int
	}{
		"a program that ends well":                 {command: sh("echo noise >&2")},
		"its status and what it said":              {sh("echo no such volume >&2; exit 3"), "run sh -c: exit status 3: no such volume", 3},
		"a silent one":                             {sh("exit 4"), "run sh -c: exit status 4", 4},
		"a program that is not there":              {process.Command{Path: "no-such-program"}, "run no-such-program: executable file not found in $PATH", -1},
		"a path that is not there":                 {process.Command{Path: "/no/such/program"}, "run program: fork/exec /no/such/program: no such file or directory", -1},
		"only the first argument is named":         {process.Command{Path: "/bin/ls", Args: []string{"/no/such", "--hide=s3cret"}}, "run ls /no/such: ", 2},
		"what is left in the background is let be": {command: sh("sleep 30 >/dev/null 2>&1 &")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := process.Run(t.Context(), tt.command)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			problem, ok := errors.AsType[*process.Error](err)
			if !ok || !strings.HasPrefix(err.Error(), tt.want) || problem.Status != tt.status {
				t.Fatalf("got %#v %v, want status %d and %q", problem, err, tt.status, tt.want)
			}
		})
	}
}

func TestNothingSecretIsInTheError(t *testing.T) {
	t.Parallel()
	c := sh("exit 1", "s3cret-argument")
	c.Env = []string{"TOKEN=s3cret-token"}
	if err := process.Run(t.Context(), c); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Fatalf("got %v, want an error without the later argument and the environment", err)
	}
}

func TestOutputUsesTheWholeCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := sh(`printf '%s %s %s ' "$NAME" "$PWD" "$HOME"; cat; echo heard >&2`)
	c.Dir, c.Env, c.Stdin = dir, []string{"NAME=blue"}, strings.NewReader("input")
	var heard bytes.Buffer
	c.Stderr = &heard
	out, err := process.Output(t.Context(), c)
	if want := "blue " + dir + " " + os.Getenv("HOME") + " input"; err != nil || string(out) != want {
		t.Errorf("got %q, %v, want %q", out, err, want)
	}
	if heard.String() != "heard\n" {
		t.Errorf("standard error got %q", heard.String())
	}
}

func TestOutputKeepsWhatCameBeforeTheError(t *testing.T) {
	t.Parallel()
	out, err := process.Output(t.Context(), sh("echo partial; exit 1"))
	if string(out) != "partial\n" || err == nil {
		t.Fatalf("got %q, %v", out, err)
	}
}

func TestTheEndOfStandardErrorIsKeptAndBounded(t *testing.T) {
	t.Parallel()
	err := process.Run(t.Context(), sh(`i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done >&2; exit 1`))
	problem, ok := errors.AsType[*process.Error](err)
	if !ok || len(problem.Stderr) > 8<<10 || len(problem.Stderr) < 7<<10 {
		t.Fatalf("kept %d bytes, want at most 8 KiB: %v", len(problem.Stderr), ok)
	}
	if !strings.HasSuffix(problem.Stderr, "line 2999") || strings.Contains(problem.Stderr, "line 0\n") {
		t.Fatalf("kept %q …, want the end", problem.Stderr[:40])
	}
}

func TestAContextThatIsOver(t *testing.T) {
	t.Parallel()
	marker := t.TempDir() + "/ran"
	cause := errors.New("superseded")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if err := process.Run(ctx, sh("touch "+marker)); !errors.Is(err, cause) {
		t.Errorf("got %v, want the cause", err)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("the program ran")
	}
}

// writer is a function that is told of what is written.
type writer func(string)

func (w writer) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}

func TestTheEndOfAContextInterruptsAndTellsWhy(t *testing.T) {
	t.Parallel()
	slow := errors.New("no answer within 200ms")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	c := sh(`trap 'echo interrupted >&2; exit 0' INT TERM; echo ready >&2; while :; do sleep 0.05; done`)
	c.Stderr = writer(func(string) { cancel(slow) })
	err := process.Run(ctx, c)
	if !errors.Is(err, slow) || !strings.HasPrefix(err.Error(), "run sh -c: no answer within 200ms: ready") || !strings.HasSuffix(err.Error(), "interrupted") {
		t.Fatalf("got %v, want the cause of the context", err)
	}
}
