package nginx_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/lab"
	"github.com/bluegreen-actions/bluegreen/internal/nginx"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/ssh"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// remote is a bench whose nginx is reached through SSH, by a user who owns the
// folders and nothing else.
func remote(t *testing.T, login *lab.Login) *bench {
	t.Helper()
	return newBench(t, func(s *nginx.Settings) {
		login.Own(t, filepath.Dir(s.State))
		s.SSH = ssh.Settings{URL: login.URL, Key: release.Secret(login.Key), KnownHosts: login.KnownHosts}
	}, 1, 10, 50, 100)
}

// What the suite does with killed processes is the same code with another disk,
// and would take minutes here: instead of that the network is cut, below.
func TestTheSuiteThroughSSH(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "MaxSessions 4")
	traffictest.RouterConformance(t, func(t *testing.T) func() traffictest.Routed {
		b := remote(t, login)
		return func() traffictest.Routed { return b.open(t) }
	})
}

func TestANginxOnAnotherHostIsTriedAndSettled(t *testing.T) {
	t.Parallel()
	b := remote(t, lab.SSH(t, ""))
	s := b.open(t)
	must(t, s.Try(t.Context()))
	must(t, s.Set(t.Context(), release.Green, 100, 1))
	must(t, s.Settle(t.Context(), release.Green))
	must(t, s.Try(t.Context()))
	reload, err := s.Install(t.Context(), "")
	must(t, err)
	equal(t, "reload", reload, false)
	must(t, os.Chmod(b.settings.State, 0o700))
	says(t, "a folder that workers cannot read", s.Try(t.Context()), "nginx's workers cannot pass")
	must(t, os.Chmod(b.settings.State, 0o755))
	must(t, b.server.Stop())
	says(t, "no nginx", s.Try(t.Context()), "ask nginx")
}

func TestAFolderOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Log("only root has folders that another user cannot write to")
		return
	}
	login := lab.SSH(t, "")
	conf := settings(t)
	conf.SSH = ssh.Settings{URL: login.URL, Key: release.Secret(login.Key), KnownHosts: login.KnownHosts}
	s := open(t, conf, steps)
	_, err := s.Install(t.Context(), release.Blue)
	says(t, "install", err, "permission denied")
	login.Own(t, filepath.Dir(conf.State))
	must(t, os.Mkdir(filepath.Dir(conf.Config), 0o755)) // nginx's own folder, which stays root's
	_, err = s.Install(t.Context(), release.Blue)
	says(t, "install", err, "write "+conf.Config)
	equal(t, "hint", strings.Contains(release.HintOf(err), "let this user own the folder"), true)
}

func TestTheBreakGlassCommandGoesThroughSSH(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	b := remote(t, login)
	s := b.open(t)
	must(t, s.Set(t.Context(), release.Green, 100, 1))
	options := fmt.Sprintf("ssh -i %s/key -o IdentitiesOnly=yes -o UserKnownHostsFile=%s/known_hosts ", login.Dir, login.Dir)
	line := strings.Replace(s.BreakGlass(release.Blue), "ssh ", options, 1)
	must(t, process.Run(t.Context(), process.Command{Path: "sh", Args: []string{"-c", line}}))
	splits(t, s, release.Split(release.Blue, 100))
}

// The network is cut before each write of every move. What is left is a split
// that was before or after, and a rollback goes through a connection of its own.
func TestACutConnectionLeavesADefinedSplit(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	wire := lab.NewWire(t, login.Server.URL)
	b := remote(t, login.Through(wire))
	local := b.settings
	local.SSH = ssh.Settings{}
	here := open(t, local, steps)
	mover := b.open(t)
	token := traffic.Token(0)
	for _, m := range []struct {
		name string
		to   release.Weight
	}{{"forward", 50}, {"to the end", 100}} {
		for k := range 6 {
			must(t, here.Restore(t.Context(), release.Blue))
			token++
			left := k
			mover.Before(func(string, string) error {
				if left--; left == -1 {
					wire.Cut()
				}
				return nil
			})
			err := mover.Set(t.Context(), release.Green, m.to, token)
			got := weights(t, here)
			if got != release.Split(release.Green, m.to) && (err == nil || got != release.Split(release.Blue, 100)) {
				t.Errorf("%s, cut before write %d: %v, error %v", m.name, k, got, err)
			}
			wire.Cut()
			mover.Before(nil)
			must(t, mover.Restore(t.Context(), release.Blue))
			equal(t, "after the rollback", weights(t, here), release.Split(release.Blue, 100))
		}
	}
	splits(t, mover, release.Split(release.Blue, 100))
}

func TestARollbackThroughADeadConnectionOpensAnother(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	wire := lab.NewWire(t, login.Server.URL)
	b := remote(t, login.Through(wire))
	s := b.open(t)
	must(t, s.Set(t.Context(), release.Green, 50, 1))
	wire.Die()
	begin := time.Now()
	must(t, s.Restore(t.Context(), release.Blue))
	t.Logf("restored %v after the connection went dead", time.Since(begin).Round(time.Millisecond))
	splits(t, s, release.Split(release.Blue, 100))
}

// A rollback that is not acknowledged in the time that it gets is one that failed,
// however far away the host is: it must not need more ways there and back than it did.
func TestARollbackOfAHostFarAwayIsAcknowledgedInTime(t *testing.T) {
	t.Parallel()
	login := lab.SSH(t, "")
	wire := lab.NewWire(t, login.Server.URL)
	b := remote(t, login.Through(wire))
	local := b.settings
	local.SSH = ssh.Settings{}
	here := open(t, local, steps)
	must(t, here.Set(t.Context(), release.Green, 50, 1))
	wire.Stretch(100 * time.Millisecond)
	far := b.open(t)
	weights(t, far) // the connection is there
	begin, before := time.Now(), wire.RoundTrips()
	must(t, far.Restore(t.Context(), release.Blue))
	trips := wire.RoundTrips() - before
	t.Logf("acknowledged after %d ways there and back, %v", trips, time.Since(begin).Round(time.Millisecond))
	equal(t, "in time", trips <= 30, true) // of which some overlap; a shift gives it 2 s
	equal(t, "weights", weights(t, here), release.Split(release.Blue, 100))
	says(t, "the shift that it overtook", here.Set(t.Context(), release.Green, 50, 1), "token 1 is stale")
	far.Close()
	names, err := os.ReadDir(b.settings.State)
	must(t, err)
	for _, e := range names {
		if strings.HasPrefix(e.Name(), "green-") || e.Name() == "live-green" {
			t.Errorf("%s is left behind", e.Name())
		}
	}
}

func TestARollbackThroughSSHDoesNotWaitForTheLock(t *testing.T) {
	t.Parallel()
	b := remote(t, lab.SSH(t, ""))
	s, other := b.open(t), b.open(t)
	must(t, s.Set(t.Context(), release.Green, 50, 1))
	held := make(chan struct{})
	finish := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- other.Update(t.Context(), func(*traffic.Page) error {
			close(held)
			<-finish
			return errors.New("nothing to write")
		})
	}()
	<-held
	begin := time.Now()
	must(t, s.Restore(t.Context(), release.Blue))
	t.Logf("restored after %v with the lock in other hands", time.Since(begin).Round(time.Millisecond))
	close(finish)
	<-done
	splits(t, s, release.Split(release.Blue, 100))
	says(t, "the shift that it overtook", s.Set(t.Context(), release.Green, 50, 1), "token 1 is stale")
}

// BenchmarkRollbackThroughSSH measures a rollback on a connection that is open,
// and one that has to open it.
func BenchmarkRollbackThroughSSH(b *testing.B) {
	login := lab.SSH(b, "")
	dir, err := os.MkdirTemp("/var/tmp", "bluegreen-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		b.Fatal(err)
	}
	login.Own(b, dir)
	s, err := nginx.New(nginx.Settings{
		State: filepath.Join(dir, "state"), URL: "http://127.0.0.1:1", Config: filepath.Join(dir, "conf", "bluegreen.conf"), Split: nginx.Random,
		Services: map[string]nginx.Service{"web": {Blue: []nginx.Address{"127.0.0.1:2"}, Green: []nginx.Address{"127.0.0.1:3"}}},
		SSH:      ssh.Settings{URL: login.URL, Key: release.Secret(login.Key), KnownHosts: login.KnownHosts},
	}, steps)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Install(b.Context(), release.Blue); err != nil {
		b.Fatal(err)
	}
	back := func(ctx context.Context) (effect, all time.Duration) {
		begin, first := time.Now(), true
		s.Before(func(op, _ string) error {
			if op == "remove" && first { // the marker is there
				effect, first = time.Since(begin), false
			}
			return nil
		})
		if err := s.Restore(ctx, release.Blue); err != nil {
			b.Fatal(err)
		}
		return effect, time.Since(begin)
	}
	var open, full, cold []time.Duration
	for b.Loop() {
		for range 100 {
			effect, all := back(b.Context())
			open, full = append(open, effect), append(full, all)
		}
		for range 20 {
			s.Close()
			effect, _ := back(b.Context())
			cold = append(cold, effect)
		}
	}
	for name, all := range map[string][]time.Duration{"open": open, "returned": full, "opening": cold} {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2].Seconds()*1000, name+"-p50-ms")
		b.ReportMetric(all[len(all)*99/100].Seconds()*1000, name+"-p99-ms")
	}
}
