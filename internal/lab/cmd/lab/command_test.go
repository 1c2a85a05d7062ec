package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
)

// ownLab is a lab that no other test shares, stopped at the end.
func ownLab(t *testing.T) {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-lab-test-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("BLUEGREEN_LAB", dir)
	t.Cleanup(func() {
		if err := lab.Down(context.Background(), io.Discard); err != nil {
			t.Error(err)
		}
	})
}

func TestCommand(t *testing.T) {
	ownLab(t)
	tests := []struct {
		args   string
		status int
		stdout string // a pattern for all of it
		stderr string // what it contains
	}{
		{"", 2, `^$`, "usage: lab"},
		{"reboot", 2, `^$`, "usage: lab"},
		{"down postgres", 2, `^$`, "usage: lab"},
		{"up mysql", 1, `^$`, `service "mysql": want one of postgres`},
		{"tool rm", 1, `^$`, `tool "rm"`},
		{"run printenv BLUEGREEN_LAB_REDIS", 0, `^redis://127\.0\.0\.1:\d+/0\n$`, "started redis on"},
		{"run false", 1, `^$`, "run false: exit status 1"},
		{"run", 2, `^$`, "usage: lab"},
		{"up postgres redis", 0, `^postgres postgres://postgres:xxxxx@127\.0\.0\.1:\d+/postgres\?sslmode=disable\nredis    redis://127\.0\.0\.1:\d+/0\n$`, "started postgres on"},
		{"env", 0, `^export BLUEGREEN_LAB_POSTGRES='postgres://postgres:\w+@127\.0\.0\.1:\d+/postgres\?sslmode=disable'\nexport BLUEGREEN_LAB_REDIS='redis://127\.0\.0\.1:\d+/0'\n$`, ""},
		{"install git", 0, `^$`, ""},
		{"down", 0, `^$`, ""},
		{"down", 0, `^$`, ""},
	}
	for _, tt := range tests { // in this order
		t.Run("lab "+tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := command{&stdout, &stderr}.main(t.Context(), strings.Fields(tt.args))
			if status != tt.status || !regexp.MustCompile(tt.stdout).MatchString(stdout.String()) || !strings.Contains(stderr.String(), tt.stderr) {
				t.Errorf("status %d, want %d\n%s\n%s", status, tt.status, stdout.String(), stderr.String())
			}
		})
	}
}
