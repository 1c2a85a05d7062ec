package acceptance_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/openloop"
	"github.com/bluegreen-actions/bluegreen/internal/process"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// rollout is one run of the workflow, with a checkout of its own.
type rollout struct {
	*house
	version      string
	run, attempt int
	commit, dir  string
	first        bool
	said         map[string]result // the last of each phase
	took         string            // by each step
}

// The jobs of the workflow that add to the record, in their order.
var jobs = []string{"preflight", "build", "migrate", "deploy-green", "smoke", "shift", "finalize", "rollback"}

// propose commits a version whose images carry a fault, and approves its run.
func (h *house) propose(t *testing.T, fault string, schema migration.Version) *rollout {
	t.Helper()
	h.runs++
	r := &rollout{
		house: h, version: fmt.Sprintf("v%d.0.0", h.runs-100), run: h.runs, attempt: 1,
		dir: filepath.Join(h.Dir, "checkouts", fmt.Sprint(h.runs)), said: map[string]result{},
	}
	err := errors.Join(h.Repo.Fault(fault), h.Repo.Migrations(h.Root, schema))
	if err == nil {
		r.commit, err = h.Repo.Commit(t.Context(), "Release "+r.version)
	}
	if err == nil {
		err = process.Run(t.Context(), process.Command{Path: "git", Args: []string{"clone", "-q", h.Repo.Dir, r.dir}})
	}
	if err != nil {
		t.Fatal(err)
	}
	h.Approve(r.commit, r.run)
	return r
}

// record is the release outputs of the jobs before one, as rollout.yml passes
// them on.
func (r *rollout) record(of string) string {
	before := jobs
	switch i := slices.Index(jobs, of); {
	case of == "rollback": // the step in the job of the shift
		before = jobs[:slices.Index(jobs, "shift")]
	case i >= 0:
		before = jobs[:i]
	}
	var all []string
	for _, job := range before {
		if text := r.said[job].outputs["release"]; text != "" && text != "none" {
			all = append(all, text)
		}
	}
	return strings.Join(all, " ")
}

// facts is the record with everything that was said so far.
func (r *rollout) facts(t *testing.T) release.Record {
	t.Helper()
	var record release.Record
	if err := record.UnmarshalText([]byte(r.record(""))); err != nil {
		t.Fatal(err)
	}
	return record
}

func (r *rollout) candidate() release.Slot { return release.Slot(r.said["preflight"].outputs["slot"]) }
func (r *rollout) id() release.ID          { return release.ID(fmt.Sprintf("acme-mailblast-%d", r.run)) }

// do runs a step to its end.
func (r *rollout) do(t *testing.T, name string, with inputs, env ...string) result {
	t.Helper()
	return r.keep(name, r.start(t, name, with, env...).end(t))
}

// keep remembers what a step has said, as the outputs of its job.
func (r *rollout) keep(name string, got result) result {
	r.took += fmt.Sprintf(" %s %.1f s", name, got.took.Seconds())
	if got.outputs["release"] != "" {
		r.said[name] = got
	}
	return got
}

// must runs a step that has to end well.
func (r *rollout) must(t *testing.T, name string, with inputs, env ...string) result {
	t.Helper()
	return r.do(t, name, with, env...).want(t, 0)
}

func (r *rollout) preflight(t *testing.T) result {
	t.Helper()
	return r.must(t, "preflight", inputs{
		"version": r.version, "environment": "production", "first-release": fmt.Sprint(r.first), "preflight-timeout": patience.String(),
	})
}

func (r *rollout) signoff(t *testing.T, roles ...string) {
	t.Helper()
	for _, role := range roles {
		r.start(t, "signoff", inputs{"environment": "production", "role": role}).end(t).want(t, 0)
	}
}

// prepare runs everything before the shift. The slot is this release's then.
func (r *rollout) prepare(t *testing.T) {
	t.Helper()
	r.vacate(t)
	r.preflight(t)
	r.must(t, "build", nil)
	r.signoff(t, "development", "devops")
	r.must(t, "migrate", nil)
	r.must(t, "deploy-green", nil)
	r.must(t, "smoke", nil)
	r.signoff(t, "qa", "live")
	t.Logf("%s is ready on %s:%s", r.version, r.candidate(), r.took)
}

// complete runs everything after it.
func (r *rollout) complete(t *testing.T) {
	t.Helper()
	r.signoff(t, "product")
	r.must(t, "finalize", nil)
	evidence := ""
	for _, job := range jobs {
		if text := r.said[job].outputs["evidence"]; text != "none" {
			evidence += text + " "
		}
	}
	r.must(t, "record", inputs{"environment": "production", "evidence": evidence})
}

// steps are those of the plan with another bake time for all three.
func steps(bake string) string {
	return strings.ReplaceAll("[{weight: 10, bake: B}, {weight: 50, bake: B}, {weight: 100, bake: B}]", "B", bake)
}

// shifting begins a shift; each is an attempt of its own.
func (r *rollout) shifting(t *testing.T, bake string, with inputs) *step {
	t.Helper()
	given := inputs{"shift-steps": steps(bake), "first-release": fmt.Sprint(r.first)}
	maps.Copy(given, with)
	s := r.start(t, "shift", given)
	r.attempt++
	return s
}

// shift runs one that has to get all the traffic.
func (r *rollout) shift(t *testing.T) result {
	t.Helper()
	return r.keep("shift", r.shifting(t, "1s", nil).end(t)).want(t, 0)
}

// settled returns the house with a release that is live and finished: the first
// one, where there was none yet.
func settled(t *testing.T) *house {
	t.Helper()
	h := open(t)
	if h.live != nil {
		return h
	}
	r := h.propose(t, "none", 1)
	r.first = true
	r.prepare(t)
	stop := h.firstUsers(t)
	r.shift(t)
	stop()
	r.complete(t)
	h.live = r
	return h
}

// firstUsers look in, so that the gates of a first release can measure something.
func (h *house) firstUsers(t *testing.T) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = openloop.Run(ctx, openloop.Load{URL: h.Proxy.URL, Rate: 40, Timeout: 5 * time.Second,
			Mix: []openloop.Request{{Path: "/"}, {Path: "/track/open/health-check"}}})
	}()
	return func() { cancel(); <-done }
}

// vacate gives the slot up that an earlier test has left a release in.
func (h *house) vacate(t *testing.T) {
	t.Helper()
	if h.ready != nil {
		h.ready.must(t, "rollback", nil)
		h.ready = nil
	}
}

// waiting returns a good release that is smoked and has no traffic: the one that
// an earlier test has left so, or a new one.
func waiting(t *testing.T) *rollout {
	t.Helper()
	h := settled(t)
	if h.ready == nil {
		r := h.propose(t, "none", 3)
		r.prepare(t)
		h.ready = r
	}
	h.stands(t, h.ready.candidate(), 0)
	return h.ready
}
