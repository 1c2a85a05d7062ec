package reload_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/nginx/reload"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func TestTheSuite(t *testing.T) { traffictest.Conformance(t, rig) }

// pause is longer than nginx's own between the workers of two configurations,
// which both take connections meanwhile.
const pause = 150 * time.Millisecond

// alone waits until the workers from before a reload that has an effect take no
// connection any more: nginx starts all of the new ones first.
func (b *bench) alone(t *testing.T) {
	t.Helper()
	eventually(t, func() error {
		all := b.workers(t)
		if n := strings.Count(all, "\n") - strings.Count(all, "shutting down"); n > 2 {
			return fmt.Errorf("%d workers take connections", n)
		}
		return nil
	})
}

// workers lists the processes of nginx, without the master, by line.
func (b *bench) workers(t *testing.T) string {
	t.Helper()
	out, err := process.Output(t.Context(), process.Command{Path: "sh", Args: []string{"-c", reload.WorkersScript, "sh", b.settings.Pid}})
	must(t, err)
	return string(out)
}

// rig is a real nginx for the suite of load balancers.
func rig(t *testing.T) traffictest.Rig {
	t.Helper()
	b := newBench(t, nil)
	return traffictest.Rig{
		Open: func() traffictest.Routed { return b.open(t) },
		Crashing: func(before func(op, name string) error) traffictest.Routed {
			r := b.open(t)
			r.Before(before)
			return r
		},
		Foreign: func(w release.Weights) { // such as a person who breaks the glass
			must(t, os.WriteFile(b.settings.Include, []byte(reload.Text(b.settings, w, false)), 0o644))
			must(t, b.server.Reload())
			soon(t, b.open(t), w)
			b.alone(t)
		},
		Spoil: func() func() {
			ours := b.include(t)
			must(t, os.WriteFile(b.settings.Include, []byte(strings.Replace(ours, "weight=9", "weight=8", 1)), 0o644))
			return func() {}
		},
		Cut: func() func() {
			dir := filepath.Dir(b.settings.Include)
			must(t, os.Rename(dir, dir+".away"))
			return func() { must(t, os.Rename(dir+".away", dir)) }
		},
		URL:     b.server.URL,
		Promise: traffictest.Promise{AtOnce: true, CutsKept: true, Gap: pause},
	}
}
