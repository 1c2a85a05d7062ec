package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	golangmigrate "github.com/golang-migrate/migrate/v4"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/bluegreen-actions/bluegreen/internal/migration"
	"github.com/bluegreen-actions/bluegreen/internal/openloop"
	"github.com/bluegreen-actions/bluegreen/internal/release"
)

// application is an HTTP server that reads and changes single rows of users, with
// at most 80 sessions. Of five requests four read.
func application(b *testing.B, s migration.Settings, rows int) *httptest.Server {
	b.Helper()
	config, err := pgx.ParseConfig(s.URL.Reveal())
	if err != nil {
		b.Fatal(err)
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(80)
	db.SetMaxIdleConns(80)
	b.Cleanup(func() { db.Close() })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number, _ := strconv.Atoi(r.Header.Get("X-Request-Number"))
		id, err := 3*(1+number*7919%rows), error(nil)
		if r.Method == http.MethodPost {
			_, err = db.ExecContext(context.WithoutCancel(r.Context()), `UPDATE users SET touched = touched + 1 WHERE id = $1`, id)
		} else {
			err = db.QueryRowContext(context.WithoutCancel(r.Context()), `SELECT name FROM users WHERE id = $1`, id).Scan(new(sql.NullString))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	b.Cleanup(server.Close)
	return server
}

// load sends requests until ctx ends, and returns what became of them.
func load(ctx context.Context, b *testing.B, url string, rate float64, mix []openloop.Request) <-chan openloop.Report {
	b.Helper()
	done := make(chan openloop.Report, 1)
	go func() {
		report, err := openloop.Run(ctx, openloop.Load{URL: url, Rate: rate, Mix: mix, Timeout: time.Minute, Room: 20_000})
		if err != nil {
			b.Error(err)
		}
		done <- report
	}()
	return done
}

// show prints one line of a table, and keeps its figures as metrics. A benchmark's
// log ends after ten lines.
func show(b *testing.B, who string, took time.Duration, r openloop.Report) {
	b.Helper()
	fmt.Printf("%-16s %9.1f s %9s %9s %9s   requests %d, lost %d, longer than 1 s %d\n", who, took.Seconds(), ms(r.Latency(50)), ms(r.Latency(99)), ms(r.Latency(100)),
		r.Sent(), r.Lost(), slow(r))
	for name, p := range map[string]float64{"p50": 50, "p99": 99, "worst": 100} {
		b.ReportMetric(float64(r.Latency(p).Microseconds())/1000, who+"-"+name+"-ms")
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

func slow(r openloop.Report) (n int) {
	for _, s := range r.Samples {
		if s.Outcome == openloop.Answered && s.Latency() > time.Second {
			n++
		}
	}
	return n
}

// table is a database with a table of many rows, and of nothing that is pending.
func table(b *testing.B, rows int) migration.Settings {
	b.Helper()
	s := settings(b, map[string]string{"1_users.up.sql": nicks(rows, "")["1_users.up.sql"] + `; ALTER TABLE users ADD COLUMN touched int NOT NULL DEFAULT 0`})
	ours(b, s, "shop-1")
	connect(b, s).exec(`VACUUM ANALYZE users`)
	return s
}

// plain applies the folder as golang-migrate does.
func plain(b *testing.B, s migration.Settings) {
	b.Helper()
	config, err := pgx.ParseConfig(s.URL.Reveal())
	if err != nil {
		b.Fatal(err)
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	source, err := iofs.New(os.DirFS(s.Folder), ".")
	if err != nil {
		b.Fatal(err)
	}
	driver, err := migratepgx.WithInstance(db, &migratepgx.Config{})
	if err != nil {
		b.Fatal(err)
	}
	m, err := golangmigrate.NewWithInstance("iofs", source, "pgx5", driver)
	if err == nil {
		err = m.Up()
	}
	if err != nil {
		b.Fatal(err)
	}
}

// ours applies the folder as the action does, but for the backup.
func ours(b *testing.B, s migration.Settings, id release.ID) {
	b.Helper()
	db := open(b, s)
	if _, err := migration.Run(b.Context(), s, migration.Systems{Database: db, Dumper: quick{db}}, id, new(release.Findings)); err != nil {
		b.Fatal(err)
	}
}

// budget is what adding a column may cost 99 of 100 requests.
const budget = 150 * time.Millisecond

// BenchmarkLockedTable adds a column while a transaction has the table open for 8 s
// and 300 requests a second read and change its rows: with golang-migrate alone, then
// with ours. The latency counts from when a request was meant to leave.
func BenchmarkLockedTable(b *testing.B) {
	for b.Loop() {
		fmt.Print("\nADD COLUMN behind a transaction of 8 s, 300 requests a second: how long it took; p50, p99 and worst of the requests\n")
		_, _ = behindReader(b, "golang-migrate", func(s migration.Settings) { plain(b, s) })
		r, took := behindReader(b, "ours", func(s migration.Settings) { ours(b, s, "shop-2") })
		if p99 := r.Latency(99); p99 > budget || r.Lost() > 0 {
			b.Errorf("ours: p99 %v, lost %d, in %v: want at most %v, and none", p99, r.Lost(), took, budget)
		}
	}
}

func behindReader(b *testing.B, who string, apply func(migration.Settings)) (openloop.Report, time.Duration) {
	b.Helper()
	const rows = 200_000
	s := table(b, rows)
	ctx, stop := context.WithCancel(b.Context())
	done := load(ctx, b, application(b, s, rows).URL, 300, []openloop.Request{{}, {}, {}, {}, {Method: http.MethodPost}})
	time.Sleep(2 * time.Second)
	holder := connect(b, s)
	holder.exec(`BEGIN; SELECT count(*) FROM users WHERE id = 3`)
	gone := time.AfterFunc(8*time.Second, func() { holder.exec(`COMMIT`) })
	defer gone.Stop()
	time.Sleep(time.Second)
	write(b, s.Folder, map[string]string{"2_more.up.sql": "ALTER TABLE users ADD COLUMN more text"})
	began := time.Now()
	apply(s)
	took := time.Since(began)
	time.Sleep(2 * time.Second)
	stop()
	r := <-done
	show(b, who, took, r)
	return r, took
}

// BenchmarkBackfill fills a million rows while 200 requests a second change single
// ones: by one UPDATE, then by a backfill that is killed ten times. It fails when a
// row was not changed, or twice.
func BenchmarkBackfill(b *testing.B) {
	for b.Loop() {
		fmt.Print("\na million rows, 200 requests a second: how long it took; p50, p99 and worst of the requests\n")
		s, _ := fills(b, "one-UPDATE", func(s migration.Settings) {
			c := connect(b, s)
			c.exec(`ALTER TABLE users ADD COLUMN nick text`)
			c.exec(`UPDATE users SET nick = upper(name), times = times + 1 WHERE nick IS NULL`)
		})
		connect(b, s).filled(million)
		s, r := fills(b, "killed-10-times", func(s migration.Settings) { killing(b, s, 10) })
		connect(b, s).filled(million)
		if r.Lost() > 0 {
			b.Errorf("%d requests were lost", r.Lost())
		}
	}
}

const million = 1_000_000

func fills(b *testing.B, who string, fill func(migration.Settings)) (migration.Settings, openloop.Report) {
	b.Helper()
	s := table(b, million)
	ctx, stop := context.WithCancel(b.Context())
	done := load(ctx, b, application(b, s, million).URL, 200, []openloop.Request{{Method: http.MethodPost}})
	time.Sleep(2 * time.Second)
	began := time.Now()
	fill(s)
	took := time.Since(began)
	stop()
	r := <-done
	show(b, who, took, r)
	return s, r
}

// killing starts the backfill, kills it some times on its way, and lets it end.
func killing(b *testing.B, s migration.Settings, kills int) {
	b.Helper()
	write(b, s.Folder, map[string]string{"2_nick.up.sql": nicks(million, "-- bluegreen: backfill users key=id")["2_nick.up.sql"]})
	c := connect(b, s)
	for k := range kills {
		child := spawn(b, s, "shop-2")
		c.until(`SELECT to_regclass('bluegreen_backfills') IS NOT NULL`)
		c.until(fmt.Sprintf(`SELECT coalesce(max(passed), 0) >= %d FROM bluegreen_backfills`, 1+k*million/(kills+1)))
		child.kill()
	}
	if child := spawn(b, s, "shop-2"); !child.until("done") {
		b.Fatal(child.text())
	}
}
