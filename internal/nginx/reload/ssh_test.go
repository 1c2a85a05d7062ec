package reload_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/ssh"
)

// sudo is the commands of a user without rights: what root does for it, as by
// sudo, is played by a file that root looks for. before is called before a reload.
func sudo(t *testing.T, b *bench, before func()) (test, hangUp []string) {
	t.Helper()
	dir := disk(t)
	must(t, os.Chmod(dir, 0o777))
	stop, done := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop); <-done })
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
			asked := filepath.Join(dir, "reload")
			if os.Remove(asked) == nil {
				before()
				_ = b.server.Reload()
			}
		}
	}()
	return []string{"true"}, []string{"touch", filepath.Join(dir, "reload")}
}

func TestAnNginxOnAnotherHost(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	b := newBench(t, func(s *reload.Settings) {
		login.Own(t, filepath.Dir(filepath.Dir(s.Include)))
		s.SSH = ssh.Settings{URL: login.URL, Key: release.Secret(login.Key), KnownHosts: login.KnownHosts}
	})
	b.settings.Test, b.settings.Reload = sudo(t, b, func() {})
	r := b.open(t)
	defer r.Close()
	must(t, r.Try(t.Context()))
	for _, w := range []release.Weight{10, 100} {
		must(t, r.Set(t.Context(), release.Green, w, 1))
		splits(t, r, release.Split(release.Green, w))
	}
	begin := time.Now()
	must(t, r.Restore(t.Context(), release.Blue))
	t.Logf("restored in %v", time.Since(begin))
	splits(t, r, release.Split(release.Blue, 100))
	must(t, r.Settle(t.Context(), release.Blue))

	b.write(t, foreign+"rubbish;\n")
	says(t, "a refusal in silence", r.Set(t.Context(), release.Green, 50, 2), `unknown directive "rubbish"`)
	splits(t, r, release.Split(release.Blue, 100))
	b.write(t, foreign)

	b.settings.Test = []string{"sh", "-c", `echo "nginx: [emerg] no good in /etc/nginx/nginx.conf:7" >&2; exit 1`}
	says(t, "a test that fails", b.open(t).Set(t.Context(), release.Green, 50, 2), "no good in /etc/nginx/nginx.conf:7", "as it was")

	options := fmt.Sprintf("ssh -i %s/key -o IdentitiesOnly=yes -o UserKnownHostsFile=%s/known_hosts ", login.Dir, login.Dir)
	must(t, process.Run(t.Context(), process.Command{Path: "sh", Args: []string{"-c", strings.Replace(r.BreakGlass(release.Green), "ssh ", options, 1)}}))
	soon(t, r, release.Split(release.Green, 100))

	b.settings.Reload = nil // whose signal is root's alone
	if os.Geteuid() == 0 {
		err := b.open(t).Try(t.Context())
		says(t, "a user without rights", err, "this user cannot reload nginx")
		equal(t, "hint", strings.Contains(release.HintOf(err), "sudo"), true)
	}
}

// A process that is told to end while nginx reloads puts things back, and does
// not take the end of its context for a rollback.
func TestAMoveOnAnotherHostThatIsToldToEndPutsThingsBack(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	b := newBench(t, func(s *reload.Settings) {
		login.Own(t, filepath.Dir(filepath.Dir(s.Include)))
		s.SSH = ssh.Settings{URL: login.URL, Key: release.Secret(login.Key), KnownHosts: login.KnownHosts}
	})
	ctx, cancel := context.WithCancel(t.Context())
	b.settings.Test, b.settings.Reload = sudo(t, b, cancel)
	note := []byte(reload.Text(b.settings, release.Split(release.Green, 100), false)) // of an earlier release
	must(t, os.WriteFile(filepath.Join(b.settings.State, "back"), note, 0o644))
	r := b.open(t)
	defer r.Close()
	says(t, "the move", r.Set(ctx, release.Green, 50, 1), "context canceled", "as it was")
	splits(t, r, release.Split(release.Blue, 100))
}

// The script is run here, by who may send the signal.
func TestTheSignalOnAnotherHostIsForNginxAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	want := release.Split(release.Green, 50)
	must(t, os.WriteFile(b.settings.Include, []byte(reload.Text(b.settings, want, false)), 0o644))
	send := func(pid string) error {
		return process.Run(t.Context(), process.Command{Path: "sh", Args: []string{"-c", reload.KillScript, "sh", pid, "-HUP"}})
	}
	must(t, send(b.settings.Pid))
	soon(t, b.open(t), want)
	says(t, "another program", send(text(t, fmt.Sprint(os.Getpid()))), "is not nginx's master")
	says(t, "no file", send("/no/such.pid"), "No such file")
	eventually(t, func() error {
		if all := b.workers(t); strings.Count(all, "nginx: worker process") < 2 { // one that has just begun is not called so yet
			return fmt.Errorf("the workers are %s", all)
		}
		return nil
	})
}
