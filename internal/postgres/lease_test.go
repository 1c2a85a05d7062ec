package postgres_test

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/postgres"
	"github.com/bluegreen-actions/bluegreen/internal/release"
	"github.com/bluegreen-actions/bluegreen/internal/traffic"
	"github.com/bluegreen-actions/bluegreen/internal/traffic/traffictest"
)

func TestLeaseConformance(t *testing.T) {
	t.Parallel()
	s := settings(t, nil)
	traffictest.LeaseConformance(t, func(t *testing.T, expiry time.Duration) traffic.Leases {
		lease := open(t, s).Lease(t.Name())
		lease.Expiry = expiry
		return lease
	})
}

var owner = traffic.Owner{Release: "shop-1", Process: "attempt 1"}

func TestTheTableOfTheLeaseIsMadeByManyAtOnce(t *testing.T) {
	t.Parallel()
	s := settings(t, nil)
	var all sync.WaitGroup
	for _, application := range []string{"a", "b", "c", "d", "e", "f"} {
		all.Go(func() {
			if token, err := open(t, s).Lease(application).Acquire(t.Context(), owner); err != nil || token != 1 {
				t.Errorf("%s: token %d, %v", application, token, err)
			}
		})
	}
	all.Wait()
}

// The user of an application may have no right to make tables, and a look must
// not make any.
func TestALookAtTheLeaseMakesNothing(t *testing.T) {
	t.Parallel()
	s := settings(t, nil)
	if h, err := open(t, s).Lease("shop").Peek(t.Context()); err != nil || h.State != traffic.Never {
		t.Errorf("%+v, %v", h, err)
	}
	if n := connect(t, s).number(`SELECT count(*) FROM pg_tables WHERE tablename = 'bluegreen_leases'`); n != 0 {
		t.Errorf("%d tables", n)
	}
}

func TestARowThatIsNoLeaseIsRefused(t *testing.T) {
	t.Parallel()
	s := settings(t, nil)
	lease := open(t, s).Lease("shop")
	if _, err := lease.Acquire(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	for name, sql := range map[string]string{
		"another state":    `UPDATE bluegreen_leases SET state = 'lent'`,
		"a negative token": `UPDATE bluegreen_leases SET state = 'held', token = -1`,
	} {
		connect(t, s).exec(sql)
		if h, err := lease.Peek(t.Context()); release.ExitStatus(err) != 3 {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}

func TestALeaseInADatabaseThatIsGoneOrSilent(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // accepts by its backlog, and never answers
	for name, at := range map[string]string{"gone": "127.0.0.1:1", "silent": listener.Addr().String()} {
		db, err := postgres.New(migration.Settings{URL: release.Secret("postgres://me:hunter2@" + at + "/shop?sslmode=disable")})
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		_, err = db.Lease("shop").Peek(t.Context())
		if release.ExitStatus(err) != 3 || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v after %v", name, err, time.Since(begin))
		}
	}
}
