package acceptance_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

// world is everything that a release changes, as it is seen from outside.
type world struct {
	Weights    release.Weights
	Default    string // what nginx starts with
	Ledger     string // without its times
	Containers []string
	Images     map[string]string
	Schema     string
}

// look sees the world of a release.
func (h *house) look(t *testing.T, r *rollout) world {
	t.Helper()
	text, err := os.ReadFile(strings.TrimSuffix(h.variables["NGINX_CONFIG"], ".conf") + ".default")
	if err != nil {
		t.Fatal(err)
	}
	return world{
		Weights: h.weights(t), Default: string(text), Ledger: timeless(t, h.page(t)), Containers: append(h.containers(t, release.Blue), h.containers(t, release.Green)...),
		Images: h.digests(t, r.version), Schema: schema(t, h.secrets["DATABASE_URL"]),
	}
}

func (h *house) weights(t *testing.T) release.Weights {
	t.Helper()
	weights, err := h.balancer.Weights(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return weights
}

// stands fails unless the slot has this weight, and gets as much of the traffic.
func (h *house) stands(t *testing.T, slot release.Slot, w release.Weight) {
	t.Helper()
	if have := h.weights(t); have != release.Split(slot, w) {
		t.Fatalf("the traffic is %v, want %v at %s", have, w, slot)
	}
	share, err := h.balancer.Observe(context.Background(), 300)
	if err != nil || !share.Fits(release.Split(slot, w)) && (w == 0 || w == 100) {
		t.Fatalf("counted %v, want %v at %s: %v", share, w, slot, err)
	}
}

func (h *house) page(t *testing.T) traffic.Page {
	t.Helper()
	page, err := h.balancer.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// timeless is the page without the times and the count of its changes in it, but
// whether the shift is finished.
func timeless(t *testing.T, p traffic.Page) string {
	t.Helper()
	finished := false
	p.Revision = 0
	if p.Good != nil {
		p.Good.At = time.Time{}
	}
	if p.Shift != nil {
		finished = !p.Shift.Finished.IsZero()
		p.Shift.Started, p.Shift.Finished = time.Time{}, time.Time{}
	}
	for slot, claim := range p.Claims {
		claim.At = time.Time{}
		p.Claims[slot] = claim
	}
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%sfinished: %t", text, finished)
}

// containers describes those of a slot by what must not change in a run that
// does nothing: id, state and start.
func (h *house) containers(t *testing.T, slot release.Slot) []string {
	t.Helper()
	list, err := h.engine.Containers(context.Background(), h.Project+"-"+string(slot))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range list {
		all = append(all, fmt.Sprintf("%s %s: %s %.12s of %s, %s since %s", slot, c, c.Digest().Short(), c.ID, c.Release(), c.State, c.Started.Format(time.RFC3339Nano)))
	}
	slices.Sort(all)
	return all
}

// running is what a slot runs, without what differs from one start to another.
func (h *house) running(t *testing.T, slot release.Slot) []string {
	t.Helper()
	list, err := h.engine.Containers(context.Background(), h.Project+"-"+string(slot))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range list {
		all = append(all, fmt.Sprintf("%s %s of %s, %s", c, c.Digest().Short(), c.Release(), c.State))
	}
	slices.Sort(all)
	return all
}

// digests are those that the registry has for a version.
func (h *house) digests(t *testing.T, version string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{"backend", "frontend", "worker"} {
		m, err := h.images.Manifest(context.Background(), fmt.Sprintf("%s/mailblast-%s:%s", h.variables["REGISTRY"], name, version))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(m.Digest)
	}
	return all
}

// schema describes tables, columns and indexes, and the version.
func schema(t *testing.T, database string) string {
	t.Helper()
	const query = `
SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable FROM information_schema.columns WHERE table_schema = 'public'
UNION SELECT 'index ' || indexrelid::regclass || ' valid ' || indisvalid FROM pg_index WHERE indexrelid::regclass::text NOT LIKE 'pg_%'
UNION SELECT 'version ' || version || ' dirty ' || dirty FROM schema_migrations ORDER BY 1`
	db, err := pgx.Connect(context.Background(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	rows, err := db.Query(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
