package acceptance_test

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/process"
)

// requiring is what brings the migrations with a backfill and those that complete it.
const requiring = 4

// TestAColumnIsFilledByOneReleaseAndRequiredByTheNext goes the way of the domain of
// MailBlast's messages, under load: the version before never writes it, and is never
// refused a message without it.
func TestAColumnIsFilledByOneReleaseAndRequiredByTheNext(t *testing.T) {
	h := settled(t)
	h.spent = true // the other tests release what came before
	h.vacate(t)
	if err := h.Age(t.Context()); err != nil {
		t.Fatal(err)
	}
	before, l := h.live, h.users(t)

	r := h.propose(t, "none", requiring)
	waits := fmt.Sprintf(`release %s, live in %s, was not migrated with this file in hand`, before.id(), before.candidate())
	r.foresees(t, `(?m)^fill +004_add_message_domain\.up\.sql:\d+, table messages: in batches of at most 1000 rows`, `(?m)^contract .*/001_check_message_domain\.up\.sql +waits: `+waits)
	r.prepare(t)
	migrate := r.said["migrate"]
	migrate.has(t, inputs{"contracted": "0", "held": "3"}) // what it applied depends on the release before
	migrate.shows(t, waits)
	migrate.shows(t, `it comes behind 001\_check\_message\_domain.up.sql, which waits`)
	if rows, batches := number(t, migrate.outputs["filled"]), number(t, migrate.outputs["batches"]); rows < 20000 || batches < 5 {
		t.Errorf("%d rows were filled, in %d batches", rows, batches)
	}
	const unwritten = `SELECT count(*) FROM messages WHERE domain IS NULL`
	eventually(t, "the version before writes messages without a domain", func() bool { return h.count(t, unwritten) > 0 })

	r.shift(t)
	r.complete(t)
	h.live = r
	finalize := r.said["finalize"]
	finalize.shows(t, "rows changed that the old version had written behind it; 0 left")
	if rows, left := number(t, finalize.outputs["filled"]), h.count(t, unwritten); rows == 0 || left != 0 {
		t.Errorf("%d rows were swept, and %d messages have no domain", rows, left)
	}

	next := h.propose(t, "none", requiring)
	next.foresees(t, `(?m)^contract .*/003_require_message_domain\.up\.sql +risky; waited: migrated with this very file in hand`)
	next.prepare(t)
	h.ready = next
	migrate = next.said["migrate"]
	migrate.has(t, inputs{"applied": "0", "filled": "0", "contracted": "3", "held": "0"})
	migrate.shows(t, "3 contract files applied")
	migrate.shows(t, "migrated with this very file in hand, so that it lives without what the file takes away: release "+string(r.id()))
	if n := h.count(t, `SELECT count(*) FROM information_schema.columns WHERE table_name = 'messages' AND column_name = 'domain' AND is_nullable = 'NO'`); n != 1 {
		t.Error("the domain is not required")
	}
	l.leave(t)
}

// foresees waits until bluegreen plan, as somebody runs it in the checkout, says all of
// this: on a busy machine not everything answers in time.
func (r *rollout) foresees(t *testing.T, patterns ...string) {
	t.Helper()
	command := process.Command{Path: r.Program, Args: []string{"plan", "--version", r.version}, Dir: r.dir}
	for _, all := range []map[string]string{r.variables, r.secrets} {
		for name, value := range all {
			command.Env = append(command.Env, name+"="+value)
		}
	}
	var said []byte
	defer func() {
		if t.Failed() {
			t.Logf("plan said:\n%s", said)
		}
	}()
	for _, pattern := range patterns {
		eventually(t, "plan says "+pattern, func() bool {
			if regexp.MustCompile(pattern).Match(said) {
				return true
			}
			said, _ = process.Output(t.Context(), command) // what it cannot see is its exit status
			return false
		})
	}
}

func number(t *testing.T, output string) int {
	t.Helper()
	n, err := strconv.Atoi(output)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// count asks the database of the application.
func (h *house) count(t *testing.T, query string) (n int) {
	t.Helper()
	db, err := pgx.Connect(context.Background(), h.secrets["DATABASE_URL"])
	if err == nil {
		defer db.Close(context.Background())
		err = db.QueryRow(context.Background(), query).Scan(&n)
	}
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
