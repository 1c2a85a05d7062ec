package reload_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func TestTheFolder(t *testing.T) {
	folders := map[*testing.T]reload.Settings{}
	in := func(t *testing.T) *reload.Router {
		if _, ok := folders[t]; !ok {
			folders[t] = settings(t)
			_, err := open(t, folders[t]).Install(t.Context(), "blue")
			must(t, err)
		}
		return open(t, folders[t])
	}
	t.Run("ledger", func(t *testing.T) {
		traffictest.LedgerConformance(t, func(t *testing.T) traffic.Ledger { return in(t) })
	})
	t.Run("lease", func(t *testing.T) {
		traffictest.LeaseConformance(t, func(t *testing.T, expiry time.Duration) traffic.Leases { return in(t).Leases(expiry) })
	})
}

func TestAnInstallationKeepsTheSplit(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	again := func(want bool) {
		t.Helper()
		reload, err := b.open(t).Install(t.Context(), release.Green)
		must(t, err)
		equal(t, "nginx is to be reloaded", reload, want)
	}
	again(false)
	must(t, b.open(t).Set(t.Context(), release.Green, 10, 1))
	again(false)
	b.settings.Keepalive = 4
	again(true)
	equal(t, "before the reload", weights(t, b.open(t)), release.Split(release.Green, 10))
	says(t, "try", b.open(t).Try(t.Context()), "nginx runs blue 90% green 10%")
	must(t, b.server.Reload())
	eventually(t, func() error { return b.open(t).Try(t.Context()) })
	b.alone(t)
	must(t, b.open(t).Try(t.Context()))
	splits(t, b.open(t), release.Split(release.Green, 10))
}

// On another host, or without a right to see processes, a reload is proven by
// connections alone.
func TestAReloadIsProvenWithoutASightOfTheWorkers(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := b.open(t)
	r.Blind()
	must(t, r.Try(t.Context()))
	for token, w := range []release.Weight{10, 50, 100} {
		must(t, r.Set(t.Context(), release.Green, w, traffic.Token(token+1)))
		splits(t, r, release.Split(release.Green, w))
	}
	must(t, r.Restore(t.Context(), release.Blue))
	splits(t, r, release.Split(release.Blue, 100))
	b.write(t, foreign+"rubbish;\n")
	says(t, "a broken configuration", r.Restore(t.Context(), release.Green), "rubbish")
}

func TestTheBreakGlassCommandWorks(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := b.open(t)
	must(t, r.Try(t.Context()))
	must(t, r.Set(t.Context(), release.Green, 50, 1))
	for _, slot := range []release.Slot{release.Blue, release.Green, release.Blue} {
		must(t, process.Run(t.Context(), process.Command{Path: "sh", Args: []string{"-c", r.BreakGlass(slot)}}))
		soon(t, r, release.Split(slot, 100))
	}
	eventually(t, func() error { return r.Set(t.Context(), release.Green, 10, 1) }) // the workers from before answer, too
	splits(t, r, release.Split(release.Green, 10))
}

func TestTheSplitOutlivesNginx(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	r := b.open(t)
	must(t, r.Set(t.Context(), release.Green, 50, 1))
	must(t, b.server.Restart(t.Context()))
	splits(t, r, release.Split(release.Green, 50))
	says(t, "settle", r.Settle(t.Context(), release.Green), "the split is blue 50% green 50%")
}

func TestASettlingSweepsWhatWritersHaveLeft(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	dir := filepath.Dir(b.settings.Include)
	for name, age := range map[string]time.Duration{".upstreams.conf.DEAD": 2 * time.Hour, ".upstreams.kept.DEAD": 2 * time.Hour, ".upstreams.conf.LIVE": 0, ".other.conf": 2 * time.Hour} {
		file := filepath.Join(dir, name)
		must(t, os.WriteFile(file, nil, 0o644))
		must(t, os.Chtimes(file, time.Now().Add(-age), time.Now().Add(-age)))
	}
	must(t, b.open(t).Settle(t.Context(), release.Blue))
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	must(t, err)
	equal(t, "left", strings.Join(left, " "), filepath.Join(dir, ".other.conf")+" "+filepath.Join(dir, ".upstreams.conf.LIVE"))
}

// Three of four moves come while the reload of the one before is on its way.
func TestMovesThatComeCloseTogetherAreSerialised(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	var all sync.WaitGroup
	for i := range 4 {
		r := b.open(t)
		all.Go(func() {
			err := error(errKilled)
			for begin := time.Now(); err != nil && time.Since(begin) < patience; { // a slow machine keeps the last one waiting for long
				err = r.Set(t.Context(), release.Green, release.Weight(10+i), 1)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	r := b.open(t)
	splits(t, r, weights(t, r))
}

func TestServicesAreCountedTogetherAndMoveTogether(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *reload.Settings) {
		web := s.Services["web"]
		web.Green = append(slices.Clone(web.Green), s.Services["api"].Green...)
		s.Services["web"] = web // of two hosts in one slot, and one in the other
	})
	r := b.open(t)
	for _, w := range []release.Weight{10, 50, 100} {
		must(t, r.Set(t.Context(), release.Green, w, 1))
		splits(t, r, release.Split(release.Green, w))
	}
	equal(t, "the path that users ask for", b.get(t, "/api/b"), "api green /api/b")
}

// With close-connections a reload finds no idle connection that it could cut,
// from the second one of a release on.
func TestClosedConnectionsAreNotCut(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(s *reload.Settings) { s.CloseConnections = true })
	r := b.open(t)
	must(t, r.Set(t.Context(), release.Green, 1, 1))
	toll := traffictest.Flips{URL: b.server.URL, Count: 10, Rate: 300, Room: 50, Gap: pause}.Run(t, func(ctx context.Context, to release.Slot) error {
		return r.Set(ctx, release.Green, map[release.Slot]release.Weight{release.Green: 100, release.Blue: 1}[to], 1)
	})
	t.Logf("%v", toll.Report)
	equal(t, "lost", toll.Report.Lost(), 0)
}

func TestAReleaseThroughARealNginx(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	traffictest.ReleaseConformance(t, func() traffic.Balancer { return b.open(t).Balancer() })
}
