package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
)

var _ traffic.Leases = (*Lease)(nil)

// leaseTable has one row for each application, which is never deleted: its token
// only grows, and a holding that has ended can be told from none.
const leaseTable = "bluegreen_leases"

// Lease keeps the lease of an application's shifts in a row of the database, for
// releases that have no Redis. Each call is one statement on a connection of its
// own, so that no session and no lock outlives it; the clock is the server's.
type Lease struct {
	Expiry time.Duration // of a lease that is not renewed

	db          *Database
	application string
}

// Lease returns the lease of an application.
func (d *Database) Lease(application string) *Lease {
	return &Lease{Expiry: traffic.LeaseExpiry, db: d, application: application}
}

// leaseTime bounds one call, with the connection that it takes.
const leaseTime = 5 * time.Second

// The statements. A row in the state "held" whose end is over has expired.
const (
	leaseColumns = `token, CASE WHEN state = 'held' AND ends <= clock_timestamp() THEN 'expired' ELSE state END, release, process,
		greatest(0, (extract(epoch FROM ends - clock_timestamp()) * 1000)::bigint)`

	leaseMake = `CREATE TABLE IF NOT EXISTS ` + leaseTable + ` (application text PRIMARY KEY, token bigint NOT NULL,
		state text NOT NULL, release text NOT NULL, process text NOT NULL, ends timestamptz NOT NULL)`

	leaseAcquire = `INSERT INTO ` + leaseTable + ` AS l VALUES ($1, 1, 'held', $2, $3, clock_timestamp() + $4 * interval '1 millisecond')
		ON CONFLICT (application) DO UPDATE SET token = l.token + 1, state = 'held', release = $2, process = $3,
		ends = clock_timestamp() + $4 * interval '1 millisecond'
		WHERE l.state <> 'held' OR l.ends <= clock_timestamp() OR (l.release = $2 AND l.process = $3) RETURNING ` + leaseColumns

	leaseRenew = `UPDATE ` + leaseTable + ` SET ends = clock_timestamp() + $3 * interval '1 millisecond'
		WHERE application = $1 AND token = $2 AND state = 'held' AND ends > clock_timestamp() RETURNING ` + leaseColumns

	leaseRelease = `UPDATE ` + leaseTable + ` SET state = 'released'
		WHERE application = $1 AND token = $2 AND state = 'held' AND ends > clock_timestamp() RETURNING ` + leaseColumns

	leaseRaise = `INSERT INTO ` + leaseTable + ` AS l VALUES ($1, $2, 'raised', '', '', clock_timestamp())
		ON CONFLICT (application) DO UPDATE SET token = $2, state = 'raised' WHERE l.token < $2 RETURNING ` + leaseColumns

	leasePeek = `SELECT ` + leaseColumns + ` FROM ` + leaseTable + ` WHERE application = $1`
)

// Acquire takes the lease; see traffic.Lease. It makes the table where there is
// none yet.
func (l *Lease) Acquire(ctx context.Context, owner traffic.Owner) (traffic.Token, error) {
	if owner.Release == "" || owner.Process == "" {
		return 0, release.Reject("name the release and the process", "acquire the lease: owner %q of release %q", owner.Process, owner.Release)
	}
	h, got, err := l.ask(ctx, leaseAcquire, string(owner.Release), owner.Process, l.Expiry.Milliseconds())
	if err != nil || got {
		return h.Token, err
	}
	if h, err = l.Peek(ctx); err != nil {
		return 0, err
	}
	return 0, &traffic.Taken{Holding: h}
}

// Renew puts the expiry off; see traffic.Lease.
func (l *Lease) Renew(ctx context.Context, token traffic.Token) error {
	_, got, err := l.ask(ctx, leaseRenew, int64(token), l.Expiry.Milliseconds())
	if err == nil && !got {
		return traffic.ErrLost
	}
	return err
}

// Release ends the lease well; see traffic.Lease.
func (l *Lease) Release(ctx context.Context, token traffic.Token) error {
	_, _, err := l.ask(ctx, leaseRelease, int64(token))
	return err
}

// Raise makes token the newest; see traffic.Fence.
func (l *Lease) Raise(ctx context.Context, token traffic.Token) error {
	_, _, err := l.ask(ctx, leaseRaise, int64(token))
	return err
}

// Peek returns the last holding; see traffic.Fence.
func (l *Lease) Peek(ctx context.Context) (traffic.Holding, error) {
	h, _, err := l.ask(ctx, leasePeek)
	return h, err
}

// ask runs one statement about this application, and says whether it had a row to
// answer with. A table that is missing is made for those who write, and is a lease
// that nobody ever held for the one who looks.
func (l *Lease) ask(ctx context.Context, sql string, args ...any) (h traffic.Holding, got bool, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, leaseTime, fmt.Errorf("the database did not answer within %v", leaseTime))
	defer cancel()
	conn, err := l.db.connect(ctx, "bluegreen lease", parameters{"statement_timeout": milliseconds(leaseTime), "lock_timeout": milliseconds(leaseTime)})
	if err != nil {
		return h, false, l.wrong(ctx, err)
	}
	defer shut(ctx, conn)
	args = append([]any{l.application}, args...)
	h, got, err = row(ctx, conn, sql, args)
	if sqlState(err) == noSuchTable {
		if sql == leasePeek {
			return traffic.Holding{}, false, nil
		}
		if err = l.prepare(ctx, conn); err == nil {
			h, got, err = row(ctx, conn, sql, args)
		}
	}
	if err != nil {
		return traffic.Holding{}, false, l.wrong(ctx, err)
	}
	return h, got, nil
}

func (l *Lease) wrong(ctx context.Context, err error) error {
	return release.CannotTell("make the database answer, and let the user of database.url write to the table "+leaseTable,
		"lease of %s in table %s: %w", l.application, leaseTable, ended(ctx, err))
}

// noSuchTable is PostgreSQL's code of a table that is missing.
const noSuchTable = "42P01"

// duplicates are the codes that those get who make the same table at once, although
// each asked whether it is there: of its index, its type, and itself.
var duplicates = []string{"23505", "42710", "42P07"}

func (l *Lease) prepare(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, leaseMake)
	for slices.Contains(duplicates, sqlState(err)) {
		_, err = conn.Exec(ctx, leaseMake)
	}
	if err != nil {
		return release.Refuse("give the user of database.url the right to create tables", "make table %s: %w", leaseTable, err)
	}
	return nil
}

var leaseStates = []traffic.State{traffic.Held, traffic.Expired, traffic.Released, traffic.Raised}

func row(ctx context.Context, conn *pgx.Conn, sql string, args []any) (h traffic.Holding, got bool, err error) {
	var token, left int64
	var state, id, process string
	err = conn.QueryRow(ctx, sql, args...).Scan(&token, &state, &id, &process, &left)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return h, false, nil
	case err != nil:
		return h, false, err
	case token < 0 || !slices.Contains(leaseStates, traffic.State(state)):
		return h, false, fmt.Errorf("the row is no lease of this program: token %d, state %q", token, state)
	}
	h = traffic.Holding{Owner: traffic.Owner{Release: release.ID(id), Process: process}, Token: traffic.Token(token), State: traffic.State(state)}
	if h.State == traffic.Held {
		h.Left = time.Duration(left) * time.Millisecond
	}
	return h, true, nil
}
