package nginx_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

// rig is a real nginx for the suite of load balancers.
func rig(t *testing.T) traffictest.Rig {
	t.Helper()
	return rigOf(t, newBench(t, nil, 1, 10, 50, 100))
}

func rigOf(t *testing.T, b *bench) traffictest.Rig {
	t.Helper()
	return traffictest.Rig{
		Open: func() traffictest.Routed { return b.open(t) },
		Crashing: func(before func(op, name string) error) traffictest.Routed {
			s := b.open(t)
			s.Before(before)
			return s
		},
		Foreign: b.foreign(t),
		Spoil: func() func() {
			touch("green-33")(t, b.settings.State)
			return func() { must(t, os.Remove(filepath.Join(b.settings.State, "green-33"))) }
		},
		Cut: func() func() {
			away := b.settings.State + ".away"
			must(t, os.Rename(b.settings.State, away))
			return func() { must(t, os.Rename(away, b.settings.State)) }
		},
		URL:     b.server.URL,
		Promise: traffictest.Promise{AtOnce: true},
	}
}

// foreign removes every marker but that of the live slot, and makes the one of
// the split, as with touch and rm.
func (b *bench) foreign(t *testing.T) func(release.Weights) {
	return func(w release.Weights) {
		for _, name := range b.open(t).Names() {
			if !strings.HasPrefix(name, "live-") {
				must(t, os.RemoveAll(filepath.Join(b.settings.State, name)))
			}
		}
		if w.Green > 0 {
			touch("green-"+strings.TrimSuffix(w.Green.String(), "%"))(t, b.settings.State)
		}
	}
}
