package lab_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/process"
)

func TestWhatCannotBeInstalledIsToldWithTheCommand(t *testing.T) {
	t.Parallel()
	got := lab.TellHow("postgres", "redis", "git").Error()
	for _, want := range []string{
		"missing programs: initdb, postgres, redis-server, git:",
		"`sudo apt-get install -y --no-install-recommends postgresql redis-server git`",
		"`brew install postgresql redis git`",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
}

// ask runs a policy as Debian's packages do, and returns its status: 101 forbids
// the start of a service.
func ask(t *testing.T, policy string) int {
	t.Helper()
	err := process.Run(t.Context(), process.Command{Path: policy, Args: []string{"nginx", "start"}})
	if problem, ok := errors.AsType[*process.Error](err); ok {
		return problem.Status
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0
}

// Not parallel: the place of the policy is set for the whole process.
func TestNoPackageStartsAServiceBehindTheUsersBack(t *testing.T) {
	const theirs, abandoned = "#!/bin/sh\nexit 42\n", "#!/bin/sh\n# Written by bluegreen-lab while it installs packages.\nexit 101\n"
	tests := map[string]struct{ before, saved, after string }{
		"where there was no policy":                      {},
		"where there was one":                            {before: theirs, after: theirs},
		"after an installation that was killed":          {before: abandoned},
		"after one that was killed and had put it aside": {before: abandoned, saved: theirs, after: theirs},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			policy := filepath.Join(t.TempDir(), "policy-rc.d")
			defer lab.SetPolicy(policy)()
			put(t, policy, tt.before)
			put(t, policy+".before-bluegreen-lab", tt.saved)
			ran := errors.New("it ran")
			err := lab.WithoutStarting(func() error {
				if status := ask(t, policy); status != 101 {
					t.Errorf("asked meanwhile it says %d, want 101", status)
				}
				return ran
			})
			if !errors.Is(err, ran) {
				t.Error(err)
			}
			if left, _ := os.ReadFile(policy); string(left) != tt.after {
				t.Errorf("left behind: %q, want %q", left, tt.after)
			}
		})
	}
}

// Not parallel, for the same reason.
func TestAPolicyThatWasLeftBehindForbidsNothing(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy-rc.d")
	defer lab.SetPolicy(policy)()
	put(t, policy, "#!/bin/sh\nexit 42\n")
	var ours []byte
	err := lab.WithoutStarting(func() (err error) {
		ours, err = os.ReadFile(policy)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := process.Start(process.Command{Path: "true"})
	if err != nil {
		t.Fatal(err)
	}
	<-gone.Done()
	text := strings.ReplaceAll(string(ours), "kill -0 "+strconv.Itoa(os.Getpid()), "kill -0 "+strconv.Itoa(gone.Pid()))
	put(t, policy, text)
	if status := ask(t, policy); status != 0 {
		t.Errorf("without a policy before it: %d, want 0", status)
	}
	put(t, policy+".before-bluegreen-lab", "#!/bin/sh\nexit 42\n")
	if status := ask(t, policy); status != 42 {
		t.Errorf("with one before it: %d, want what that says, 42", status)
	}
}

func TestToolsAreBuiltOnce(t *testing.T) {
	t.Parallel()
	path, err := lab.Tool(t.Context(), "actionlint", os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := lab.Tool(t.Context(), "actionlint", io.Discard)
	if err != nil || again != path {
		t.Fatalf("got %q, %v, want %q again", again, err, path)
	}
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Errorf("it was built again, or %v", err)
	}
	if out, err := process.Output(t.Context(), process.Command{Path: path, Args: []string{"-version"}}); err != nil || !strings.Contains(string(out), "1.7.12") {
		t.Errorf("got %s, %v", out, err)
	}
	if _, err := lab.Tool(t.Context(), "rm", io.Discard); err == nil {
		t.Error("an unknown tool was built")
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if text != "" {
		lab.Script(t, path, text)
	}
}
